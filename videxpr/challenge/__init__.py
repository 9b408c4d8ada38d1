"""Aff-Wild2's own folders: where the labels and the crops are, and which frame has both.

    <root>/.../EXPR_Recognition_Challenge/{Train_Set,Validation_Set}/<name>.txt
    <root>/.../cropped_aligned/<name>/00001.jpg
    <root>/.../cropped_aligned_new_50_vids/<name>/00001.jpg

The annotation folder was called ``EXPR_Set`` in editions 1 and 2, ``EXPR_Classification_Challenge`` in
3 and 5, ``EXPR_Recognition_Challenge`` since; copies nest it in folders of many names.
"""

from videxpr.challenge.folders import SETS, SPLITS, Layout, Split, find_layout
from videxpr.challenge.folds import fold
from videxpr.challenge.videos import (
    SIDE,
    ChallengeData,
    LabelledVideo,
    class_counts,
    fingerprint,
    read_challenge,
)

__all__ = [
    "SETS",
    "SIDE",
    "SPLITS",
    "ChallengeData",
    "LabelledVideo",
    "Layout",
    "Split",
    "class_counts",
    "find_layout",
    "fingerprint",
    "fold",
    "read_challenge",
]
