"""The video of an annotation, read again: the frames that were annotated, and no others."""

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from videxpr.annotation.media import find_outcome
from videxpr.core.errors import SourceError
from videxpr.core.files import sha256_of
from videxpr.core.names import is_address
from videxpr.core.structures import Frame
from videxpr.formats.record import Annotation
from videxpr.video.options import DecodingOptions
from videxpr.video.reader import Video

SHA256: Final = re.compile(r"[0-9a-f]{64}")


def find_video(parquet: Path, annotation: Annotation) -> Path:
    """Return the video that an annotation in an output folder was made of.

    Raises:
        SourceError: it is of crops, or nobody knows where the video is.
        FormatError: the folder's log is another program's, or cannot be read.
    """
    check_is_video(annotation)
    outcome = find_outcome(parquet)
    if outcome is None:
        raise SourceError(
            f"{parquet}: no run.jsonl beside it or above says where its video {annotation.video} is; "
            "annotate it into a folder of its own (videxpr overlay takes the video by --video)"
        )
    path = outcome.source.path
    if is_address(path):
        raise SourceError(
            f"{parquet}: its video is at {path}; copy it to this machine and annotate the copy "
            "(videxpr overlay takes the copy by --video)"
        )
    if not Path(path).is_file():
        raise SourceError(
            f"{parquet}: its video {path} is not there any more; run the same annotate on it where it "
            "is now, which only notes the place (videxpr overlay takes the video by --video)"
        )
    return Path(path)


def check_is_video(annotation: Annotation) -> None:
    """Refuse annotations of crops.

    Raises:
        SourceError: nobody knows where in a picture the faces were.
    """
    if annotation.from_crops:
        raise SourceError(
            f"{annotation.video}: it was annotated from crops, which are no video and have no boxes; "
            "annotate the video itself"
        )


def is_same_file(path: Path, annotation: Annotation) -> bool:
    """Return whether a video has the bytes that were annotated, as far as the record knows those.

    Raises:
        SourceError: it cannot be read.
    """
    recorded = annotation.provenance.get("source_sha256", "")
    if not SHA256.fullmatch(recorded):  # as that of a store, which has its own ways
        return True
    try:
        return sha256_of(path) == recorded
    except OSError as exc:
        raise SourceError(f"cannot read {path}: {exc.strerror or exc}") from exc


def check_to_blur(path: Path, annotation: Annotation) -> None:
    """Refuse to blur faces in another video than the one in which they were found.

    Raises:
        SourceError: it has other bytes, or cannot be read.
    """
    if not is_same_file(path, annotation):
        raise SourceError(
            f"{path}: its SHA-256 is not that of the video that was annotated, and faces may be "
            "elsewhere in it, so nothing can be blurred; annotate it again"
        )


@contextmanager
def open_recorded(path: Path, annotation: Annotation) -> Iterator[Video]:
    """Open the stream of a video that was annotated.

    Raises:
        SourceError: it cannot be opened, or is of crops.
    """
    check_is_video(annotation)
    stream = annotation.provenance.get("video_stream", "")
    with Video(
        path, DecodingOptions("cpu", stream=int(stream) if stream.isdecimal() else None)
    ) as video:
        yield video


def annotated_frames(video: Video, annotation: Annotation) -> Iterator[Frame]:
    """Yield the frames that were annotated, each of which must be there.

    Raises:
        SourceError: the video has fewer frames than the record, or more where its end was annotated, or
            another size.
    """
    count, to_its_end = 0, annotation.options.get("end") is None
    for frame in video:
        if frame.index >= annotation.end_frame:
            if to_its_end:
                raise _changed(
                    video, f"it goes on after the {len(annotation)} frames of the record"
                )
            return
        if frame.index >= annotation.first_frame:
            _check_size(video, annotation, frame)
            count += 1
            yield frame
    if count < len(annotation):
        raise _changed(video, f"it has {count} of the {len(annotation)} frames of the record")


def some_frames(video: Video, annotation: Annotation, frames: Collection[int]) -> Iterator[Frame]:
    """Yield some of the frames that were annotated, in order, each of which must be there.

    Args:
        video: opened, not yet read.
        annotation: of it.
        frames: their indices.

    Raises:
        SourceError: the video lacks one of them, or has another size.
    """
    count = 0
    for frame in video.select(frames):
        _check_size(video, annotation, frame)
        count += 1
        yield frame
    if count < len(frames):
        raise _changed(video, f"frame {max(frames)} of the record is not in it")


def _check_size(video: Video, annotation: Annotation, frame: Frame) -> None:
    height, width = frame.image.shape[:2]
    stated = annotation.provenance.get("frame_size", "")
    if stated not in ("", f"{width}x{height}"):
        raise _changed(
            video, f"its frames have {width}x{height} pixels, those of the record {stated}"
        )


def _changed(video: Video, how: str) -> SourceError:
    return SourceError(
        f"{video.path}: {how}, so it is not the video that was annotated, or was changed since; "
        "annotate it again"
    )
