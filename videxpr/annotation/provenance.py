"""What an annotation says of how it was made: warnings, which bytes were read, and how to repeat it."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from videxpr.annotation.options import AnnotateCommand
from videxpr.core.errors import FormatError
from videxpr.core.files import sha256_of
from videxpr.core.option import option_fields
from videxpr.core.remote import RemoteFile
from videxpr.datasets.crops.reader import open_crops
from videxpr.formats.record import JOINT, Annotation, FaceRows
from videxpr.model.hub.resolve import recorded_models
from videxpr.video.sources import Source
from videxpr.video.timeline import Timeline

NAMED_PEOPLE: Final = 4
"""Persons of whom a warning says for how long they were the main one."""


LEAST_LEFT_OUT: Final = 0.05
"""Share of frames; fewer with others in them are passers-by, or no faces."""


def warnings(
    source: Source, timeline: Timeline, faces: FaceRows, left_out_frames: int
) -> Iterator[str]:
    """Yield what a user should know of a source that was read, and of the rows with a face.

    Args:
        source: that was read.
        timeline: of its frames.
        faces: rows with a face.
        left_out_frames: in which somebody was detected who was not asked for.
    """
    main = Counter(faces.person[faces.of_rank(0)].tolist()).most_common()
    if len(main) > 1:
        named = ", ".join(f"person {number}: {count}" for number, count in main[:NAMED_PEOPLE])
        more = ", ..." if len(main) > NAMED_PEOPLE else ""
        yield (
            f"{len(main)} persons are the main one, each in some of the frames ({named}{more}); "
            "summary.csv has a line for each"
        )
    if left_out_frames > LEAST_LEFT_OUT * len(timeline):
        yield (
            f"other faces are in {left_out_frames} of {len(timeline)} frames, and not annotated; "
            "--people all annotates them"
        )
    if not len(faces):
        yield "no face was found: text formats say Neutral, or -1, throughout"
    if timeline.decode_errors:
        yield f"{timeline.decode_errors} damaged packets or frames in the video"
    if timeline.decoder_note:
        yield f"decoded on the CPU: {timeline.decoder_note}"
    yield from timeline.video_warnings
    if timeline.odd_steps == len(timeline):
        yield f"the video has no times; {timeline.fps:g} frames a second are assumed"
    elif timeline.odd_steps:
        yield f"{timeline.odd_steps} frames have no time or one that does not rise"
    if source.more:
        places = " and ".join(map(str, source.folders))
        yield f"its crops are in {places}; of a frame in several, the first one's counts"


def fingerprint(source: Source) -> tuple[int, str]:
    """Return size in bytes and SHA-256 of a file, or of all crops of a video in their order.

    What is read by range is not fetched once more as a whole: of a file in a store that names its bytes
    that name stands in place of the hash.
    """
    if source.kind == "crops":
        images = open_crops(*source.folders).images.values()
        return sum(file.stat().st_size for file in images), sha256_of(*images)
    path = source.path
    known = path.identity if isinstance(path, RemoteFile) else ""
    return path.stat().st_size, known or sha256_of(path)


def configuration_of(annotation: Annotation) -> dict[str, Any]:
    """Return the options that repeat an annotation, by the names of flags, as TOML values.

    Raises:
        FormatError: the annotation does not say how it was made.
    """
    made = annotation.provenance
    if not annotation.options or "model" not in made:
        raise FormatError(f"{annotation.video}: the record does not say how it was made")
    known = option_fields(AnnotateCommand)
    chosen = {name: value for name, value in annotation.options.items() if name in known}
    if "segment" in made:  # its times count as a player's, those of --start as the file's
        origin = annotation.container_start_seconds
        chosen |= {name: chosen[name] + origin for name in ("start", "end")}
    return chosen | {
        "model": recorded_models(made),
        "model-sha256": made["model_sha256"].split(JOINT),
    }
