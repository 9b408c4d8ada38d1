"""Sources whose results would be written over those of another, known before anything runs."""

from collections.abc import Callable, Iterable, Mapping

from videxpr.video.sources import Source


def find_collisions(
    claims: Mapping[Source, Iterable[str]], key: Callable[[str], str] = str
) -> dict[Source, str]:
    """Return the sources that claim what another one claims too, each with the reason.

    All of them are refused: whose results were there would hang on their order.

    Args:
        claims: what each source may write, in words: ``files clip.*``.
        key: equal for claims that are one.
    """
    owners: dict[str, dict[Source, str]] = {}
    for source, texts in claims.items():
        for text in texts:
            owners.setdefault(key(text), {})[source] = text
    reasons: dict[Source, str] = {}
    for several in owners.values():
        for source, text in several.items():
            other = next((one for one in several if one is not source), None)
            if other is not None:
                whose = f"{text} would be {other.printable}'s too"
                reasons.setdefault(source, f"{whose}: rename one, or give each its own -o")
    return reasons
