"""Parquet read back: the annotation that was written, and files that are none."""

from collections.abc import Callable
from dataclasses import replace
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
from records import annotation, annotations, face_rows, nobody

from videxpr.annotation.annotator import Annotator
from videxpr.core.errors import FormatError
from videxpr.core.expressions import EXPRESSIONS
from videxpr.faces.detection.load import load_detector
from videxpr.faces.options import DetectionOptions, KeyframeOptions
from videxpr.formats.frame_labels import frame_labels, recorded_span, resmoothed
from videxpr.formats.parquet import read_parquet, read_row_labels, to_table, write_parquet
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
    """What was written is read, smoothed anew, and written again to the same table."""
    read = read_parquet(path)
    assert_same_rows(read.faces, replace(written.faces, smoothed=written.faces.probabilities))
    again = resmoothed(read, recorded_span(read))
    assert_same_rows(again.faces, replace(written.faces, features=None, logits=None))
    assert again.faces.label.tolist() == read_row_labels(path).tolist()
    assert to_table(again).equals(to_table(written), check_metadata=True)
    for name in ("video", "first_frame", "people", "fps", "decode_errors", "provenance"):
        assert getattr(read, name) == getattr(written, name)
    np.testing.assert_array_equal(read.pts_seconds, written.pts_seconds)
    np.testing.assert_array_equal(read.seconds, written.seconds)
    np.testing.assert_array_equal(read.shots, written.shots)


def unsmoothed(annotated: Annotation) -> Annotation:
    """As annotate leaves it with ``--smooth 0``, one track a person and shot."""
    faces = annotated.faces
    shots = annotated.shots[faces.frame - annotated.first_frame]
    faces = replace(faces, smoothed=faces.probabilities, track=faces.track + 10 * shots)
    return replace(annotated, faces=faces, people=None)


@in_one_folder
@given(annotated=annotations())
def test_what_is_written_is_read_back(tmp_path: Path, annotated: Annotation) -> None:
    plain = unsmoothed(annotated)
    write_parquet(tmp_path / "a.parquet", plain)
    assert_read_back(tmp_path / "a.parquet", plain)


def test_metadata_say_what_the_columns_do_not(tmp_path: Path) -> None:
    stated = {
        "options": '{"people": "2", "crop_fps": "12.5", "smooth_seconds": "0.75"}',
        "decode_errors": "3",
    }
    write_parquet(tmp_path / "a.parquet", replace(annotation(), provenance=stated))
    read = read_parquet(tmp_path / "a.parquet")
    assert (read.people, read.fps, read.decode_errors) == (2, 12.5, 3)
    assert recorded_span(read) == 0.75


def test_a_video_without_anybody_is_read_back(tmp_path: Path) -> None:
    write_parquet(tmp_path / "a.parquet", replace(nobody(), people=None))
    assert_read_back(tmp_path / "a.parquet", unsmoothed(nobody()))
    assert read_row_labels(tmp_path / "a.parquet").tolist() == []


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
    again = resmoothed(read_parquet(tmp_path / "a.parquet"), smooth)
    for rank in range(people or 3):
        for missing in ("fill", "none"):
            labels = frame_labels(written, rank, missing)
            assert frame_labels(again, rank, missing).tolist() == labels.tolist()


def test_files_that_pandas_wrote_again_are_taken(tmp_path: Path) -> None:
    write_parquet(tmp_path / "a.parquet", unsmoothed(annotation()))
    table = pandas.read_parquet(tmp_path / "a.parquet")
    table.astype({"video": str, "shot": "int64", "label": "float64"}).to_parquet(
        tmp_path / "b.parquet"
    )
    one, two = (read_parquet(tmp_path / f"{name}.parquet") for name in "ab")
    assert_same_rows(one.faces, two.faces)
    assert read_row_labels(tmp_path / "a.parquet").tolist() == [
        *read_row_labels(tmp_path / "b.parquet")
    ]


Change = Callable[[pyarrow.Table], pyarrow.Table]


def with_column(name: str, values: list[object]) -> Change:
    def change(table: pyarrow.Table) -> pyarrow.Table:
        kind = table.schema.field(name).type
        kind = kind.value_type if pyarrow.types.is_dictionary(kind) else kind
        return table.set_column(table.column_names.index(name), name, pyarrow.array(values, kind))

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop_columns(["shot", "score"]), "no annotation .* no column shot, score"),
        (lambda t: t.slice(0, 0), "holds no frame"),
        (lambda t: t.take([0, 1, 3, 4, 5, 2]), "row 6: frame 6 is out of order"),
        (lambda t: t.take([0, 1, 2, 4, 5]), "row 4: frame 8 .* frames before it are missing"),
        (with_column("frame_index", [-1, 0, 0, 1, 2, 3]), "row 1: frame -1"),
        (with_column("frame_index", [None, 6, 6, 7, 8, 9]), "without a video, a frame or a shot"),
        (with_column("video", ["a", "a", "a", "a", "b", "b"]), r"holds 2 videos \(a, b"),
        (with_column("main", [None, True, False, None, True, None]), "do not say main"),
        (with_column("Fear", [1.5, 0, 0, None, 0, None]), "not between 0 and 1"),
        (
            lambda t: t.replace_schema_metadata({"options": "{}", "decode_errors": "some"}),
            "metadata that videxpr did not write: .*some",
        ),
        (lambda t: t.replace_schema_metadata({"options": "[1]"}), "metadata that videxpr did not"),
        (lambda t: t.replace_schema_metadata({"options": "{"}), "metadata that videxpr did not"),
        (
            lambda t: t.replace_schema_metadata({"options": '{"smooth_seconds": "long"}'}),
            "metadata that videxpr did not write: .*long",
        ),
    ],
)
def test_what_is_no_annotation_is_refused(tmp_path: Path, change: Change, message: str) -> None:
    path = tmp_path / "odd.parquet"
    pyarrow.parquet.write_table(change(to_table(annotation())), path)
    with pytest.raises(FormatError, match=f"odd.parquet.*{message}"):
        read_parquet(path)


def test_a_column_of_another_kind_is_refused(tmp_path: Path) -> None:
    table = to_table(annotation())
    position = table.column_names.index("frame_index")
    odd = table.set_column(position, "frame_index", pyarrow.array(["a"] * 6))
    pyarrow.parquet.write_table(odd, tmp_path / "odd.parquet")
    with pytest.raises(FormatError, match=r"cannot read .*odd.parquet as an annotation"):
        read_parquet(tmp_path / "odd.parquet")


@pytest.mark.parametrize("content", [None, b"", b"PAR1 and then nothing", b"Neutral,Anger\n0\n"])
def test_what_is_no_parquet_is_refused(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "odd.parquet").write_bytes(content)
    for read in (read_parquet, read_row_labels):
        with pytest.raises(FormatError, match=r"cannot read .*odd.parquet"):
            read(tmp_path / "odd.parquet")


def test_labels_that_do_not_exist_are_refused(tmp_path: Path) -> None:
    table = with_column("label", [0, 8, 0, None, 1, None])(to_table(annotation()))
    pyarrow.parquet.write_table(table, tmp_path / "odd.parquet")
    with pytest.raises(FormatError, match=r"odd.parquet: labels lie between 0 and 7, not 0, 8"):
        read_row_labels(tmp_path / "odd.parquet")


def test_persons_in_contradicting_orders_are_refused(tmp_path: Path) -> None:
    people = face_rows([5, 5, 5, 6, 6, 6], [0, 1, 2, 0, 1, 2], [False] * 6)
    people = replace(people, track=np.array([1, 2, 3, 1, 3, 2]))
    write_parquet(tmp_path / "odd.parquet", replace(annotation(), faces=people))
    with pytest.raises(FormatError, match="persons of a shot stand in different orders"):
        read_parquet(tmp_path / "odd.parquet")
