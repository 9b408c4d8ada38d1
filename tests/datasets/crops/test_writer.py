import os
from dataclasses import replace
from pathlib import PurePosixPath

import pandas
import pytest

from videxpr.core.crop_template import ARCFACE
from videxpr.core.errors import FormatError, OutputError, SourceError, UsageError
from videxpr.core.files import temporary_beside
from videxpr.datasets.crops.cropper import PersonCrop
from videxpr.datasets.crops.geometry_file import read_crop_geometry
from videxpr.datasets.crops.writer import CropTree, PersonFolder
from videxpr.video.sources import Source


@pytest.fixture
def video(tmp_path):
    """Makes a file that stands for a video."""

    def make(name="a", content=b"1", folder="in"):
        path = tmp_path / folder / f"{name}.mp4"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        return Source(path, "video", PurePosixPath(f"{name}.mp4"), name)

    return make


def crop(frame, rank=0, x=50.0, jpeg=b"jpeg"):
    return PersonCrop(rank, frame, x, jpeg)


def write(tree, source, crops):
    """As a run does it: folders, then their lines of the summary."""
    folders = tree.write(source, crops)
    size = source.path.stat().st_size
    video = source.relative.as_posix()
    tree.summarize([{"video": video, "name": f.name, "source_bytes": size} for f in folders])
    return folders


def listing(root):
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def test_frames_become_names_that_count_from_one(tmp_path, video):
    root = tmp_path / "out"
    folders = write(CropTree(root, ARCFACE), video(), [crop(0), crop(2, jpeg=b"third")])
    assert folders == [PersonFolder("a", 2)]
    images = ["cropped_aligned/a/00001.jpg", "cropped_aligned/a/00003.jpg"]
    assert listing(root) == ["crop_geometry.json", *images, "summary.csv"]
    assert (root / images[1]).read_bytes() == b"third"
    assert read_crop_geometry(root / "crop_geometry.json") == ARCFACE


@pytest.mark.parametrize(("x", "side"), [(20.0, "left"), (80.0, "right")])
def test_second_person_is_named_by_the_side(tmp_path, video, x, side):
    people = [crop(0), crop(1), crop(1, rank=1, x=x)]
    folders = CropTree(tmp_path / "out", ARCFACE).write(video(), people)
    assert folders == [PersonFolder("a", 2), PersonFolder(f"a_{side}", 1)]
    assert (tmp_path / "out" / "cropped_aligned" / f"a_{side}" / "00002.jpg").is_file()


def test_video_without_faces_leaves_an_empty_folder_and_is_done(tmp_path, video):
    tree = CropTree(tmp_path / "out", ARCFACE)
    assert not tree.is_done(video())
    assert tree.write(video(), []) == [PersonFolder("a", 0)]
    assert tree.is_done(video())


def test_failure_in_the_middle_leaves_nothing(tmp_path, video):
    def breaking():
        yield crop(0)
        raise SourceError("broken")

    tree = CropTree(tmp_path / "out", ARCFACE)
    with pytest.raises(SourceError):
        tree.write(video(), breaking())
    assert list((tmp_path / "out" / "cropped_aligned").iterdir()) == []
    assert not tree.is_done(video())


def test_failure_in_the_middle_leaves_what_was_there(tmp_path, video):
    write(CropTree(tmp_path / "out", ARCFACE), video(), [crop(0, jpeg=b"old")])

    def breaking():
        yield crop(0, jpeg=b"new")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        CropTree(tmp_path / "out", ARCFACE, overwrite=True).write(video(), breaking())
    assert (tmp_path / "out/cropped_aligned/a/00001.jpg").read_bytes() == b"old"
    assert [path.name for path in (tmp_path / "out/cropped_aligned").iterdir()] == ["a"]


def test_what_killed_runs_left_is_cleared_away(tmp_path, video):
    crops = tmp_path / "out" / "cropped_aligned"
    left, other = temporary_beside(crops / "a") / "0", temporary_beside(crops / "b")
    tree = CropTree(tmp_path / "out", ARCFACE)
    left.mkdir(parents=True)
    other.mkdir()
    write(tree, video(), [crop(0)])
    assert sorted(path.name for path in left.parents[1].iterdir()) == [other.name, "a"]


def test_overwriting_replaces_the_whole_folder_and_an_old_side(tmp_path, video):
    root = tmp_path / "out"
    write(CropTree(root, ARCFACE), video(), [crop(0), crop(7), crop(0, rank=1, x=0.0)])
    again = CropTree(root, ARCFACE, overwrite=True)
    assert not again.is_done(video())
    write(again, video(), [crop(1), crop(1, rank=1, x=99.0)])
    assert listing(root / "cropped_aligned") == ["a/00002.jpg", "a_right/00002.jpg"]
    write(CropTree(root, ARCFACE, overwrite=True), video(content=b"longer"), [crop(1)])
    assert listing(root / "cropped_aligned") == ["a/00002.jpg"]


def test_crops_of_another_video_are_not_taken_for_this_ones(tmp_path, video):
    root = tmp_path / "out"
    write(CropTree(root, ARCFACE), video(content=b"one"), [crop(0)])
    tree = CropTree(root, ARCFACE)
    assert tree.is_done(video(content=b"two"))  # as long as the other: taken for the same
    with pytest.raises(OutputError, match=r"another video \(a\.mp4, 3 bytes\)"):
        tree.is_done(video(content=b"longer"))


def test_second_person_never_replaces_a_video_of_that_name(tmp_path, video):
    tree = CropTree(tmp_path / "out", ARCFACE, overwrite=True)
    write(tree, video("a_left"), [crop(0, jpeg=b"mine")])
    with pytest.raises(OutputError, match="another video"):
        tree.write(video("a"), [crop(0), crop(0, rank=1, x=0.0)])
    assert listing(tmp_path / "out" / "cropped_aligned") == ["a_left/00001.jpg"]


def test_video_never_replaces_a_second_person_of_that_name(tmp_path, video):
    tree = CropTree(tmp_path / "out", ARCFACE)
    tree.write(video("a", b"long"), [crop(0), crop(0, rank=1, x=0.0)])
    with pytest.raises(OutputError, match="another video"):
        tree.is_done(video("a_left"))


def test_geometries_are_not_mixed(tmp_path, video):
    write(CropTree(tmp_path / "out", ARCFACE), video(), [crop(0)])
    CropTree(tmp_path / "out", replace(ARCFACE, name="the same points"))
    shifted = tuple((x + 4, y - 3) for x, y in ARCFACE.landmarks)
    for overwrite in (False, True):
        with pytest.raises(UsageError, match=r"another geometry \(arcface, 112"):
            CropTree(tmp_path / "out", replace(ARCFACE, landmarks=shifted), overwrite)


def test_crops_of_unknown_geometry_get_no_company(tmp_path):
    (tmp_path / "aff" / "cropped_aligned" / "1-30-1280x720").mkdir(parents=True)
    with pytest.raises(UsageError, match=r"no crop_geometry\.json"):
        CropTree(tmp_path / "aff", ARCFACE)


def test_summary_of_somebody_else_is_refused_before_work_begins(tmp_path):
    (tmp_path / "summary.csv").write_text("a,b\n1,2\n")
    with pytest.raises(FormatError, match=r"summary\.csv"):
        CropTree(tmp_path, ARCFACE)
    assert not (tmp_path / "crop_geometry.json").exists()


def test_lines_of_other_videos_stay(tmp_path, video):
    root = tmp_path / "out"
    for name in ("a", "b"):
        write(CropTree(root, ARCFACE), video(name), [crop(0), crop(0, rank=1)])
    names = pandas.read_csv(root / "summary.csv").name.tolist()
    assert names == ["a", "a_right", "b", "b_right"]


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_folder_that_cannot_be_written_to(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError):
        CropTree(tmp_path / "out", ARCFACE)


def test_file_in_the_place_of_the_folder(tmp_path, video):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(OutputError, match="out"):
        CropTree(tmp_path / "out", ARCFACE)
