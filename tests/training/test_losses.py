"""The loss against numbers of the authors' own, and against other programs."""

import numpy as np
import pytest
import torch
from conftest import SHARED, needs_shared
from torch.nn import functional

from videxpr.core.errors import UsageError
from videxpr.training.clips.options import LossOptions
from videxpr.training.losses import frame_losses


@needs_shared
@pytest.mark.parametrize("distill", [False, True])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_the_loss_is_that_of_the_authors(distill: bool, smoothing: float) -> None:
    with np.load(SHARED / "fixtures" / "prl_reference.npz") as numbers:
        expected = float(numbers[f"loss/distill={distill}/smoothing={smoothing}"])
        logits = torch.from_numpy(numbers["loss/logits"])
        labels = torch.from_numpy(numbers["loss/targets"])
    options = LossOptions(label_smoothing=smoothing, divergence=0.2 if distill else 0.0)
    assert float(
        frame_losses(logits, functional.one_hot(labels, 8).float(), options).mean()
    ) == pytest.approx(expected, abs=1e-5)


def some_frames() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    logits = 3 * torch.randn(50, 8, generator=generator)
    return logits, torch.randint(0, 8, (50,), generator=generator)


def test_without_focus_it_is_cross_entropy() -> None:
    logits, labels = some_frames()
    options = LossOptions(alpha=1, gamma=0, label_smoothing=0.2)
    expected = functional.cross_entropy(logits, labels, label_smoothing=0.2, reduction="none")
    torch.testing.assert_close(
        frame_losses(logits, functional.one_hot(labels, 8).float(), options), expected
    )


def test_half_precision_logits_give_a_loss_in_single_precision() -> None:
    logits, labels = some_frames()
    losses = frame_losses(
        logits.bfloat16(), functional.one_hot(labels, 8).float(), LossOptions(divergence=0.2)
    )
    assert losses.dtype == torch.float32 and torch.isfinite(losses).all()
    sure = torch.full((1, 8), -200.0)
    sure[0, 3] = 200.0
    for label in (3, 4):
        shares = functional.one_hot(torch.tensor([label]), 8).float()
        loss = frame_losses(sure, shares, LossOptions(label_smoothing=0.1))
        assert torch.isfinite(loss).all()


@pytest.mark.parametrize("gamma", [0.0, 2.0])
def test_voters_who_differ_weigh_by_their_shares(gamma: float) -> None:
    logits, _ = some_frames()
    shares = torch.zeros(50, 8)
    shares[:, 2], shares[:, 6] = 0.5, 0.3  # a fifth said something else
    p = logits.softmax(dim=1)
    entropy = -(0.5 * p[:, 2].log() + 0.3 * p[:, 6].log())
    focus = (1 - (0.5 * p[:, 2] + 0.3 * p[:, 6]) / 0.8) ** gamma
    losses = frame_losses(logits, shares, LossOptions(alpha=1, gamma=gamma, label_smoothing=0))
    torch.testing.assert_close(losses, focus * entropy)


@pytest.mark.parametrize(
    "wrong", [{"alpha": 0}, {"gamma": -1}, {"label_smoothing": 1}, {"divergence": 1.1}]
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError, match=str(next(iter(wrong.values())))):
        LossOptions(**wrong)
