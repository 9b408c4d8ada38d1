"""Whether other features are those of torch, tried on noise and on what looks a little like faces."""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from videxpr.core.crop_template import CropTemplate
from videxpr.core.structures import Floats, Image
from videxpr.model.inference import embed_crops
from videxpr.model.network import ExpressionModel

SEED: Final = 0
OF_EACH: Final = 2
"""Crops of noise, and as many of faces; one batch."""


def difference_from_torch(
    embed: Callable[[Sequence[Image], int], Floats], model: ExpressionModel
) -> float:
    """Return the largest distance of features from torch's, as a share of the length of torch's."""
    crops = parity_crops(model.config.crop)
    expected = embed_crops(model, crops, len(crops)).astype(np.float64)
    distance = np.linalg.norm(embed(crops, len(crops)) - expected, axis=1)
    return float((distance / np.linalg.norm(expected, axis=1)).max())


def parity_crops(template: CropTemplate) -> list[Image]:
    """Return noise, which has every frequency, and faces, which have few; always the same ones."""
    rng = np.random.default_rng(SEED)
    shape = (OF_EACH, template.size, template.size, 3)
    return [
        *rng.integers(0, 256, shape, np.uint8),
        *(_face(template, rng) for _ in range(OF_EACH)),
    ]


def _face(template: CropTemplate, rng: np.random.Generator) -> Image:
    """Draw an oval on a plain ground, lit from one side, dark where the landmarks are."""
    size = template.size
    rows, columns = np.mgrid[:size, :size] / size
    light = rng.uniform(100, 200) + rng.uniform(-60, 60) * columns
    oval = np.hypot((columns - 0.5) / 0.42, (rows - 0.5) / 0.55) < 1
    picture = np.where(oval, light, rng.uniform(0, 255))
    for x, y in template.landmarks:
        near = np.hypot(columns - x / size, rows - y / size) / rng.uniform(0.04, 0.1)
        picture = picture * (1 - 0.6 * np.exp(-(near**2)))
    skin = np.array([1.0, 0.8, 0.7])
    face: Image = np.clip(picture[..., None] * skin, 0, 255).astype(np.uint8)
    return face
