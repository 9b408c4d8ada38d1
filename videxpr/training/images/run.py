"""What a run on stills leaves beside its checkpoint, and goes on from."""

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from videxpr.core.errors import FormatError, UsageError
from videxpr.training.reports import EpochReport
from videxpr.training.run import beginning, check_same, earlier_files, remove


class ImageTrainingRun:
    """The folder beside a checkpoint, ``<stem>.run``, with the state from which training can go on.

    Attributes:
        folder: beside the checkpoint.
        state: Lightning's checkpoint of the last whole epoch.
        last: figures of the last whole epoch, None if there is none to go on from.
        weights: of the task after that epoch, averaged as they were validated.
    """

    def __init__(
        self, output: Path, choices: Mapping[str, str], *, resume: bool, overwrite: bool
    ) -> None:
        """Nothing is removed yet, see `begin`.

        Args: the checkpoint to write; what must be the same in a run that is resumed; whether to resume
        one, or to begin anew although there is one.

        Raises:
            UsageError: there is an earlier run and nobody said what is to become of it, the one that is
                to be resumed had other choices, or nothing but its checkpoint is left.
            FormatError: its state cannot be read.
        """
        self.folder = output.with_suffix(".run")
        self.state = self.folder / "last.ckpt"
        self.last: EpochReport | None = None
        self.weights: Mapping[str, Tensor] = {}
        self._replaced: list[Path] = []
        if resume and self.state.is_file():
            self._recall(choices)
        elif resume and output.exists() and not overwrite:
            raise UsageError(
                f"{output} is there, but not {self.state}: there is nothing to resume; --overwrite "
                "begins anew"
            )
        else:
            self._replaced = earlier_files([output, self.folder], overwrite or resume)

    @property
    def beginning(self) -> str:
        """What there is of an earlier run, in words."""
        return beginning(self.folder, None if self.last is None else self.last.epoch)

    @property
    def is_complete(self) -> bool:
        """Whether no epoch is left to train."""
        return self.last is not None and self.last.epoch >= self.last.epochs

    def begin(self) -> None:
        """Make room for a run that begins anew."""
        remove(self._replaced)

    def _recall(self, choices: Mapping[str, str]) -> None:
        try:
            saved: dict[str, Any] = torch.load(self.state, map_location="cpu", weights_only=True)
            earlier, self.last = dict(saved["choices"]), EpochReport(**saved["last"])
            self.weights = saved["state_dict"]
        except (
            OSError,
            RuntimeError,
            EOFError,
            pickle.UnpicklingError,
            KeyError,
            TypeError,
        ) as exc:
            raise FormatError(
                f"{self.state} is no state of a training on stills ({exc!r}); --overwrite begins anew"
            ) from exc
        check_same(earlier, choices, self.state)
