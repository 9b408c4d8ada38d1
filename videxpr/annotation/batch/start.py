"""From a call to the workers that do it, and to the share of the videos that is theirs."""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from videxpr.annotation.batch.options import Shard
from videxpr.annotation.batch.pool import InProcess, Pool
from videxpr.annotation.batch.processes import ProcessPool
from videxpr.annotation.batch.worker import Job, load
from videxpr.annotation.fingerprint import Setup
from videxpr.annotation.options import AnnotateCommand
from videxpr.annotation.writer import Outputs
from videxpr.core.errors import UsageError
from videxpr.core.options import VISIBLE
from videxpr.core.threads import stage_threads
from videxpr.model.hub.resolve import ModelFile
from videxpr.video.sources import Source

NVIDIA_GPUS: Final = Path("/proc/driver/nvidia/gpus")


def make_job(
    command: AnnotateCommand, models: Sequence[ModelFile], setup: Setup, sources: Sequence[Source]
) -> Job:
    """Return what the workers of a call are told."""
    kinds = {source.kind for source in sources}
    return Job(
        command=replace(command, sources=()),
        models=tuple(models),
        setup=setup,
        threads=stage_threads(max(1, count_workers(command))),
        has_videos="video" in kinds,
        has_crops="crops" in kinds,
    )


def start_pool(job: Job, outputs: Outputs) -> Pool:
    """Return the workers that a call asks for; none has begun yet.

    Raises:
        UsageError: Ray is asked for and not installed, or cannot be joined.
        WorkerError: Ray cannot be started.
    """
    batch, size = job.command.batch, count_workers(job.command)
    if batch.executor == "ray":
        try:
            from videxpr.annotation.batch.ray_pool import RayPool
        except ImportError as exc:
            raise UsageError(f"--executor ray: {exc}; pip install videxpr[ray]") from exc
        return RayPool(job, batch.workers, batch.ray_address)
    return ProcessPool(job, size) if size else InProcess(outputs, partial(load, job))


def count_workers(command: AnnotateCommand) -> int:
    """Return how many workers a call gets: as many as it wants, else one a GPU that it may use."""
    if command.batch.workers is not None:
        return command.batch.workers
    return max(1, _count_gpus()) if command.run.device in ("auto", "cuda") else 1


def in_shard(sources: Sequence[Source], shard: Shard | None) -> list[Source]:
    """Return a share of sources: by their paths, so that every machine draws the same."""
    if shard is None:
        return list(sources)
    return [one for one in sources if _drawn(one.printable, shard.count) == shard.number]


def _drawn(path: str, count: int) -> int:
    """Return the share of a path, from 1."""
    digest = hashlib.sha256(path.encode("utf-8", "surrogateescape")).digest()
    return int.from_bytes(digest[:8], "big") % count + 1


def _count_gpus() -> int:
    """Return the number of NVIDIA GPUs, which torch would need seconds to tell."""
    there = len(list(NVIDIA_GPUS.iterdir())) if NVIDIA_GPUS.is_dir() else 0
    visible = os.environ.get(VISIBLE)
    return there if visible is None else min(there, len(list(filter(None, visible.split(",")))))
