"""The columns of Parquet and CSV: files are written by this table, and docs/outputs.md is made from it.

A row is a face in a frame; a frame without a face has one row whose face columns are null.
"""

from dataclasses import dataclass
from typing import Final, Literal

from videxpr.core.expressions import EXPRESSIONS

SCHEMA_VERSION: Final = 3
"""It rises whenever a column gets another name or meaning; files of another version are refused."""

PIXELS: Final = "px"
"""Of the picture as it is displayed: upright, with square pixels; they may lie outside of it."""

LABELS: Final = f"0 to {len(EXPRESSIONS) - 1}"
SHARE: Final = "0 to 1"
NO_FACE: Final = "no face"
NO_BOX: Final = "no face, `bridged`, or from crops"
UNTRAINED: Final = "the model was never trained on it"


@dataclass(frozen=True)
class Column:
    """What a column holds.

    Attributes:
        name: in Parquet and CSV.
        type: of its values; ``text`` is a dictionary of strings in Parquet.
        meaning: in a sentence.
        null: what null, an empty cell in CSV, means; empty where there is none.
        range: of its values; empty where there is no bound.
        unit: of its numbers; empty for none.
    """

    name: str
    type: Literal["text", "int8", "int32", "int64", "float32", "float64"]
    meaning: str
    null: str = ""
    range: str = ""
    unit: str = ""


def _probabilities(ending: str, null: str, meaning: str, beginning: str = "") -> tuple[Column, ...]:
    """Return a column for each expression."""
    names = (f"{beginning}{one}{ending}" for one in EXPRESSIONS)
    return tuple(Column(name, "float32", meaning, null, SHARE) for name in names)


def _pixels(meanings: dict[str, str]) -> tuple[Column, ...]:
    """Return columns of what lies somewhere in the picture, by their names."""
    return tuple(
        Column(name, "float32", meaning, NO_BOX, unit=PIXELS) for name, meaning in meanings.items()
    )


BOX_COLUMNS: Final = _pixels(
    {
        "x1": "left edge of the face's box",
        "y1": "upper edge",
        "x2": "right edge",
        "y2": "lower edge",
    }
)
POINTS: Final = {
    "right_eye": "the person's own right eye, on the left in the picture",
    "left_eye": "the person's own left eye",
    "nose": "the tip of the nose",
    "right_mouth": "the corner of the mouth on the person's own right",
    "left_mouth": "the corner of the mouth on the person's own left",
}
LANDMARK_COLUMNS: Final = _pixels(
    {
        f"{point}_{axis}": f"{axis} of {what}"
        for point, what in POINTS.items()
        for axis in ("x", "y")
    }
)

FRAME_COLUMNS: Final = (
    Column("video", "text", "path of the source, relative to the argument that named it"),
    Column("frame_index", "int64", "index of the frame in display order", range="from 0"),
    Column(
        "pts_seconds", "float64", "presentation time that the file states", "not stated", unit="s"
    ),
    Column(
        "seconds", "float64", "the same, but it begins at 0 and always rises", "", "from 0", "s"
    ),
    Column("shot", "int32", "number of the shot, from cut to cut", range="from 0"),
    Column(
        "filled_label",
        "int8",
        "label of the main person; interpolated within the shot where they are not seen",
        "nobody in the whole video",
        LABELS,
    ),
    Column(
        "filled_label_second",
        "int8",
        "the same of the second person",
        "no second person in the whole video",
        LABELS,
    ),
)
"""Equal in every row of a frame."""

PAPER_COLUMNS: Final = _probabilities(
    "", UNTRAINED, "with `--preset paper` only: the main person's probability of it", "paper_"
)
"""Equal in every row of a frame."""

FACE_COLUMNS: Final = (
    Column(
        "track_id",
        "int32",
        "number of the track: one path of boxes within a shot",
        NO_FACE,
        "from 1",
    ),
    Column(
        "person", "int32", "number of the person, who may have several tracks", NO_FACE, "from 1"
    ),
    Column(
        "rank", "int32", "0 for the main person of the frame, 1 for the second", NO_FACE, "from 0"
    ),
    *BOX_COLUMNS,
    *LANDMARK_COLUMNS,
    Column("score", "float32", "the detector's confidence", NO_BOX, SHARE),
    Column("expression", "text", "name of `label`", NO_FACE),
    Column("label", "int8", "expression of the largest smoothed probability", NO_FACE, LABELS),
    Column("confidence", "float32", "that probability", NO_FACE, SHARE),
    *_probabilities("", f"{NO_FACE}, or {UNTRAINED}", "smoothed probability of the expression"),
    *_probabilities("_unsmoothed", f"{NO_FACE}, or {UNTRAINED}", "the same before smoothing"),
    Column(
        "source",
        "text",
        "`bridged` where the face was missed for up to 0.53 s, over which features were held",
        NO_FACE,
        "detected, bridged",
    ),
)
"""Null in the row of a frame without a face."""

BOX: Final = tuple(one.name for one in BOX_COLUMNS)
LANDMARKS: Final = tuple(one.name for one in LANDMARK_COLUMNS)
PAPER: Final = tuple(one.name for one in PAPER_COLUMNS)
UNSMOOTHED: Final = tuple(f"{name}_unsmoothed" for name in EXPRESSIONS)

FRAME_FIELDS: Final[dict[str, str | tuple[str, ...]]] = {
    "pts_seconds": "pts_seconds",
    "seconds": "seconds",
    "shots": "shot",
    "filled_labels": ("filled_label", "filled_label_second"),
    "paper_probabilities": PAPER,
}
"""The columns of a field of `Annotation`; where they are several, the field has two dimensions."""

FACE_FIELDS: Final[dict[str, str | tuple[str, ...]]] = {
    "frame": "frame_index",
    "track": "track_id",
    "person": "person",
    "rank": "rank",
    "bbox": BOX,
    "landmarks": LANDMARKS,
    "score": "score",
    "smoothed": EXPRESSIONS,
    "probabilities": UNSMOOTHED,
}
"""The columns of a field of `FaceRows`."""


def columns(paper: bool) -> tuple[Column, ...]:
    """Return all columns of a file, with those of ``--preset paper`` or without."""
    return (*FRAME_COLUMNS, *(PAPER_COLUMNS if paper else ()), *FACE_COLUMNS)
