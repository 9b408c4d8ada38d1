"""From a video to the crops of its main subjects, shot by shot."""

from array import array
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from os import SEEK_END
from tempfile import SpooledTemporaryFile
from typing import Final, Self

from videxpr.core.remote import Location
from videxpr.datasets.crops.options import CropOptions
from videxpr.faces.detection.detector import Detector
from videxpr.faces.identity import Recognizer
from videxpr.faces.people import People
from videxpr.faces.pipeline import FacePipeline, Progress, TrackedFace
from videxpr.faces.subjects import RankedTrack
from videxpr.video.images import jpeg_bytes
from videxpr.video.timeline import Timeline

BUFFERED_BYTES: Final = 1 << 26
"""Of one shot; a few minutes of one person. More of them go to the system's temporary folder."""


@dataclass(frozen=True)
class PersonCrop:
    """One person in one frame.

    Attributes:
        rank: 0 for the main person of the frame, 1 for the second.
        frame: 0-based index of the frame.
        center_x: of the face, in displayed pixels from the left.
        jpeg: the crop as the content of a JPEG file.
    """

    rank: int
    frame: int
    center_x: float
    jpeg: bytes


class Cropper:
    """Crops any number of videos, one after another."""

    def __init__(
        self, detector: Detector, options: CropOptions, recognizer: Recognizer | None = None
    ) -> None:
        """Make ready.

        Args:
            detector: that looks for faces.
            options: which faces are cropped, and how.
            recognizer: that tells people apart by their faces; None without one.
        """
        self.detector = detector
        self.options = options
        self._recognizer = recognizer
        seen_by = options.template if recognizer is None else recognizer.template
        self._faces = FacePipeline(detector, options.faces, [options.template, seen_by])

    def crops(
        self, path: Location, timeline: Timeline, progress: Progress | None = None
    ) -> Iterator[PersonCrop]:
        """Yield the crops of the main subjects of a video, a track and a shot at a time.

        Who the main subject is shows when the shot ends. Until then all its faces are buffered, as
        JPEG: a few kilobytes each, the first 64 MB of a shot in memory.

        Args:
            path: of the video.
            timeline: fresh; what is known of the frames is noted there.
            progress: called after each few frames.

        Raises:
            SourceError: the video is missing, cannot be opened, or gives no frame.
            OSError: the temporary folder is full.
        """
        with CropSpool() as spool:

            def buffer(faces: list[TrackedFace]) -> None:
                people.add(faces)
                for face in faces:
                    jpeg = jpeg_bytes(face.crops[0], self.options.quality)
                    spool.add(face.track.number, jpeg)

            options, recognizer = self.options, self._recognizer
            people = People(options.faces, options.people, timeline.times, recognizer, template=-1)
            for shot in self._faces.shots(path, timeline, buffer, progress):
                for ranked in people.end_shot(shot):
                    yield from self._of_track(ranked, spool)
                spool.clear()

    def _of_track(self, ranked: RankedTrack, spool: "CropSpool") -> Iterator[PersonCrop]:
        """Yield the crops of a track in the frames in which it is asked for."""
        track = ranked.track
        ranks, jpegs = ranked.detected_ranks.tolist(), spool.of(track.number)
        for rank, frame, face, jpeg in zip(
            ranks, track.frames, track.faces.values, jpegs, strict=True
        ):
            if rank < self.options.people:
                yield PersonCrop(rank, frame, float(face[0] + face[2]) / 2, jpeg)


class CropSpool:
    """Contents of JPEG files by the number of their track; 64 MB in memory at most.

    It is used in a ``with`` block, at the end of which nothing of it is left.
    """

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(max_size=BUFFERED_BYTES)  # noqa: SIM115
        self._places: dict[int, array[int]] = defaultdict(lambda: array("q"))  # begin, end, ...

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, track: int, jpeg: bytes) -> None:
        """Add the next crop of a track.

        Raises:
            OSError: the temporary folder is full.
        """
        begin = self._file.seek(0, SEEK_END)
        self._file.write(jpeg)
        self._places[track].extend((begin, begin + len(jpeg)))

    def of(self, track: int) -> Iterator[bytes]:
        """Yield all crops of a track, in the order in which they came."""
        places = self._places[track]
        for begin, end in zip(places[::2], places[1::2], strict=True):
            self._file.seek(begin)
            yield self._file.read(end - begin)

    def clear(self) -> None:
        """Drop all crops."""
        self._file.seek(0)
        self._file.truncate()
        self._places.clear()
