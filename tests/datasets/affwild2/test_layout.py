"""Aff-Wild2's folders: what is found in a tree with every trap, and what is refused."""

from pathlib import Path

import numpy as np
import pytest
from trees import TRAPS, Planted, runs, write_tree

from videxpr.core.errors import FormatError, SourceError, UsageError
from videxpr.datasets.affwild2.layout import find_layout
from videxpr.datasets.affwild2.videos import (
    AffWild2Data,
    LabeledVideo,
    class_counts,
    read_affwild2,
    split_fold,
)
from videxpr.formats.affwild2 import write_labels

PLANTED = {one.name: one for one in TRAPS}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = write_tree(tmp_path_factory.mktemp("data") / "Aff-Wild2", size=32)
    (root / "cropped_aligned" / "14-30-1920x1080").mkdir()  # a test video: crops, no annotation
    (root / "cropped_aligned" / ".DS_Store").write_bytes(b"x")
    (root / "cropped_aligned" / "video2" / "Thumbs.db").write_bytes(b"x")
    other = root / "6th_ABAW" / "AU_Detection_Challenge"
    for name in ("Train_Set", "Validation_Set"):
        (other / name).mkdir(parents=True)
    return root


@pytest.fixture(scope="module")
def data(tree: Path) -> AffWild2Data:
    return read_affwild2(find_layout(tree))


def by_name(data: AffWild2Data) -> dict[str, LabeledVideo]:
    return {video.name: video for videos in data.videos.values() for video in videos}


def test_annotations_and_all_folders_of_crops_are_found(tree: Path) -> None:
    layout = find_layout(tree)
    assert layout.annotations == tree / "6th_ABAW" / "EXPR_Recognition_Challenge"
    assert sorted(layout.crops) == [
        tree / "batch2" / "cropped_aligned",
        tree / "cropped_aligned",
        tree / "cropped_aligned_new_50_vids",
    ]
    assert layout.template is None


def test_counts_are_exactly_as_planted(data: AffWild2Data) -> None:
    found = by_name(data)
    assert set(found) == set(PLANTED)
    for name, planted in PLANTED.items():
        video = found[name]
        assert video.lines == len(planted.labels)
        assert video.labeled == sum(label >= 0 for label in planted.labels)
        assert video.beyond == planted.extra
        assert video.frames.tolist() == planted.usable
        assert video.labels.tolist() == [planted.labels[frame] for frame in planted.usable]
    for split, folder in (("train", "Train_Set"), ("validation", "Validation_Set")):
        assert [v.name for v in data.videos[split]] == sorted(
            name for name, one in PLANTED.items() if one.split == folder
        )
    assert data.crops_only == ("14-30-1920x1080",)
    # neutral 30 - 1, anger 12, disgust 12, fear 24 - 12, happiness 40 - 1 + 20, sadness 70, other 21
    assert class_counts(data.videos["train"]).tolist() == [29, 12, 12, 12, 59, 70, 0, 21]
    assert class_counts(data.videos["validation"]).tolist() == [5, 0, 0, 0, 65, 0, 41, 33]


def test_every_crop_is_found_where_it_lies(data: AffWild2Data, tree: Path) -> None:
    for name, video in by_name(data).items():
        for position, frame in enumerate(video.frames.tolist()):
            expected = tree / PLANTED[name].folder / name / f"{frame + 1:05d}.jpg"
            assert video.path(position) == expected and expected.is_file()


def test_the_source_of_a_person_is_the_video() -> None:
    sides = {"video10_1_left": "video10_1", "10-60-1280x720_right": "10-60-1280x720", "360": "360"}
    empty = np.zeros(0, np.int32)
    for name, source in sides.items():
        video = LabeledVideo(name, 0, 0, 0, empty, empty, (), empty, empty)  # type: ignore[arg-type]
        assert video.source == source


@pytest.mark.parametrize(
    "annotations",
    ["EXPR_Set", "annotations/EXPR_Set", "EXPR_Classification_Challenge",
     "Third ABAW Annotations/EXPR_Classification_Challenge",
     "EXPR_Classification_Challenge/EXPR_Classification_Challenge",
     "EXPR_Recognition_Challenge"],
)  # fmt: skip
@pytest.mark.parametrize(
    "crops", ["cropped_aligned", "batch1/cropped_aligned", "cropped_aligned/batch2",
              "cropped_aligned/cropped_aligned", "images/cropped_aligned_new_50_vids"]
)  # fmt: skip
def test_layouts_of_all_editions_are_found(tmp_path: Path, annotations: str, crops: str) -> None:
    labels = tmp_path / annotations / "Train_Set" / "video2.txt"
    labels.parent.mkdir(parents=True)
    labels.write_text("0\n1\n")
    crop = tmp_path / crops / "video2" / "00001.jpg"
    crop.parent.mkdir(parents=True)
    crop.write_bytes(b"")
    (video,) = read_affwild2(find_layout(tmp_path)).videos["train"]
    assert (video.frames.tolist(), video.path(0)) == ([0], crop)


def test_the_first_of_two_crops_of_a_frame_counts(tmp_path: Path) -> None:
    both = [
        Planted("a", "Train_Set", runs((0, 3)), frozenset({2})),
        Planted("a", "Train_Set", runs((0, 3)), folder="cropped_aligned_new_50_vids"),
    ]
    write_tree(tmp_path, both, size=32)
    (video,) = read_affwild2(find_layout(tmp_path)).videos["train"]
    folders = [video.path(position).parent.parent.name for position in range(3)]
    assert folders == ["cropped_aligned", "cropped_aligned", "cropped_aligned_new_50_vids"]


def test_videos_of_one_name_keep_their_folders(tmp_path: Path) -> None:
    """As 'videxpr crops make' keeps them apart: one/x and two/x."""
    names = ("one/x", "one/deep/x", "two/x", "y")
    write_tree(tmp_path, [Planted(name, "Train_Set", runs((1, 3))) for name in names], size=32)
    (tmp_path / "cropped_aligned" / "two" / "test").mkdir()
    data = read_affwild2(find_layout(tmp_path))
    found = {video.name: [video.path(n) for n in range(3)] for video in data.videos["train"]}
    files = [f"{number:05d}.jpg" for number in (1, 2, 3)]
    crops = tmp_path / "cropped_aligned"
    assert found == {name: [crops / name / file for file in files] for name in names}
    assert data.crops_only == ("two/test",)


def test_folders_can_be_named_outright(tree: Path) -> None:
    annotations = tree / "6th_ABAW" / "EXPR_Recognition_Challenge"
    layout = find_layout(None, annotations, [tree / "cropped_aligned_new_50_vids"])
    names = [v.name for v in read_affwild2(layout).videos["train"] if len(v)]
    assert names == ["122-60-1920x1080-3"]


def test_what_is_not_there_is_named(tree: Path, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no folder .*nowhere"):
        find_layout(tmp_path / "nowhere")
    with pytest.raises(SourceError, match=r"no annotations in .*--annotations"):
        find_layout(tmp_path)
    with pytest.raises(UsageError, match="both --annotations and --crops"):
        find_layout(None, tree)
    with pytest.raises(SourceError, match="neither a folder Train_Set nor Validation_Set"):
        find_layout(tree, tree / "cropped_aligned")
    (tmp_path / "videos").mkdir()
    (tmp_path / "videos" / "a.mp4").touch()
    with pytest.raises(SourceError, match=r"videos, but no annotations .*'videxpr crops make'"):
        find_layout(tmp_path)
    with pytest.raises(SourceError, match="no folder cropped_aligned"):
        find_layout(tree / "6th_ABAW")
    (tmp_path / "EXPR_Set" / "Train_Set").mkdir(parents=True)
    (tmp_path / "again" / "EXPR_Set" / "Validation_Set").mkdir(parents=True)
    with pytest.raises(SourceError, match=r"several annotation folders: .*again"):
        find_layout(tmp_path)


def test_a_name_in_both_sets_is_refused(tmp_path: Path) -> None:
    write_tree(tmp_path, [Planted("a", name, (0, 1)) for name in ("Train_Set", "Validation_Set")])
    with pytest.raises(FormatError, match=r"a\.txt is in Train_Set and in Validation_Set"):
        read_affwild2(find_layout(tmp_path))


def test_crops_of_other_videos_are_no_data(tmp_path: Path) -> None:
    write_tree(tmp_path, [Planted("a", "Train_Set", (0, 1), frozenset({0, 1}))])
    write_tree(tmp_path / "cropped_aligned", [])
    (tmp_path / "cropped_aligned" / "b").mkdir(parents=True)
    with pytest.raises(SourceError, match="no labeled frame of .* has a crop"):
        read_affwild2(find_layout(tmp_path))


@pytest.mark.parametrize("count", [2, 3, 4])
def test_folds_part_the_videos_and_keep_persons_together(data: AffWild2Data, count: int) -> None:
    usable = {name for name, video in by_name(data).items() if len(video)}
    held_out: list[str] = []
    for number in range(1, count + 1):
        parts = split_fold(data, number, count)
        train, validation = ([v.name for v in parts[split]] for split in ("train", "validation"))
        assert set(train) | set(validation) == usable
        sources = [{v.source for v in parts[split]} for split in ("train", "validation")]
        assert not sources[0] & sources[1] and all(sources)
        held_out += validation
    assert sorted(held_out) == sorted(usable)


@pytest.mark.parametrize(("number", "count"), [(0, 3), (4, 3), (1, 1), (1, 99)])
def test_folds_that_cannot_be_are_refused(data: AffWild2Data, number: int, count: int) -> None:
    with pytest.raises(UsageError, match=f"fold {number} of {count}: with 6 videos"):
        split_fold(data, number, count)


def test_names_are_one_however_unicode_spells_them_and_photos_are_no_crops(tmp_path: Path) -> None:
    for folder, name in (("Train_Set", "caf\u00e9"), ("Validation_Set", "b")):
        write_labels(tmp_path / "EXPR_Set" / folder / f"{name}.txt", np.array([1, 2, 3]))
    for name in ("cafe\u0301", "b"):
        (tmp_path / "cropped_aligned" / name).mkdir(parents=True)
        for image in ("00001.jpg", "00003.jpg", "20240315.jpg"):
            (tmp_path / "cropped_aligned" / name / image).touch()
    (tmp_path / "20240315.jpg").touch()
    read = read_affwild2(find_layout(tmp_path))
    for video in (*read.videos["train"], *read.videos["validation"]):
        assert (video.frames.tolist(), video.beyond, video.others) == ([0, 2], 0, 1)
    assert read.crops_only == ()
