"""What would be written over something else is known before anything runs."""

from pathlib import Path

import pytest

from videxpr.annotation.collisions import Destination, find_unwritable
from videxpr.formats.writers import DEFAULT, chosen_formats
from videxpr.video.search import find_sources
from videxpr.video.sources import Source

NFC, NFD = "caf\u00e9", "cafe\u0301"


def found(folder: Path, *names: str) -> list[Source]:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return find_sources([str(folder)])


def refused(
    sources: list[Source],
    people: int | None = 1,
    formats: tuple[str, ...] = DEFAULT,
    template: tuple[str, ...] = (),
    directory: Path = Path("annotations"),
) -> dict[str, str]:
    destination = Destination(directory, chosen_formats(formats), template, people)
    reasons = find_unwritable(sources, destination)
    return {source.relative.as_posix(): reason for source, reason in reasons.items()}


def test_all_videos_of_one_stem_are_refused_and_the_others_go_on(tmp_path: Path) -> None:
    reasons = refused(found(tmp_path, "clip.mp4", "clip.avi", "b/clip.mp4", "other.mp4"))
    assert reasons == {
        "clip.avi": "files clip.* would be clip.mp4's too: rename one, or give each its own -o",
        "clip.mp4": "files clip.* would be clip.avi's too: rename one, or give each its own -o",
    }


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("people", [2, None])
def test_a_second_person_and_a_video_of_that_name_are_refused(
    tmp_path: Path, side: str, people: int | None
) -> None:
    sources = found(tmp_path, "subj.mp4", f"subj_{side}.mp4", "other.mp4")
    assert refused(sources) == {}
    assert set(refused(sources, people)) == {"subj.mp4", f"subj_{side}.mp4"}


def test_rows_of_one_name_collide_though_the_files_are_in_two_folders(tmp_path: Path) -> None:
    reasons = refused(found(tmp_path, "a/subj.mp4", "b/subj_left.mp4"), people=2)
    assert set(reasons) == {"a/subj.mp4", "b/subj_left.mp4"}
    assert "rows subj_left of predictions.txt" in reasons["a/subj.mp4"]


def test_crops_show_one_person(tmp_path: Path) -> None:
    sources = found(tmp_path, "video2/00001.jpg", "video2_left/00001.jpg")
    assert refused(sources, people=2) == {}


def test_names_of_the_runs_own_files_are_refused(tmp_path: Path) -> None:
    reasons = refused(found(tmp_path, "summary.mp4", "Predictions/00001.jpg", "a/summary.mp4"))
    assert set(reasons) == {"summary.mp4", "Predictions"}
    assert "own files" in reasons["summary.mp4"]


def test_missing_sources_claim_nothing(tmp_path: Path) -> None:
    sources = found(tmp_path, "a.mp4") + find_sources([str(tmp_path / "gone" / "a.mp4")])
    assert refused(sources) == {}


def test_names_that_only_other_file_systems_take_for_one_are_written(tmp_path: Path) -> None:
    names = ["Clip.mp4", "clip.mp4", f"{NFC}.mp4", f"{NFD}.mp4"]
    sources = found(tmp_path, *names)
    if len(sources) < 4:
        pytest.skip("this file system takes Clip and clip for one name")
    assert refused(sources, directory=tmp_path / "out") == {}
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)


def test_where_names_are_folded_those_that_would_be_one_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = found(tmp_path, "Clip.mp4", "clip.mp4", f"{NFC}.mp4", f"{NFD}.mp4", "b.mp4")
    monkeypatch.setattr("videxpr.annotation.collisions.folds_names", lambda folder: True)
    assert set(refused(sources)) == {"Clip.mp4", "clip.mp4", f"{NFC}.mp4", f"{NFD}.mp4"}


def test_videos_that_a_template_cannot_tell_apart_are_refused(tmp_path: Path) -> None:
    sources = found(tmp_path, f"{NFC}.mp4", f"{NFD}.mp4", "b.mp4", "b_left.mp4")
    assert refused(sources, template=(NFC, NFD, "b", "b_right")) == {}
    assert set(refused(sources, template=(NFC,))) == {f"{NFC}.mp4", f"{NFD}.mp4"}
    assert set(refused(sources, template=("b_left",))) == {"b.mp4", "b_left.mp4"}


@pytest.mark.parametrize(
    ("length", "people", "formats", "ending"),
    [
        (245, 1, DEFAULT, ""),
        (247, 2, DEFAULT, "_left.txt would"),
        (248, 1, DEFAULT, ".parquet would"),
        (246, 2, DEFAULT, "_right.txt would"),
        (245, 2, DEFAULT, ""),
        (251, 1, ("aff-wild2",), ""),
        (242, 1, ("features",), ""),
        (243, 1, ("features",), ".features.npz would"),
        (251, 2, ("predictions",), ""),
    ],
)
def test_a_name_without_room_for_its_endings_is_refused(
    tmp_path: Path, length: int, people: int, formats: tuple[str, ...], ending: str
) -> None:
    sources = found(tmp_path, "\u00e9" * (length // 2) + "a" * (length % 2) + ".mp4", "b.mp4")
    reasons = list(refused(sources, people, formats).values())
    assert len(reasons) == bool(ending)
    assert all(ending in reason for reason in reasons)
