from dataclasses import replace

import numpy as np
from geometry import POINTS, measurement, shifted
from PIL import Image

from videxpr.datasets.crops.preview import GREEN, RED, SIDE, write_picture
from videxpr.video.images import image_size


def test_both_templates_are_drawn_where_they_are(tmp_path):
    write_picture(tmp_path / "mean.png", measurement(shifted(POINTS, 4, -3)))
    with Image.open(tmp_path / "mean.png") as image:
        drawn = np.array(image)
    assert drawn.shape == (SIDE, SIDE, 3)
    for color, points in ((GREEN, POINTS), (RED, shifted(POINTS, 4, -3))):
        for x, y in points / 112 * SIDE:
            near = drawn[int(y) - 2 : int(y) + 6, int(x) - 2 : int(x) + 6]
            assert (near == color).all(axis=2).any()


def test_crops_of_any_size_are_enlarged(tmp_path):
    small = measurement((POINTS + 0.5) / 2 - 0.5, size=56)
    write_picture(tmp_path / "mean.png", replace(small, name="half"))
    assert image_size(tmp_path / "mean.png") == (SIDE, SIDE)
