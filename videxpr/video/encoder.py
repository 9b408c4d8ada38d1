"""MP4 files, frame by frame: each frame with its own time, exactly, and the sound beside them."""

from collections import deque
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import av
import numpy as np
from av.codec import Codec
from av.container import OutputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.reformatter import Colorspace
from av.video.stream import VideoStream

from videxpr.core.errors import OutputError
from videxpr.core.structures import Image
from videxpr.video.container import OPTIONS
from videxpr.video.sound import Sound

H264, MPEG4 = "libx264", "mpeg4"
QUALITY: Final = {
    H264: {"preset": "veryfast", "crf": "20"},
    MPEG4: {"flags": "+qscale", "global_quality": "472"},  # 4 times FFmpeg's unit of 118
}

FINEST: Final = 1_000_000
"""Ticks a second that MP4 surely holds: durations have 32 bits."""

COARSEST: Final = 90_000
"""Ticks a second that a file has at least, by which streams may begin later than the file."""

FALLBACK: Final = Fraction(1, 90_000)

METADATA: Final = "+bitexact"
"""FFmpeg's word for: say nothing of the program that wrote it."""


@dataclass(frozen=True)
class Track:
    """What the pictures of a file are like.

    Attributes:
        width, height: in pixels; one that is odd gets a row or column more.
        time_base: of which all times are multiples, in seconds.
        fps: frames a second that are about right.
    """

    width: int
    height: int
    time_base: Fraction
    fps: float = 25.0

    @property
    def ticks(self) -> int:
        """Ticks a second of the file."""
        return self.time_base.denominator


def exact_time_base(time_base: Fraction) -> Fraction:
    """Return one over the ticks a second in which MP4 holds multiples of a time base exactly.

    Of those that are too fine it holds the nearest times there are.
    """
    is_held = time_base > 0 and time_base.denominator <= FINEST
    return Fraction(1, time_base.denominator) if is_held else FALLBACK


def comment_of(path: Path) -> str:
    """Return what an MP4 file says of itself; nothing of another file, or one that cannot be read."""
    try:
        with av.open(f"file:{path}", format="mp4", options=OPTIONS) as container:
            return container.metadata.get("comment", "")
    except (av.error.FFmpegError, OSError, ValueError):
        return ""


def choose_codec() -> str:
    """Return the encoder: H.264 if this FFmpeg has it, else MPEG-4, which is older than browsers."""
    try:
        return Codec(H264, "w").name
    except ValueError:  # it knows no such codec
        return MPEG4


class Mp4Writer:
    """A file that is being written; as a context manager it is ended, well or not.

    There are no B-frames: packets come in the order of the frames, one for each, and get their times
    here, past the encoder, which knows fewer times than MP4.

    Attributes:
        codec: FFmpeg's name of the encoder.
    """

    def __init__(
        self,
        path: Path,
        track: Track,
        sound: Sound | None = None,
        comment: str = "",
        name: Path | None = None,
    ) -> None:
        """Begin a file.

        Args:
            path: of the file.
            track: what its pictures are like.
            sound: that stands beside them.
            comment: that the file says of itself.
            name: what errors call it; None for its path.

        Raises:
            OutputError: nothing can encode such pictures, or the file cannot be written.
        """
        self._name, self._track = name or path, track
        self.codec = choose_codec()
        ticks = track.ticks * -(-COARSEST // track.ticks)
        options = {"movie_timescale": str(ticks), "movflags": "+faststart", "fflags": METADATA}
        try:
            self._container: OutputContainer = av.open(
                f"file:{path}", "w", format="mp4", options=options
            )
            if comment:
                self._container.metadata["comment"] = comment
            self._stream = _add_video(self._container, self.codec, track)
            self._sound = sound.add_to(self._container) if sound else iter(())
            self._container.start_encoding()
        except (av.error.FFmpegError, ValueError) as exc:
            raise self._error(exc) from exc
        self._heard = next(self._sound, None)
        self._stamps = deque[int]()
        self._packets: deque[Packet[VideoStream]] = deque()
        self._count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: object, trace: TracebackType | None
    ) -> None:
        try:
            self._container.close()
        except av.error.FFmpegError as exc:
            if kind is None:
                raise self._error(exc) from exc

    def add(self, image: Image, stamp: int) -> None:
        """Add a frame.

        Args:
            image: (height, width, 3).
            stamp: its time in ticks of the track's time base, larger than the one before.

        Raises:
            OutputError: the disk is full.
        """
        frame = VideoFrame.from_ndarray(_even(image), format="rgb24")
        frame = frame.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709)
        frame.pts, frame.time_base = self._count, self._stream.codec_context.time_base
        self._count += 1
        self._stamps.append(stamp)
        self._encode(frame)

    def finish(self, end: int) -> None:
        """Write what is left.

        Args:
            end: when the last frame ends, in ticks.

        Raises:
            OutputError: the disk is full.
        """
        self._stamps.append(end)
        self._encode(None)
        self._mux_sound(float("inf"))

    def _encode(self, frame: VideoFrame | None) -> None:
        try:
            self._packets.extend(self._stream.encode(frame))
            while self._packets and len(self._stamps) > 1:  # then it is known when the frame ends
                packet, stamp = self._packets.popleft(), self._stamps.popleft()
                packet.pts = packet.dts = stamp
                packet.time_base = self._track.time_base
                packet.duration = self._stamps[0] - stamp
                self._mux_sound(float(stamp * self._track.time_base))
                self._container.mux(packet)
        except av.error.FFmpegError as exc:
            raise self._error(exc) from exc

    def _mux_sound(self, until_seconds: float) -> None:
        """Write the sound up to a time."""
        while self._heard is not None and self._heard[0] <= until_seconds:
            self._container.mux(self._heard[1])
            self._heard = next(self._sound, None)

    def _error(self, exc: Exception) -> OutputError:
        return OutputError(f"cannot write {self._name}: {getattr(exc, 'strerror', None) or exc}")


def _add_video(container: OutputContainer, codec: str, track: Track) -> VideoStream:
    rate = Fraction(track.fps).limit_denominator(1001) or Fraction(25)
    stream: Any = container.add_stream(codec, rate=rate, options=QUALITY[codec])
    stream.width, stream.height = track.width + track.width % 2, track.height + track.height % 2
    stream.pix_fmt = "yuv420p"
    context = stream.codec_context
    context.time_base, context.max_b_frames = 1 / rate, 0
    # ITU-R BT.709 throughout, and said: players guess by the size of the picture otherwise
    context.colorspace = context.color_primaries = context.color_trc = 1
    context.color_range = 1
    stream.time_base = track.time_base
    return stream  # type: ignore[no-any-return]


def _even(image: Image) -> Image:
    """Return an image whose sides are even: H.264 halves them for colors."""
    height, width = image.shape[:2]
    if height % 2 or width % 2:
        image = np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    return np.ascontiguousarray(image)
