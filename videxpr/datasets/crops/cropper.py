"""From a video to the crops of its main persons, shot by shot."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from videxpr.datasets.crops.options import CropOptions
from videxpr.datasets.crops.spool import CropSpool
from videxpr.faces.detection.detector import Detector
from videxpr.faces.pipeline import FacePipeline, Progress, Shot, TrackedFace
from videxpr.faces.subjects import rank_subjects
from videxpr.video.images import jpeg_bytes
from videxpr.video.timeline import Timeline


@dataclass(frozen=True)
class PersonCrop:
    """One person in one frame.

    Attributes:
        rank: 0 for the main person of the shot, 1 for the second.
        frame: 0-based index of the frame.
        center_x: of the face, in displayed pixels from the left.
        jpeg: the crop as the content of a JPEG file.
    """

    rank: int
    frame: int
    center_x: float
    jpeg: bytes


class Cropper:
    """A detector and a geometry, ready for any number of videos, one after another."""

    def __init__(self, detector: Detector, options: CropOptions) -> None:
        self.detector = detector
        self.options = options
        self._follower = FacePipeline(
            detector,
            options.faces,
            [options.template],
        )

    def crops(
        self, path: Path, log: Timeline, progress: Progress | None = None
    ) -> Iterator[PersonCrop]:
        """Crops of the main persons of a video, a person and a shot at a time.

        Who the main person is shows when the shot ends. Until then all its faces are held, as JPEG: a
        few kilobytes each, the first 64 MB of a shot in memory.

        Args:
            path: of the video.
            log: fresh; what is known of the frames is noted there.
            progress: called after each frame.

        Raises:
            SourceError: the video is missing, cannot be opened, or gives no frame.
            OSError: the temporary folder is full.
        """
        with CropSpool() as buffered:

            def hold(tracked_faces: list[TrackedFace]) -> None:
                for sight in tracked_faces:
                    buffered.add(sight.track.number, self._jpeg(sight))

            for shot in self._follower.shots(path, log, hold, progress):
                yield from self._of_shot(shot, buffered)
                buffered.clear()

    def _jpeg(self, sight: TrackedFace) -> bytes:
        return jpeg_bytes(sight.crops[0], self.options.quality)

    def _of_shot(self, shot: Shot, buffered: CropSpool) -> Iterator[PersonCrop]:
        people = rank_subjects(shot.tracks, self.options.faces.person, shot.frame_size)[
            : self.options.people
        ]
        for rank, track in enumerate(people):
            files = buffered.of(track.number)
            for frame, face, jpeg in zip(track.frames, track.faces, files, strict=True):
                yield PersonCrop(rank, frame, float(face.bbox[0] + face.bbox[2]) / 2, jpeg)
