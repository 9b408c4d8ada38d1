"""A folder of made-up labeled images and its split, for the tests of synthetic sequences."""

from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image, ImageFilter

COUNTS: Final = {"neutral": 12, "anger": 4, "happiness": 9, "surprise": 3}
PARTS: Final = ("train", "validation", "test")


def write_faces(root: Path) -> tuple[Path, Path]:
    """Folder and split file; images of the three parts are about 60, 120 and 180 bright.

    The first two of each class and part are of the same person, called Ann, Bob or Cid after the part.
    """
    generator = np.random.default_rng(5)
    lines = ["image,split"]
    for part, person in zip(PARTS, ("Ann", "Bob", "Cid"), strict=True):
        for name, count in COUNTS.items():
            for number in range(count):
                who = f"web_{person}" if number < 2 else "some"
                file = root / "faces" / name / f"{who}_{part}{number}.png"
                file.parent.mkdir(parents=True, exist_ok=True)
                level = 60 * (PARTS.index(part) + 1)
                pixels = generator.integers(level - 9, level + 9, (112, 112, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(file)
                lines.append(f"faces/{name}/{file.name},{part}")
    (root / "split.csv").write_text("\n".join(lines) + "\n")
    return root / "faces", root / "split.csv"


def picture(seed: int, side: int = 112) -> Image.Image:
    """Coarse and fine noise, about as smooth as a photograph."""
    random = np.random.default_rng(seed)
    coarse = Image.fromarray(random.integers(0, 256, (7, 7, 3), dtype=np.uint8))
    fine = Image.fromarray(random.integers(0, 256, (side, side, 3), dtype=np.uint8))
    coarse = coarse.resize((side, side), Image.Resampling.BICUBIC)
    return Image.blend(coarse, fine.filter(ImageFilter.GaussianBlur(1)), 0.15)
