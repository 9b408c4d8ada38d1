"""What a user can choose about a run over many videos."""

import re
from dataclasses import MISSING, dataclass
from pathlib import Path
from typing import Final, Literal

from videxpr.core.errors import UsageError
from videxpr.core.option import option, options

BATCH: Final = "Many videos"
SIZE: Final = re.compile(r"(\d+(?:\.\d+)?) *(?:([kMGT])(i?))?B?", re.I)
POWERS: Final = ("", "k", "m", "g", "t")


def parse_size(text: str) -> int:
    """Return the bytes that a text means, such as ``4GB`` or ``800 MB``."""
    match = SIZE.fullmatch(text.strip())
    if match is None or float(match[1]) == 0:
        raise UsageError(f"--memory-limit must be a size such as 4GB or 800MB, not {text!r}")
    base = 1024 if match[3] else 1000
    return int(float(match[1]) * base ** POWERS.index((match[2] or "").lower()))


def show_size(size: int | None) -> str | None:
    """Return bytes as they are typed."""
    if size is None:
        return None
    power = next(one for one in (3, 2, 1, 0) if size % 1000**one == 0)
    return f"{size // 1000**power}{POWERS[power].upper()}B"


@dataclass(frozen=True)
class Shard:
    """A share of a list.

    Attributes:
        number: of the share, from 1.
        count: of shares.
    """

    number: int
    count: int

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"


def parse_shard(text: str) -> Shard:
    """Return the share that a text such as ``3/10`` means."""
    number, _, count = text.partition("/")
    if number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count):
        return Shard(int(number), int(count))
    raise UsageError(f"--shard must be I/N with I from 1 to N, such as 3/10, not {text!r}")


@options(BATCH)
class BatchOptions:
    """How a run over many videos goes about it.

    Attributes:
        workers: videos annotated at the same time, each in a process; 0 works without one, None takes
            what was measured to be fastest.
        executor: where workers are: processes here, or Ray's actors.
        ray_address: of a Ray cluster; None starts one on this machine.
        shard: the share of the videos that is annotated; None is all.
        timeout_seconds: without a frame, after which a video has failed.
        memory_bytes: that a worker may hold; None shares out most of what is free.
        max_failures: after which the run ends; None for no limit.
        dry_run: whether it is only said what would be done.
    """

    workers: int | None = option(
        None,
        "Videos annotated at the same time, each in a process of its own; 0: in this process, where "
        "a crash ends the run.",
        short="j",
        metavar="N",
        least=0,
        default_text="1, with GPUs one each",
        changes_results=False,
    )
    shard: Shard | None = option(
        None,
        "Annotate a share of the videos, the same in every run: for job arrays.",
        metavar="I/N",
        parse=parse_shard,
        show=lambda shard: shard and str(shard),
        default_text="all",
        changes_results=False,
    )
    executor: Literal["local", "ray"] = option(
        "local",
        "Where the workers are: processes of this machine, or actors of Ray (videxpr[ray]).",
        changes_results=False,
    )
    ray_address: str | None = option(
        None,
        "The Ray cluster to join.",
        metavar="ADDRESS",
        default_text="one on this machine",
        changes_results=False,
    )
    timeout_seconds: float = option(
        900.0,
        "A video that gives no frame for so long has failed.",
        flag="timeout",
        metavar="SECONDS",
        above=0,
        changes_results=False,
    )
    memory_bytes: int | None = option(
        None,
        "A video whose worker takes more memory has failed, such as 4GB.",
        flag="memory-limit",
        metavar="SIZE",
        parse=parse_size,
        show=show_size,
        default_text="80 % of what is free, divided by workers",
        changes_results=False,
    )
    max_failures: int | None = option(
        None,
        "End the run after so many failures.",
        metavar="N",
        least=1,
        default_text="never",
        changes_results=False,
    )
    dry_run: bool = option(
        False, "Say what would be annotated, and why; do nothing.", changes_results=False
    )

    def __post_init__(self) -> None:
        if self.ray_address is not None and self.executor != "ray":
            raise UsageError("--ray-address goes with --executor ray")
        if self.executor == "ray" and self.workers == 0:
            raise UsageError("-j 0 works in this process, and not with --executor ray")


@options()
class StatusCommand:
    """Say how far annotate is in its output folders, also while it runs.

    Exit code: 0 if all is done, 1 if a video has failed or is yet to be annotated, 2 if there is no
    such folder.

    Examples:
        videxpr status annotations
        videxpr status shard1 shard2 shard3
        videxpr status annotations --failed > failed.txt
        videxpr status s3://bucket/annotations

    Attributes:
        folders: output folders.
        failed: whether only the paths of what failed are printed.
    """

    folders: tuple[Path, ...] = option(
        MISSING,
        "Output folders of videxpr annotate.",
        metavar="OUTPUT_DIR",
        positional=True,
        in_store=True,
    )
    failed: bool = option(
        False, "Print the paths of videos that failed, a line each, and nothing else."
    )
