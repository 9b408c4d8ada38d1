"""What a user can choose about every training; what only clips or images have is in their rooms."""

from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, Final, Literal

from videxpr.core.errors import UsageError
from videxpr.core.option import option, options
from videxpr.core.options import PANEL as RUNNING

DATA, SAVED, MODEL, RECIPE = "Data", "What is written", "Model", "Recipe"
AUGMENTATION: Final = "Augmentation"

SMALLEST_SIZE: Final = 32

MOST_SEED: Final = 2**32 - 1
"""Above it numpy's global generator takes no seed."""


def seed_option() -> Any:
    """Declare the seed of a training."""
    return option(0, "Seed of all that is drawn.", least=0, most=MOST_SEED)


def _change(default: float, help: str, flag: str = "", most: float = 1) -> Any:
    """Declare how far crops are changed."""
    return option(default, help, flag=flag, least=0, most=most)


@options(AUGMENTATION)
class Augmentation:
    """How far crops are changed; every field is the largest change, or a probability."""

    flip: float = _change(0.5, "Probability of a mirror image.")
    rotation_degrees: float = _change(12.0, "Rotation to either side, in degrees.", "rotation", 180)
    shift: float = _change(0.06, "Displacement, as a share of the side.")
    scale: float = _change(0.1, "Relative change of size to either side.")
    brightness: float = _change(0.25, "Relative change of brightness to either side.")
    contrast: float = _change(0.25, "Relative change of contrast, about the image's mean.")
    saturation: float = _change(0.0, "Relative change of saturation, about the image's own gray.")
    color: float = _change(0.1, "Relative change of each channel against the others.", "color-cast")
    gray: float = _change(0.2, "Probability of losing all color.", "gray-probability")
    gamma: float = _change(0.4, "Relative change of the tone curve's exponent.", "tone-gamma")
    motion_blur: float = _change(0.0, "Probability of a blur along a line, as of a moving head.")
    downscale: float = _change(0.3, "Probability of a detour through a smaller size, which blurs.")
    compress: float = _change(0.3, "Probability of JPEG's losses, at the smaller size.", "jpeg")
    noise: float = _change(0.03, "Largest deviation of a sensor's noise, as a share of white.")
    erase: float = _change(0.2, "Probability of a gray rectangle over part of the face.")
    background_swap: float = _change(
        0.15, "Probability that around the face there is what is around another one."
    )


@options(SAVED)
class CheckpointOptions:
    """The checkpoint that training writes, and what becomes of an earlier run."""

    output: Path = option(
        Path("model.safetensors"),
        "The checkpoint to write (.safetensors). A folder .run (to resume) comes beside it; of clips "
        "also .training.json (to read).",
        short="o",
        writes="file",
    )
    data: str = option("", "What the crops are, for the model's card.", default_text="the folder")
    license: str = option("unspecified", "Under which terms the weights may be used.")
    dtype: Literal["float16", "float32"] = option(
        "float32", "How the checkpoint holds its weights."
    )
    resume: bool = option(
        False,
        "Go on with an earlier run, if there is one: on images from its last five minutes, on clips "
        "after its last whole epoch; with the same options, models and data.",
        panel=RUNNING,
    )
    overwrite: bool = option(False, "Begin an earlier run anew.", panel=RUNNING)

    def __post_init__(self) -> None:
        if self.output.suffix != ".safetensors":
            raise UsageError(f"--output {self.output} must be the name of a .safetensors file")
        if self.resume and self.overwrite:
            raise UsageError(
                "--resume goes on with an earlier run, --overwrite begins it anew; choose one"
            )


@options(RUNNING)
class Machine:
    """What training runs on; none of it changes what is learned, but for rounding.

    Attributes:
        threads: of torch's operators on the CPU; None is the cores, shared by the devices.
    """

    device: Literal["auto", "cpu", "cuda", "mps"] = option(
        "auto", "Kind of device; auto takes a GPU if it can."
    )
    devices: int = option(1, "GPUs (or CPU processes) on each node.", least=1)
    nodes: int = option(1, "Computers that train together.", least=1)
    precision: Literal["32-true", "bf16-mixed", "16-mixed"] | None = option(
        None,
        "Lightning's; bf16-mixed is faster on processors that have it.",
        default_text="16-mixed on a GPU, as the authors train; else 32-true",
    )
    workers: int | None = option(
        None, "Processes that read crops.", least=0, default_text="the cores, with a GPU; else 0"
    )
    threads: int | None = None

    @property
    def accelerator(self) -> str:
        """Lightning's name of the kind of device."""
        return {"cuda": "gpu"}.get(self.device, self.device)

    @property
    def precision_or_default(self) -> str:
        """The precision that was chosen, or the accelerator's own."""
        return self.precision or ("16-mixed" if self.accelerator == "gpu" else "32-true")


def as_text(options: Any, prefix: str = "") -> dict[str, str]:
    """Return every field of a dataclass as text, fields of its parts as ``part.field``."""
    result: dict[str, str] = {}
    for one in fields(options):
        inner = getattr(options, one.name)
        if is_dataclass(inner):
            result |= as_text(inner, f"{prefix}{one.name}.")
        else:
            result[prefix + one.name] = str(inner)
    return result
