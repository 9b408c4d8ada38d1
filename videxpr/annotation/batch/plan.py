"""What a run would do with each source, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from videxpr.annotation.writer import Outputs
from videxpr.core.errors import OutputError, VidexprError
from videxpr.video.sources import Source, check_source

Action = Literal["annotate", "done", "fail"]


@dataclass(frozen=True)
class Step:
    """What would be done with a source.

    Attributes:
        source: which.
        action: what.
        reason: why it is annotated again, or would fail; empty where that is plain.
    """

    source: Source
    action: Action
    reason: str = ""


def make_plan(sources: Sequence[Source], outputs: Outputs, people: int | None) -> list[Step]:
    """Return what would be done with each source; no video is opened.

    Args:
        sources: what was asked for.
        outputs: with what is there, which `Outputs.check` has looked at.
        people: how many persons of a video are written; None means all.
    """
    unwritable = outputs.unwritable(sources, people)
    return [_step(source, outputs, unwritable.get(source, "")) for source in sources]


def _step(source: Source, outputs: Outputs, problem: str) -> Step:
    try:
        check_source(source)
        if problem:
            raise OutputError(problem)
        standing = outputs.standing(source)
    except (OSError, VidexprError) as exc:
        return Step(source, "fail", str(exc))
    if standing.failure is not None:
        return Step(source, "fail", f"{standing.failure.error}; --retry-failed tries it again")
    if standing.is_done and standing.refusal:
        return Step(source, "fail", f"{standing.refusal}; its other files are there")
    return Step(source, "done" if standing.is_done else "annotate", standing.reason)
