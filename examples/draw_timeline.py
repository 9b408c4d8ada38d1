"""Draw an annotation as a picture: time from left to right, one band a class, darker is likelier.

python examples/draw_timeline.py annotations/astronaut.parquet timeline.png
"""

import sys

import numpy as np
import pandas
from PIL import Image, ImageDraw

import videxpr

table = pandas.read_parquet(sys.argv[1])
table = table[table["rank"].fillna(0).eq(0)].sort_values("frame_index")

BAND, LEFT = 24, 90
names = list(videxpr.EXPRESSIONS)
shares = table[names].to_numpy(dtype=float).T  # (8, frames), NaN where nobody was seen
gray = np.where(np.isnan(shares), 235, 255 - 255 * np.nan_to_num(shares)).astype(np.uint8)

picture = Image.new("L", (LEFT + gray.shape[1], BAND * len(names)), 255)
picture.paste(Image.fromarray(gray.repeat(BAND, axis=0)), (LEFT, 0))
draw = ImageDraw.Draw(picture)
for row, name in enumerate(names):
    draw.text((4, row * BAND + 6), name, fill=0)
picture.save(sys.argv[2])
print(f"{sys.argv[2]}: {len(table)} frames")
