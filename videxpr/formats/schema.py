"""The columns of Parquet and CSV: files are written by this table, and docs/outputs.md is made from it.

A row is a face in a frame; a frame without a face has one row whose face columns are null.
"""

from dataclasses import dataclass
from typing import Final, Literal

from videxpr.core.expressions import EXPRESSIONS

SCHEMA_VERSION: Final = 2
"""It rises whenever a column gets another name or meaning; files of another version are refused."""

UNSMOOTHED: Final = tuple(f"{name}_unsmoothed" for name in EXPRESSIONS)
PAPER: Final = tuple(f"paper_{name}" for name in EXPRESSIONS)
BOX: Final = ("x1", "y1", "x2", "y2")
POINTS: Final = {
    "right_eye": "the person's own right eye, which is on the left in the picture",
    "left_eye": "the person's own left eye",
    "nose": "the tip of the nose",
    "right_mouth": "the corner of the mouth on the person's own right",
    "left_mouth": "the corner of the mouth on the person's own left",
}
LANDMARKS: Final = tuple(f"{point}_{axis}" for point in POINTS for axis in ("x", "y"))

PIXELS: Final = "displayed pixels"
LABEL_RANGE: Final = "0 to 7"
NO_FACE: Final = "no face"
NO_BOX: Final = "no face, or `bridged`, or from crops"
NEVER: Final = "never seen in the video"
UNTRAINED: Final = "the model was never trained on it"


@dataclass(frozen=True)
class Column:
    """What a column holds.

    Attributes:
        name: in Parquet and CSV.
        type: of its values; ``text`` is a dictionary of strings in Parquet.
        meaning: in a sentence.
        unit: of its numbers; empty for none.
        range: of its values; empty where there is no bound.
        null: what null, an empty cell in CSV, means; empty where there is none.
    """

    name: str
    type: Literal["text", "int8", "int32", "int64", "float32", "float64"]
    meaning: str
    unit: str = ""
    range: str = ""
    null: str = ""


def _labels(name: str, whose: str) -> Column:
    meaning = f"label of {whose}; where not seen, interpolated within the shot"
    return Column(name, "int8", meaning, "", LABEL_RANGE, f"{whose} was {NEVER}")


FRAME_COLUMNS: Final = (
    Column("video", "text", "path of the source, relative to what was named, with `/`"),
    Column("frame_index", "int64", "index of the frame in display order", "", "from 0"),
    Column("pts_seconds", "float64", "presentation time in the file", "s", "", "not stated"),
    Column(
        "seconds", "float64", "time since the first annotated frame; always rises", "s", "from 0"
    ),
    Column("shot", "int32", "number of the shot, from cut to cut", "", "from 0"),
    _labels("filled_label", "the main person"),
    _labels("filled_label_second", "the second person"),
)
"""Equal in every row of a frame."""

PAPER_COLUMNS: Final = tuple(
    Column(name, "float32", f"probability of {of} of the main person", "", "0 to 1", UNTRAINED)
    for name, of in zip(PAPER, EXPRESSIONS, strict=True)
)
"""Equal in every row of a frame, and there with ``--preset paper`` only."""

FACE_COLUMNS: Final = (
    Column(
        "track_id",
        "int32",
        "number of the person's track, which ends at a cut",
        "",
        "from 1",
        NO_FACE,
    ),
    Column(
        "rank",
        "int32",
        "0 for the main person of the shot, 1 for the second",
        "",
        "from 0",
        NO_FACE,
    ),
    Column("x1", "float32", "left edge of the box, in the upright picture", PIXELS, "", NO_BOX),
    Column("y1", "float32", "upper edge", PIXELS, "", NO_BOX),
    Column("x2", "float32", "right edge", PIXELS, "", NO_BOX),
    Column("y2", "float32", "lower edge", PIXELS, "", NO_BOX),
    *(
        Column(f"{point}_{axis}", "float32", f"{axis} of {what}", PIXELS, "", NO_BOX)
        for point, what in POINTS.items()
        for axis in ("x", "y")
    ),
    Column("score", "float32", "the detector's confidence", "", "0 to 1", NO_BOX),
    Column("expression", "text", "name of the label", "", ", ".join(EXPRESSIONS), NO_FACE),
    Column(
        "label", "int8", "the largest smoothed probability, 0 for Neutral", "", LABEL_RANGE, NO_FACE
    ),
    Column("confidence", "float32", "that probability", "", "0 to 1", NO_FACE),
    *(
        Column(
            name,
            "float32",
            f"smoothed probability of {name}",
            "",
            "0 to 1",
            f"{NO_FACE}, or {UNTRAINED}",
        )
        for name in EXPRESSIONS
    ),
    *(
        Column(
            name,
            "float32",
            f"probability of {of} before smoothing",
            "",
            "0 to 1",
            f"{NO_FACE}, or {UNTRAINED}",
        )
        for name, of in zip(UNSMOOTHED, EXPRESSIONS, strict=True)
    ),
    Column(
        "source",
        "text",
        "whether the face was found, or a short gap bridged",
        "",
        "detected, bridged",
        NO_FACE,
    ),
)
"""Null in the row of a frame without a face."""
