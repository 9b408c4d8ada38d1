"""Parquet read back: the annotation that was written, and files that are none."""

from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pandas
import pyarrow
import pyarrow.parquet
import pytest
import torch
from chosen import annotation_options
from conftest import SHARED, needs_shared
from hypothesis import HealthCheck, given, settings
from pipeline import ScriptedDetector, face, picture, source_of, write_clip
from records import annotation, annotations, nobody

from videxpr.annotation.annotator import Annotator
from videxpr.core.errors import FormatError
from videxpr.core.expressions import EXPRESSIONS
from videxpr.evaluation.tune.tune import smooth_tracks
from videxpr.faces.detection.load import load_detector
from videxpr.faces.options import DetectionOptions, KeyframeOptions
from videxpr.formats.frame_labels import frame_labels, with_smoothed
from videxpr.formats.parquet import read_annotation, to_table, write_parquet
from videxpr.formats.record import Annotation, FaceRows
from videxpr.model.checkpoint import Checkpoint
from videxpr.model.header import TrainingSummary
from videxpr.model.network import ExpressionModel, ModelConfig

in_one_folder = settings(
    deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
SEEN = tuple(name for name in EXPRESSIONS if name != "Other")


def assert_same_rows(one: FaceRows, other: FaceRows) -> None:
    for name, values in vars(one).items():
        np.testing.assert_array_equal(values, getattr(other, name), err_msg=name, strict=True)


def assert_read_back(path: Path, written: Annotation) -> None:
    """What is read is what was written, types included, and is written again to the same bytes."""
    read = read_annotation(path)
    for one in fields(Annotation):
        found, expected = getattr(read, one.name), getattr(written, one.name)
        assert type(found) is type(expected), one.name
        if isinstance(expected, np.ndarray):
            np.testing.assert_array_equal(found, expected, err_msg=one.name, strict=True)
        elif isinstance(expected, FaceRows):
            assert_same_rows(found, replace(expected, features=None, logits=None))
        else:
            assert found == expected
    again = path.with_name("again.parquet")
    write_parquet(again, read)
    assert again.read_bytes() == path.read_bytes()


@in_one_folder
@given(annotated=annotations())
def test_what_is_saved_is_read_back(tmp_path: Path, annotated: Annotation) -> None:
    annotated.save(tmp_path / "a.parquet")
    assert_read_back(tmp_path / "a.parquet", annotated)


def test_metadata_say_what_the_columns_do_not(tmp_path: Path) -> None:
    stated = {"options": '{"smooth": 0.75, "people": "2"}'}
    write_parquet(tmp_path / "a.parquet", replace(annotation(), provenance=stated))
    read = read_annotation(str(tmp_path / "a.parquet"))
    assert (read.people, read.decode_errors, read.warnings) == (2, 3, annotation().warnings)
    assert read.options == {"smooth": 0.75, "people": "2"} and read.provenance == stated


def test_a_video_without_anybody_is_read_back(tmp_path: Path) -> None:
    write_parquet(tmp_path / "a.parquet", replace(nobody(), people=None))
    assert_read_back(tmp_path / "a.parquet", replace(nobody(), people=None))


@pytest.fixture(scope="module")
def checkpoint() -> Checkpoint:
    torch.manual_seed(3)
    config = ModelConfig("backbone", "regnet_y_400mf", trained_expressions=SEEN)
    model = ExpressionModel(config)
    model.requires_grad_(False).eval()
    with torch.no_grad():  # answers that change from frame to frame
        for weights in model.head.parameters():
            weights.mul_(30)
    return Checkpoint("random", "f" * 64, model, TrainingSummary("noise", "none", 0, 0), "none")


@needs_shared
def test_a_real_clip_of_several_people_and_cuts_is_read_back(
    checkpoint: Checkpoint, tmp_path: Path
) -> None:
    detection = DetectionOptions("scrfd:buffalo_sc", root=SHARED / "models" / "insightface")
    options = annotation_options(
        detection=detection,
        keyframes=KeyframeOptions(1),
        people=None,
        start_seconds=1.2,
        end_seconds=2.2,
        smooth_seconds=0.3,
    )
    annotator = Annotator(checkpoint, load_detector(detection), options)
    clip = SHARED / "data" / "clips" / "stage-many-people-cuts.mp4"
    written = annotator.annotate(source_of(clip))
    assert written.faces.rank.max() >= 1 and written.shots[-1] >= 1 and written.first_frame > 0
    assert np.nanmax(np.abs(written.faces.smoothed - written.faces.probabilities)) > 0
    write_parquet(tmp_path / "a.parquet", written)
    assert_read_back(tmp_path / "a.parquet", written)


@pytest.mark.parametrize(("people", "smooth"), [(1, 0.0), (2, 0.2), (None, 10.0)])
def test_gaps_and_odd_times_are_smoothed_as_annotate_does(
    checkpoint: Checkpoint, tmp_path: Path, people: int | None, smooth: float
) -> None:
    steps = [1, 1, 3, 1, 1, 2] * 7
    clip = write_clip(
        tmp_path / "a.mp4", [picture(n) for n in range(42)], np.cumsum(steps).tolist()
    )

    def script(number: int) -> list:  # type: ignore[type-arg]
        far = [] if 12 <= number < 30 else [face(5, 80, 20 + number % 3)]
        near = [] if 3 <= number < 8 else [face(120)]
        return near + far + ([face(60, 5, 30)] if number > 20 else [])

    options = annotation_options(people=people, smooth_seconds=smooth)
    annotator = Annotator(checkpoint, ScriptedDetector(script), options)
    written = annotator.annotate(source_of(clip))
    write_parquet(tmp_path / "a.parquet", written)
    assert_read_back(tmp_path / "a.parquet", written)
    again = read_annotation(tmp_path / "a.parquet")
    smoothed = smooth_tracks(again, again.faces.probabilities, smooth)
    np.testing.assert_array_equal(smoothed, written.faces.smoothed)
    np.testing.assert_array_equal(
        with_smoothed(again, smoothed).filled_labels, written.filled_labels
    )
    for rank in range(min(people or 2, 2)):
        for missing in ("fill", "none"):
            labels = frame_labels(written, rank, missing)
            assert frame_labels(again, rank, missing).tolist() == labels.tolist()


def test_texts_and_numbers_of_other_widths_are_taken(tmp_path: Path) -> None:
    """As other programs write them; pandas also drops what is not of rows, and says nothing of it."""
    write_parquet(tmp_path / "a.parquet", annotation())
    metadata = pyarrow.parquet.read_schema(tmp_path / "a.parquet").metadata
    table = pandas.read_parquet(tmp_path / "a.parquet")
    table = table.astype({"video": str, "shot": "int64", "label": "float64"})
    table.to_parquet(tmp_path / "b.parquet")
    other = pyarrow.Table.from_pandas(table).replace_schema_metadata(metadata)
    pyarrow.parquet.write_table(other, tmp_path / "c.parquet")
    one, two = (read_annotation(tmp_path / f"{name}.parquet") for name in "ac")
    assert_same_rows(one.faces, two.faces)
    np.testing.assert_array_equal(one.filled_labels, two.filled_labels)
    with pytest.raises(
        FormatError, match=r"b.parquet: its metadata state no schema_version, .*again"
    ):
        read_annotation(tmp_path / "b.parquet")


Change = Callable[[pyarrow.Table], pyarrow.Table]


def with_column(name: str, values: list[object]) -> Change:
    def change(table: pyarrow.Table) -> pyarrow.Table:
        kind = table.schema.field(name).type
        kind = kind.value_type if pyarrow.types.is_dictionary(kind) else kind
        return table.set_column(table.column_names.index(name), name, pyarrow.array(values, kind))

    return change


def stated(**texts: str) -> Change:
    def change(table: pyarrow.Table) -> pyarrow.Table:
        known = {key.decode(): value.decode() for key, value in table.schema.metadata.items()}
        return table.replace_schema_metadata(known | texts)

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop_columns(["shot", "score"]), "no annotation .* no column shot, score"),
        (lambda t: t.slice(0, 0), "holds no frame"),
        (lambda t: t.take([0, 1, 3, 4, 5, 2]), "row 6: frame 6 is out of order"),
        (lambda t: t.take([0, 1, 2, 4, 5]), "row 4: frame 8 .* frames before it are missing"),
        (with_column("frame_index", [-1, 0, 0, 1, 2, 3]), "row 1: frame -1"),
        (with_column("frame_index", [None, 6, 6, 7, 8, 9]), "without a video, a frame, seconds"),
        (with_column("video", ["a", "a", "a", "a", "b", "b"]), r"holds 2 videos \(a, b"),
        (with_column("rank", [None, 0, 1, None, 0, None]), "do not say person, rank"),
        (with_column("rank", [0, 1, 0, None, 0, None]), "not in the order of rank"),
        (with_column("filled_label", [8, 0, 0, 0, 1, 1]), "filled labels lie between 0 and 7"),
        (with_column("label", [7, 7, 7, None, 7, None]), "frame 5 the label is not the largest"),
        (with_column("Fear", [1.5, 0, 0, None, 0, None]), "not between 0 and 1"),
        (with_column("seconds", [0.0, 1, 1, 3, 2, 4]), "seconds do not rise"),
        (with_column("seconds", [0.0, 1, 1, 2, 3, 1e300]), "seconds do not rise, or are none"),
        (with_column("pts_seconds", [0.0, 1, 1, 2, 3, -1e300]), "pts_seconds that no video has"),
        (
            stated(last_frame_seconds="inf"),
            "metadata that videxpr did not write: inf are no seconds",
        ),
        (stated(container_start_seconds="-1"), "did not write: -1 are no seconds"),
        (stated(decode_errors="some"), "metadata that videxpr did not write: .*some"),
        (stated(warnings="{"), "metadata that videxpr did not"),
        (stated(options="[1]"), "metadata that videxpr did not"),
        (stated(options="{"), "metadata that videxpr did not"),
        (stated(schema_version="1"), "schema_version is 1, and only 3 is read here; annotate the"),
        (stated(schema_version="4"), "schema_version is 4, and only 3 is read here"),
        (lambda t: t.replace_schema_metadata({}), "no schema_version, .* annotate the video again"),
        (
            lambda t: t.select(["video"]).replace_schema_metadata(None),
            "is no annotation of videxpr, as it has no column frame_index, pts_seconds",
        ),
    ],
)
def test_what_is_no_annotation_is_refused(tmp_path: Path, change: Change, message: str) -> None:
    path = tmp_path / "odd.parquet"
    pyarrow.parquet.write_table(change(to_table(annotation())), path)
    with pytest.raises(FormatError, match=f"odd.parquet.*{message}"):
        read_annotation(path)


def test_a_column_of_another_kind_is_refused(tmp_path: Path) -> None:
    table = to_table(annotation())
    position = table.column_names.index("frame_index")
    odd = table.set_column(position, "frame_index", pyarrow.array(["a"] * 6))
    pyarrow.parquet.write_table(odd, tmp_path / "odd.parquet")
    with pytest.raises(FormatError, match=r"cannot read .*odd.parquet as an annotation"):
        read_annotation(tmp_path / "odd.parquet")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("gone.parquet", "No such file or directory$"),
        ("", "Is a directory$"),
        ("a.txt", "it is no Par"),
    ],
)
def test_why_it_cannot_be_read_is_said_in_words(tmp_path: Path, name: str, reason: str) -> None:
    (tmp_path / "a.txt").write_text("Neutral,Anger")
    with pytest.raises(FormatError, match=f"as an annotation: {reason}"):
        read_annotation(tmp_path / name)


@pytest.mark.parametrize("content", [None, b"", b"PAR1 and then nothing", b"Neutral,Anger\n0\n"])
def test_what_is_no_parquet_is_refused(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "odd.parquet").write_bytes(content)
    with pytest.raises(FormatError, match=r"cannot read .*odd.parquet"):
        read_annotation(tmp_path / "odd.parquet")
