"""What is a folder of crops, and what sources are called."""

from pathlib import Path

import pytest
from found_sources import found, kinds, make, relatives
from PIL import Image

from videxpr.video.sources import is_crop_folder

NFC, NFD = "caf\u00e9", "cafe\u0301"


def test_crop_folders_are_recognized_directly_and_nested(tmp_path: Path) -> None:
    crops = tmp_path / "cropped_aligned"
    make(crops, "1-30-1280x720/00001.jpg", "1-30-1280x720/00003.jpg", "video2_left/00010.jpg")
    make(crops, "empty/readme.txt", "clip.mp4")
    (direct,) = found(crops / "1-30-1280x720")
    assert (direct.kind, str(direct.relative)) == ("crops", "1-30-1280x720")
    assert direct.stem == direct.name == "1-30-1280x720"
    inside = [("crops", "1-30-1280x720"), ("video", "clip.mp4"), ("crops", "video2_left")]
    assert kinds(found(crops)) == inside
    assert kinds(found(tmp_path)) == [(kind, f"cropped_aligned/{name}") for kind, name in inside]
    assert kinds(found(f"{crops}/*_left")) == [("crops", "video2_left")]
    assert kinds(found(f"{crops}/**")) == kinds(found(f"{crops}/*")) == inside


@pytest.mark.parametrize("named", [["."], ["./cropped_aligned*", "batch2"], ["batch2", "."]])
def test_a_name_in_both_crop_folders_is_one_video(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: list[str]
) -> None:
    places = ("batch2/cropped_aligned", "cropped_aligned", "cropped_aligned_new_50_vids")
    make(tmp_path, *(f"{place}/{name}/00001.jpg" for place in places for name in ("a", "b/a")))
    make(tmp_path, "cropped_aligned/c/00001.jpg")
    monkeypatch.chdir(tmp_path)
    sources = {source.path.name: source for source in found(*named) if source.stem != "a"}
    assert set(sources) == {"c"} and sources["c"].more == ()
    for name in ("a", "b/a"):
        (one,) = (s for s in found(*named) if s.path.as_posix().endswith(f"aligned/{name}"))
        folders = [folder.as_posix() for folder in (one.path, *one.more)]
        assert sorted(folders) == [f"{place}/{name}" for place in places]


def test_crop_folders_of_two_data_sets_are_not_mixed(tmp_path: Path) -> None:
    make(tmp_path, "A/cropped_aligned/a/00001.jpg", "B/cropped_aligned/a/00001.jpg")
    make(tmp_path, "batch1/a/00001.jpg", "batch2/a/00001.jpg")
    assert [source.more for source in found(tmp_path)] == [()] * 4


def test_a_crop_folder_keeps_a_dot_in_its_name(tmp_path: Path) -> None:
    make(tmp_path, "take.2/00001.png")
    (source,) = found(tmp_path)
    assert (source.kind, source.stem, source.name) == ("crops", "take.2", "take.2")


@pytest.mark.parametrize(
    ("name", "crop"),
    [
        ("00001.jpg", True),
        ("99999.PNG", True),
        ("123456.png", False),
        ("20240315.jpg", False),
        ("._00001.jpg", False),
        ("00001.jpeg", True),
        ("00000.jpg", False),
        ("0001.jpg", False),
        ("a00001.jpg", False),
        ("00001.txt", False),
        ("00001.jpg.part", False),
    ],
)
def test_only_names_of_aff_wild2_make_a_crop_folder(tmp_path: Path, name: str, crop: bool) -> None:
    make(tmp_path, name)
    assert is_crop_folder(tmp_path) is crop


def save(path: Path, width: int, height: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (width, height)).save(path)


def test_a_photo_does_not_make_a_folder_crops(tmp_path: Path) -> None:
    make(tmp_path, "day1/cam1.mp4")
    for number, name in enumerate(["20240315.jpg", "240315.jpg", "12345.jpg", "00001.jpg"]):
        save(tmp_path / name, 64 + number, 48)
        assert kinds(found(tmp_path)) == [("video", "day1/cam1.mp4")]


def test_crops_with_a_photo_or_with_what_macos_leaves_among_them_are_crops(tmp_path: Path) -> None:
    make(tmp_path, *(f"a/{number:05d}.jpg" for number in range(1, 13)), "a/20240315.jpg")
    make(
        tmp_path,
        "b/00001.jpg",
        "b/._00001.jpg",
        "b/._clip.mp4",
        "c/00001.jpg",
        "c/a.jpg",
        "c/b.jpg",
    )
    assert kinds(found(tmp_path))[:2] == [("crops", "a"), ("crops", "b")]
    assert not is_crop_folder(tmp_path / "c")  # most of its images are of no frame


def test_folders_tell_equal_names_apart_as_in_a_quoted_glob(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, "s1/cam1.mp4", "s2/cam1.mp4", "s2/cam2.mp4", "s1/raw/x.mp4", "s2/raw/x.avi")
    lines = ["s1/cam1.mp4", "s2/cam1.mp4", "s2/cam2.mp4", "s1/raw/x.mp4", "s2/raw/x.avi"]
    (tmp_path / "list.txt").write_text("\n".join(lines))
    monkeypatch.chdir(tmp_path)
    expected = ["s1/cam1.mp4", "s2/cam1.mp4", "cam2.mp4", "s1/raw/x.mp4", "s2/raw/x.avi"]
    assert relatives(found(*lines)) == relatives(found("@list.txt")) == expected
    assert relatives(found("s1/cam1.mp4")) == ["cam1.mp4"]
    assert relatives(found("s1", "s2"))[:3] == ["s1/cam1.mp4", "s1/raw/x.mp4", "s2/cam1.mp4"]
    assert relatives(found("s1", "s2/cam2.mp4")) == ["cam1.mp4", "raw/x.mp4", "cam2.mp4"]
    quoted = {one.path: one.name for one in found("s*/*1.mp4")}
    assert {one.path: one.name for one in found("s1/cam1.mp4", "s2/cam1.mp4")} == quoted


def test_folders_that_tell_names_apart_lead_to_no_other_equal_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, "a/x/c.mp4", "b/x/c.mp4", "z/a/x/c.mp4", "z/d/x/c.mp4", "c.mp4")
    monkeypatch.chdir(tmp_path)
    sources = found("a/x/c.mp4", "b/x/c.mp4", "z", "c.mp4")
    assert relatives(sources) == ["a/x/c.mp4", "b/x/c.mp4", "z/a/x/c.mp4", "d/x/c.mp4", "c.mp4"]
    assert len({one.name for one in sources}) == 5


def test_folders_tell_names_apart_that_some_file_systems_take_for_one(tmp_path: Path) -> None:
    names = ["1/Cam.mp4", f"1/{NFC}.mp4", "2/cam.mp4", f"2/{NFD}.mp4"]
    make(tmp_path, *names)
    sources = found(*(tmp_path / name for name in names))
    assert relatives(sources) == names
    assert {one.name for one in sources} == {"Cam", "cam", f"1/{NFC}", f"2/{NFD}"}


def test_videos_of_one_folder_stay_where_they_are(tmp_path: Path) -> None:
    make(tmp_path, "a/clip.mp4", "a/clip.avi")
    assert relatives(found(tmp_path / "a/clip.mp4", tmp_path / "a/clip.avi")) == [
        "clip.mp4",
        "clip.avi",
    ]


def test_names_are_stems_and_get_folders_where_two_would_be_the_same(tmp_path: Path) -> None:
    make(tmp_path, "a/clip.mp4", "b/clip.avi", "b/c/clip.mp4", "other.mp4", "crops/clip/00001.jpg")
    assert {source.relative.as_posix(): source.name for source in found(tmp_path)} == {
        "a/clip.mp4": "a/clip",
        "b/clip.avi": "b/clip",
        "b/c/clip.mp4": "b/c/clip",
        "other.mp4": "other",
        "crops/clip": "crops/clip",
    }
    assert [source.name for source in found(tmp_path / "b" / "c", tmp_path / "other.mp4")] == [
        "clip",
        "other",
    ]


def test_a_name_with_folders_is_never_that_of_another_source(tmp_path: Path) -> None:
    make(tmp_path, "a/clip.mp4", "clip.mp4", "a.clip/clip.mp4")
    names = [source.name for source in found(tmp_path)]
    assert sorted(names) == ["a.clip/clip", "a/clip", "clip"]


@pytest.mark.parametrize("argument", [".", "./", "../v", "../v/../v", "inner/.."])
def test_a_crop_folder_has_its_name_however_it_is_reached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, argument: str
) -> None:
    make(tmp_path, "v/inner/note.txt", *[f"v/{number:05d}.jpg" for number in range(1, 32)])
    monkeypatch.chdir(tmp_path / "v")
    (source,) = found(argument)
    assert (source.kind, source.key, source.name) == ("crops", "v", "v")
