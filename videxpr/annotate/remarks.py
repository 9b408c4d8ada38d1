"""What an annotation says of its source besides the rows: warnings, and which bytes were read."""

from collections.abc import Iterator

from videxpr.crops import open_crops
from videxpr.files import sha256_of
from videxpr.frame_log import FrameLog
from videxpr.sources import Source


def warnings(source: Source, log: FrameLog, rows: int) -> Iterator[str]:
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
