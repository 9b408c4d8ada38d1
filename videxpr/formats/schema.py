"""The columns of Parquet and CSV: files are written by this table, and docs/outputs.md is made from it.

A row is a face in a frame; a frame without a face has one row whose face columns are null.
"""

from dataclasses import dataclass
from typing import Final, Literal

from videxpr.core.expressions import EXPRESSIONS

SCHEMA_VERSION: Final = 2
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
        unit: of its numbers; empty for none.
        range: of its values; empty where there is no bound.
        null: what null, an empty cell in CSV, means; empty where there is none.
        meaning: in a sentence.
    """

    name: str
    type: Literal["text", "int8", "int32", "int64", "float32", "float64"]
    unit: str
    range: str
    null: str
    meaning: str


def _probabilities(ending: str, null: str, meaning: str, beginning: str = "") -> tuple[Column, ...]:
    """Return a column for each expression."""
    names = (f"{beginning}{one}{ending}" for one in EXPRESSIONS)
    return tuple(Column(name, "float32", "", SHARE, null, meaning) for name in names)


def _points() -> tuple[Column, ...]:
    """Return two columns for each landmark."""
    points = {
        "right_eye": "the person's own right eye, on the left in the picture",
        "left_eye": "the person's own left eye",
        "nose": "the tip of the nose",
        "right_mouth": "the corner of the mouth on the person's own right",
        "left_mouth": "the corner of the mouth on the person's own left",
    }
    return tuple(
        Column(f"{point}_{axis}", "float32", PIXELS, "", NO_BOX, f"{axis} of {meaning}")
        for point, meaning in points.items()
        for axis in ("x", "y")
    )


FRAME_COLUMNS: Final = (
    Column(
        "video", "text", "", "", "", "path of the source, relative to the argument that named it"
    ),
    Column("frame_index", "int64", "", "from 0", "", "index of the frame in display order"),
    Column(
        "pts_seconds", "float64", "s", "", "not stated", "presentation time that the file states"
    ),
    Column(
        "seconds", "float64", "s", "from 0", "", "the same, but it begins at 0 and always rises"
    ),
    Column("shot", "int32", "", "from 0", "", "number of the shot, from cut to cut"),
    Column(
        "filled_label",
        "int8",
        "",
        LABELS,
        "nobody in the whole video",
        "label of the main person; interpolated within the shot where they are not seen",
    ),
    Column(
        "filled_label_second",
        "int8",
        "",
        LABELS,
        "no second person in the whole video",
        "the same of the second person",
    ),
)
"""Equal in every row of a frame."""

PAPER_COLUMNS: Final = _probabilities(
    "", UNTRAINED, "with `--preset paper` only: the main person's probability of it", "paper_"
)
"""Equal in every row of a frame."""

FACE_COLUMNS: Final = (
    Column(
        "track_id", "int32", "", "from 1", NO_FACE, "number of the track: a person within a shot"
    ),
    Column(
        "rank",
        "int32",
        "",
        "from 0",
        NO_FACE,
        "0 for the main person of the shot, 1 for the second",
    ),
    Column("x1", "float32", PIXELS, "", NO_BOX, "left edge of the face's box"),
    Column("y1", "float32", PIXELS, "", NO_BOX, "upper edge"),
    Column("x2", "float32", PIXELS, "", NO_BOX, "right edge"),
    Column("y2", "float32", PIXELS, "", NO_BOX, "lower edge"),
    *_points(),
    Column("score", "float32", "", SHARE, NO_BOX, "the detector's confidence"),
    Column("expression", "text", "", "", NO_FACE, "name of `label`"),
    Column("label", "int8", "", LABELS, NO_FACE, "expression of the largest smoothed probability"),
    Column("confidence", "float32", "", SHARE, NO_FACE, "that probability"),
    *_probabilities("", f"{NO_FACE}, or {UNTRAINED}", "smoothed probability of the expression"),
    *_probabilities("_unsmoothed", f"{NO_FACE}, or {UNTRAINED}", "the same before smoothing"),
    Column(
        "source",
        "text",
        "",
        "detected, bridged",
        NO_FACE,
        "`bridged` where the face was missed for up to 16 frames, over which features were held",
    ),
)
"""Null in the row of a frame without a face."""

BOX: Final = ("x1", "y1", "x2", "y2")
LANDMARKS: Final = tuple(one.name for one in _points())
PAPER: Final = tuple(one.name for one in PAPER_COLUMNS)
UNSMOOTHED: Final = tuple(f"{name}_unsmoothed" for name in EXPRESSIONS)
