"""The eight expressions of Aff-Wild2 (ABAW), in the order that every file and array here uses."""

from typing import Final

EXPRESSIONS: Final[tuple[str, ...]] = (
    "Neutral",
    "Anger",
    "Disgust",
    "Fear",
    "Happiness",
    "Sadness",
    "Surprise",
    "Other",
)
"""Class names; a label is an index into this tuple."""

NEUTRAL: Final = EXPRESSIONS.index("Neutral")
"""The label that stands for a video in which nobody was seen."""

NOT_ANNOTATED: Final = -1
"""The label of a frame that has none, as in Aff-Wild2's own files."""
