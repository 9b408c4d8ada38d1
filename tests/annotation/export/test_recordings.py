"""Where recordings lie, and what the columns for folders are called."""

from pathlib import Path

import pytest

from videxpr.annotation.export.recordings import find_recordings, level_columns
from videxpr.core.errors import SourceError, UsageError


def tree(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def test_recordings_are_found_below_folders_and_several_folders_are_a_level(tmp_path: Path) -> None:
    out = tree(tmp_path / "out", "p2/s1/a.parquet", "p1/s1/a.parquet", "p1/s1/a.txt", "b.parquet")
    found = find_recordings([out])
    assert [(one.name, one.folders) for one in found] == [
        ("b", ()),
        ("p1/s1/a", ("p1", "s1")),
        ("p2/s1/a", ("p2", "s1")),
    ]
    several = find_recordings([out / "p1", out / "p2", out / "b.parquet"])
    assert [one.name for one in several] == ["p1/s1/a", "p2/s1/a", "b"]
    assert len(find_recordings([out / "b.parquet", out / "b.parquet"])) == 1


def test_levels_have_the_names_that_were_given(tmp_path: Path) -> None:
    found = find_recordings([tree(tmp_path, "p1/s1/a.parquet", "b.parquet")])
    assert level_columns(found, (), ()) == ["folder1", "folder2"]
    assert level_columns(found, ("participant",), ()) == ["participant", "folder2"]
    with pytest.raises(
        UsageError, match=r"names 3, and recordings lie in 2 folders, such as p1/s1/a"
    ):
        level_columns(found, ("a", "b", "c"), ())
    for names in (("video",), ("a", "a")):
        with pytest.raises(UsageError, match="another column is called"):
            level_columns(found, names, ("video",))


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such folder"):
        find_recordings([tmp_path / "nowhere"])
    with pytest.raises(SourceError, match=r"-f parquet"):
        find_recordings([tree(tmp_path, "a.txt")])
