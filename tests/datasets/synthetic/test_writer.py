"""Whole trees of synthetic sequences, and what may not be."""

import json
from pathlib import Path

import numpy as np
import pytest
from faces import PARTS, write_faces
from PIL import Image

from videxpr.core.crop_template import ARCFACE
from videxpr.core.errors import OutputError, SourceError, UsageError
from videxpr.datasets.affwild2.layout import find_layout
from videxpr.datasets.affwild2.videos import read_affwild2
from videxpr.datasets.crops.geometry_file import read_crop_geometry
from videxpr.datasets.image_folder import LabeledImage, find_images, read_split
from videxpr.datasets.synthetic.options import SynthesisOptions
from videxpr.datasets.synthetic.writer import SetSpec, synthesize
from videxpr.datasets.votes import Votes
from videxpr.formats.affwild2 import read_labels

OPTIONS = SynthesisOptions(seconds=4, light=0, noise=0, seed=3)
SPECS = (SetSpec("Train_Set", "train", 3), SetSpec("Validation_Set", "validation", 2))


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    faces, split = write_faces(tmp_path_factory.mktemp("faces"))
    return read_split(split, find_images(faces), PARTS)


@pytest.fixture(scope="module")
def tree(parts, tmp_path_factory):
    """The tree, its summaries, and the calls of progress."""
    root = tmp_path_factory.mktemp("tree") / "new"
    calls = []
    made = synthesize(root, parts, SPECS, OPTIONS, progress=lambda *now: calls.append(now))
    return root, made, calls


def record(root: Path) -> dict:
    return json.loads((root / "synthesis.json").read_text())


def test_the_tree_reads_as_the_challenges_own(tree):
    root, made, calls = tree
    videos = read_affwild2(find_layout(root)).videos
    assert [video.name for video in videos["train"]] == ["train_0001", "train_0002", "train_0003"]
    assert [video.name for video in videos["validation"]] == ["validation_0001", "validation_0002"]
    for summary, split in zip(made, ("train", "validation"), strict=True):
        assert sum(summary.frames) == sum(video.lines for video in videos[split])
        assert summary.crops == sum(len(video) for video in videos[split])
    assert calls[-1] == (600, 600) and len(calls) == 5
    assert sorted(path.name for path in root.parent.iterdir()) == ["new"]


def test_labels_and_files_agree_with_the_script(tree):
    root, made, _ = tree
    written = record(root)["sequences"]
    for split in read_affwild2(find_layout(root)).videos.values():
        for video in split:
            script = written[video.name]
            labels = [label for label, first, end in script["segments"] for _ in range(first, end)]
            assert video.lines == video.labeled == len(labels) == 120
            present = [frame for frame in range(120) if frame not in script["missing"]]
            assert video.frames.tolist() == present
            assert video.labels.tolist() == [labels[frame] for frame in present]
    assert any(script["missing"] for script in written.values())
    sizes = [path.stat().st_size for path in root.glob("cropped_aligned/*/*.jpg")]
    assert sum(one.size_bytes for one in made) == sum(sizes)


def test_stills_are_of_the_label_and_of_the_part_and_look_like_it(tree):
    root, _, _ = tree
    names = {name.lower(): label for label, name in enumerate(("neutral", "anger"))}
    names |= {"happiness": 4, "surprise": 6}
    for sequence, script in record(root)["sequences"].items():
        part = sequence.split("_")[0]
        labels = [label for label, first, end in script["segments"] for _ in range(first, end)]
        for name, first, end, _, _ in script["images"]:
            assert f"_{part}" in name
            assert set(labels[first:end]) == {names[name.split("/")[0]]}
        covered = {f for first, end in script["occluded"] for f in range(first, end)}
        for frame in sorted(set(range(0, 120, 7)) - covered - set(script["missing"])):
            with Image.open(root / "cropped_aligned" / sequence / f"{frame + 1:05d}.jpg") as image:
                assert image.size == (112, 112)
                level = np.asarray(image).mean()
            assert level == pytest.approx(60 * (PARTS.index(part) + 1), rel=0.25)


def test_training_is_told_how_the_crops_are_aligned(tree):
    found = find_layout(tree[0]).template
    assert found is not None and read_crop_geometry(found) == ARCFACE


def test_the_record_says_how_it_was_made(tree, parts, tmp_path):
    written = record(tree[0])
    assert written["options"]["seconds"] == 4 and written["options"]["seed"] == 3
    assert written["options"]["jitter"]["shift"] == 0.015
    assert [one["folder"] for one in written["sets"]] == ["Train_Set", "Validation_Set"]
    assert written["sets"][0]["images"]["Happiness"] == 9
    synthesize(tmp_path / "t", parts, SPECS[1:], OPTIONS, sources={"faces": "here"})
    assert record(tmp_path / "t")["sources"] == {"faces": "here"}


def content(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.suffix in (".jpg", ".txt")
    }


def test_a_sequence_depends_on_seed_part_and_number_alone(tree, parts, tmp_path):
    before = content(tree[0])
    more = (SetSpec("Validation_Set", "validation", 4),)
    synthesize(tmp_path / "more", parts, more, OPTIONS)
    after = content(tmp_path / "more")
    both = before.keys() & after.keys()
    assert len(both) > 200 and all(before[name] == after[name] for name in both)
    assert both == {name for name in before if "validation_" in name}
    other = SynthesisOptions(seconds=4, light=0, noise=0, seed=4)
    synthesize(tmp_path / "other", parts, SPECS, other)
    labels = [name for name in before if name.endswith(".txt")]
    assert any(before[name] != content(tmp_path / "other")[name] for name in labels)


def test_the_header_names_other_only_where_it_is(tree, tmp_path):
    files = sorted(tree[0].glob("EXPR_Set/*/*.txt"))
    assert {file.read_text().split("\n")[0].split(",")[-1] for file in files} == {"Surprise"}
    Image.new("RGB", (112, 112)).save(tmp_path / "o.png")
    only = [LabeledImage(tmp_path / "o.png", "other/o.png", 7)]
    synthesize(tmp_path / "t", {"test": only}, (SetSpec("Validation_Set", "test", 1),), OPTIONS)
    lines = (tmp_path / "t/EXPR_Set/Validation_Set/test_0001.txt").read_text().split()
    assert lines[0].endswith(",Other") and set(lines[1:]) == {"7"}


def test_shares_of_voters_stand_beside_the_labels_and_are_read_with_them(tmp_path):
    voted = []
    for name, counts in {"happy": (0, 0, 0, 0, 8, 0, 0), "torn": (4, 0, 0, 0, 0, 4, 1)}.items():
        Image.new("RGB", (112, 112)).save(tmp_path / f"{name}.png")
        votes = Votes((*counts, 0, 1, 0, 0))  # and one of contempt
        voted.append(LabeledImage(tmp_path / f"{name}.png", name, votes.majority, votes))
    assert [image.label for image in voted] == [4, -1]
    synthesize(tmp_path / "t", {"validation": voted}, SPECS[1:], OPTIONS)
    for video in read_affwild2(find_layout(tmp_path / "t")).videos["validation"]:
        torn = video.labels == -1
        assert len(torn) == len(video) > 100
        expected = np.where(torn[:, None], voted[1].shares, voted[0].shares)
        np.testing.assert_allclose(video.targets(), expected, atol=1e-3)
        assert video.class_counts.sum() == video.class_counts[4] == (~torn).sum()
    assert {-1, 4} == set(read_labels(next((tmp_path / "t").rglob("*.txt"))).tolist())


def test_nothing_is_overwritten(tree, parts, tmp_path):
    with pytest.raises(UsageError, match=f"{tree[0]} is there already, and nothing is overwritten"):
        synthesize(tree[0], parts, SPECS, OPTIONS)
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="is there already"):
        synthesize(tmp_path / "file", parts, SPECS, OPTIONS)
    (tmp_path / "empty").mkdir()
    assert synthesize(tmp_path / "empty", parts, SPECS[1:], OPTIONS)


def test_a_set_without_images_or_videos_is_refused(parts, tmp_path):
    with pytest.raises(UsageError, match="a Train_Set has 1 video or more, not 0"):
        synthesize(tmp_path / "t", parts, (SetSpec("Train_Set", "train", 0),), OPTIONS)
    with pytest.raises(UsageError, match="no validation images to make the Validation_Set of"):
        synthesize(tmp_path / "t", {"train": parts["train"]}, SPECS, OPTIONS)
    assert not list(tmp_path.iterdir())


def test_a_failure_leaves_nothing_behind(tmp_path):
    (tmp_path / "x.png").write_bytes(b"no image")
    broken = {"test": [LabeledImage(tmp_path / "x.png", "x.png", 0)]}
    with pytest.raises(SourceError, match="cannot read the image"):
        synthesize(tmp_path / "t", broken, (SetSpec("Validation_Set", "test", 1),), OPTIONS)
    assert [path.name for path in tmp_path.iterdir()] == ["x.png"]


def test_a_place_that_cannot_be_written_is_named(parts, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"cannot write .*file/t: "):
        synthesize(tmp_path / "file" / "t", parts, SPECS, OPTIONS)
