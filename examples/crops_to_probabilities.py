"""Run face crops of your own through the model, without any video.

python examples/crops_to_probabilities.py [IMAGE ...]    images of 112 x 112 pixels, aligned
"""

import sys

import numpy as np
import torch
from PIL import Image

import videxpr

model = videxpr.load_model()
size = model.config.crop.size

if len(sys.argv) > 1:
    crops = np.stack([np.asarray(Image.open(path).convert("RGB")) for path in sys.argv[1:]])
else:  # gray squares, so that the script runs as it is
    crops = np.full((3, size, size, 3), 127, dtype=np.uint8)

features = model.embed(crops)  # (N, 888)
logits = model.classify(features[:, None])  # each crop a window of its own: (N, 1, 8)
probabilities = torch.softmax(logits[:, 0], dim=-1)  # a class never trained on gets 0

for row in probabilities:
    best = int(row.argmax())
    print(f"{videxpr.EXPRESSIONS[best]:>10} {float(row[best]):.2f}")
