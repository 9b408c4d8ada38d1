"""Annotate one video from Python and print how much of it shows which expression.

python examples/video_to_table.py [VIDEO]
"""

import sys
from pathlib import Path

import numpy as np

import videxpr

video = sys.argv[1] if len(sys.argv) > 1 else Path(__file__).with_name("astronaut.mp4")

annotation = videxpr.annotate(video, {"detector": "mtcnn"})

print(f"{annotation.video}: {len(annotation)} frames, a face in {annotation.coverage:.0%} of them")
counts = np.bincount(annotation.faces.label, minlength=len(videxpr.EXPRESSIONS))
for name, count in zip(videxpr.EXPRESSIONS, counts, strict=True):
    print(f"{name:>10} {count:5d} frames")
