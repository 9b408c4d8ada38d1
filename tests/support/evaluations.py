"""What tests of evaluations share."""

from pathlib import Path

import numpy as np

from videxpr.formats.affwild2 import write_labels


def write(folder: Path, **labels: list[int]) -> Path:
    for name, values in labels.items():
        write_labels(folder / f"{name}.txt", np.array(values, np.int64))
    return folder
