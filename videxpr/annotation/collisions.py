"""Sources whose results would be written over those of another, known before anything runs."""

from collections.abc import Iterator, Sequence
from typing import Final

from videxpr.video.sources import Source

RESERVED: Final = frozenset({"predictions", "summary"})
"""What the run's own files are called."""

SECOND: Final = ("_left", "_right")
"""What a second person adds to a video's name."""


def find_collisions(sources: Sequence[Source], people: int | None = 1) -> dict[Source, str]:
    """Return the sources that cannot have files of their own, each with the reason.

    All that share a name are refused: which of them a file is from would hang on their order.

    Args:
        sources: of one run.
        people: how many persons of a video are written; None means all.
    """
    owners: dict[str, list[Source]] = {}
    for source in sources:
        for name in _names(source, people):
            owners.setdefault(name, []).append(source)
    reasons: dict[Source, str] = {}
    for name, several in owners.items():
        for source in several:
            other = next((one.path.name for one in several if one is not source), None)
            if name in RESERVED:
                reasons[source] = f"{name}.* are the run's own files; rename the video"
            elif other is not None:
                reasons.setdefault(
                    source,
                    f"{other} would be written to the same files ({name}.*); rename one, or give "
                    "each an --output-dir of its own",
                )
    return reasons


def _names(source: Source, people: int | None) -> Iterator[str]:
    """Yield the names, without endings, of the files that a source may have."""
    if source.kind == "missing":
        return
    name = (source.relative.parent / source.stem).as_posix()
    yield name
    if people != 1 and source.kind == "video":
        yield from (name + side for side in SECOND)
