"""Features of a backbone that training does not change, computed once."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
from torch.utils.data import DataLoader

from videxpr.core.device import resolve_device
from videxpr.core.structures import Floats
from videxpr.datasets.affwild2.layout import Split
from videxpr.datasets.affwild2.videos import LabeledVideo
from videxpr.datasets.clips import RunDataset
from videxpr.model.engine.engine import build_embedder
from videxpr.model.network import ExpressionModel
from videxpr.training.options import Machine

BATCH: Final = 32


def embed_videos(
    model: ExpressionModel,
    parts: Mapping[Split, Sequence[LabeledVideo]],
    machine: Machine,
    progress: Callable[[int, int], None],
) -> dict[Split, list[Floats]]:
    """Features (N, F) of all usable frames of each video, in half precision to save memory; embedded
    as `annotate` embeds them."""
    device = resolve_device("auto" if machine.accelerator == "gpu" else "cpu")
    embedder = build_embedder(model.eval().to(device), machine.threads)
    total = sum(len(video) for videos in parts.values() for video in videos)
    done, kept = 0, dict[Split, list[Floats]]()
    for split, videos in parts.items():
        pieces: list[list[Floats]] = [[] for _ in videos]
        runs = RunDataset(videos, model.config.crop.size)
        for video, _, crops in DataLoader(runs, batch_size=None, num_workers=machine.workers):
            pieces[video].append(embedder.embed(crops.numpy(), BATCH).astype(np.float16))
            done += len(crops)
            progress(done, total)
        kept[split] = [np.concatenate(piece) for piece in pieces]
    model.train().cpu()
    return kept
