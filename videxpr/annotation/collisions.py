"""Videos that cannot have files of their own, known before anything runs."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from videxpr.core.files import NAME_BYTES, folds_names
from videxpr.core.names import composed
from videxpr.datasets.affwild2.template import SIDES, spelled_as
from videxpr.formats.predictions import PREDICTIONS
from videxpr.formats.writers import Format
from videxpr.video.collisions import find_collisions
from videxpr.video.sources import Source

RESERVED: Final = frozenset({"predictions", "summary"})
"""What the run's own files are called."""


@dataclass(frozen=True)
class Destination:
    """Where the results of a run go, as far as names depend on it.

    Attributes:
        directory: the output folder; None if it is in a store, which takes no two names for one.
        formats: that are written.
        template: the names in it; empty without one.
        people: how many persons of a video are written; None means all.
    """

    directory: Path | None
    formats: Sequence[Format]
    template: Collection[str] = ()
    people: int | None = 1


def find_unwritable(sources: Sequence[Source], destination: Destination) -> dict[Source, str]:
    """Return the sources whose files would be another's too, or have no possible name, and why."""
    there = [source for source in sources if source.kind != "missing"]
    claims = {source: list(_claims(source, destination)) for source in there}
    reasons = find_collisions(claims)
    if not reasons.keys() >= (twins := find_collisions(claims, _folded)).keys():
        reasons |= twins if destination.directory and folds_names(destination.directory) else {}
    for source in there:
        name = source.key
        if name.lower() in RESERVED:
            reasons[source] = f"{name}.* are the run's own files; rename the video"
        elif longest := _too_long(source, destination):
            reasons[source] = f"a name that ends in {longest} would be too long; rename the video"
    return reasons


def _claims(source: Source, destination: Destination) -> Iterator[str]:
    """Yield what a source may write, in words."""
    for side in _sides(source, destination):
        yield f"files {source.key}{side}.*"
        yield f"rows {_name(source, destination)}{side} of {PREDICTIONS}"


def _sides(source: Source, destination: Destination) -> Collection[str]:
    """Return what the names of a video's persons may add to its own."""
    if destination.template:
        name = _name(source, destination)
        return [side for side in SIDES if not side or name + side in destination.template]
    return SIDES if destination.people != 1 and source.kind == "video" else SIDES[:1]


def _name(source: Source, destination: Destination) -> str:
    return spelled_as(destination.template, [source.name])[source.name]


def _too_long(source: Source, destination: Destination) -> str:
    """Return the first ending that makes a name longer than file systems take; nothing if all fit."""
    ends = [
        side + one.suffix
        for one in destination.formats
        if one.scope != "run"
        for side in (_sides(source, destination) if one.scope == "person" else SIDES[:1])
    ]
    room = NAME_BYTES - len(source.stem.encode("utf-8", "surrogateescape"))
    return next((end for end in ends if len(end) > room), "")


def _folded(text: str) -> str:
    return composed(text).casefold()
