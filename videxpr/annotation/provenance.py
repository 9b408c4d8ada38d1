"""What an annotation says of its source besides the rows: warnings, and which bytes were read."""

from collections.abc import Iterator

from videxpr.core.files import sha256_of
from videxpr.datasets.crops.reader import open_crops
from videxpr.video.sources import Source
from videxpr.video.timeline import Timeline


def warnings(source: Source, log: Timeline, rows: int) -> Iterator[str]:
    """What a user should know of a source that was read; `rows` are those with a face."""
    if not rows:
        yield "no face was found: text formats say Neutral, or -1, throughout"
    if log.decode_errors:
        yield f"{log.decode_errors} damaged packets or frames in the video"
    if log.decoder_note:
        yield f"decoded on the CPU: {log.decoder_note}"
    if log.odd_steps:
        yield f"{log.odd_steps} frames have no time or one that does not rise"
    if source.more:
        places = " and ".join(map(str, (source.path, *source.more)))
        yield f"its crops are in {places}; of a frame in several, the first one's counts"


def fingerprint(source: Source) -> tuple[int, str]:
    """Size in bytes and SHA-256 of a file, or of all crops of a video in their order."""
    files = [source.path]
    if source.kind == "crops":
        files = list(open_crops(source.path, *source.more).images.values())
    return sum(file.stat().st_size for file in files), sha256_of(*files)
