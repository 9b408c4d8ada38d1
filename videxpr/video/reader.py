"""Videos, frame by frame, as they are shown: upright, in square pixels, with their own times.

All frames of a video have the size of its first one, which is its size for everything that follows.

On NVIDIA's GPUs (NVDEC) FFmpeg's own decoder reads the stream and the GPU makes its frames, which come
back to the CPU: they, their order and their times are those of the CPU's decoder.
"""

import math
from collections.abc import Collection, Iterable, Iterator
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any, Final, Self, cast

import av
import numpy as np
from av.codec.hwaccel import HWAccel
from av.packet import Packet
from av.sidedata.sidedata import SideDataContainer
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from videxpr.core.errors import SourceError
from videxpr.core.remote import Location
from videxpr.core.structures import Frame, Image
from videxpr.video.canvas import Canvas
from videxpr.video.container import open_video, refusal_reason, too_large_reason
from videxpr.video.file_kinds import ENCRYPTED
from videxpr.video.nvdec import (
    codec_unsupported_reason,
    device_unsupported_reason,
    format_unsupported_reason,
)
from videxpr.video.options import DecodingOptions
from videxpr.video.streams import other_streams

COLOR_MATRICES: Final = frozenset({0, 1, 2, 4, 5, 6, 7, 9})
"""FFmpeg's numbers of the color matrices that it converts to RGB; 2 is "not said"."""

TRANSPARENT: Final = frozenset({"gif", "apng"})
"""Codecs whose pictures have holes by design; elsewhere what is said of transparency is often wrong."""

ON_CPU: Final = DecodingOptions(decoder="cpu")


class Video:
    """An opened video. Iterating gives one `Frame` for every frame that decodes.

    Frames come in presentation order. Rotation and mirroring are applied, and non-square pixels are
    scaled to their display shape, so that all later coordinates are displayed pixels. Where the size
    changes on the way, each frame is scaled into the first one's size, its shape kept: what is left
    over is black. What is transparent in GIF and animated PNG is white.

    Attributes:
        path: the file.
        codec: FFmpeg's name of the codec.
        stream: number of the stream that is read, among the file's video streams.
        fps: frames a second that the stream states, 0 if none; not to be believed where there are
            times.
        container_start_seconds: time of the earliest sound or picture in the file, never below 0, at
            which players count 0; pts count from elsewhere.
        frames_hint: frames that the container claims or that its duration suggests, 0 if unknown;
            never to be believed.
        decoder: where its frames are decoded, ``cpu`` or e.g. ``cuda:0``.
        decoder_note: why that is the CPU although a GPU could have been taken; None if there is
            nothing to say.
        decode_errors: damaged packets, and frames that the decoder itself marks as damaged; grows
            during iteration.

    Raises:
        SourceError: the file is missing, is no video of a known container, or has no video stream,
            or a GPU must decode it and cannot, or its frames are too large; during iteration: it is
            encrypted, a frame is too large, or its frames cannot be converted to RGB.
    """

    def __init__(self, path: str | Location, decoding: DecodingOptions = ON_CPU) -> None:
        """Open a video.

        Args:
            path: of the file, or the file at an address.
            decoding: which stream is decoded, where, and how large a frame may be.
        """
        self.decode_errors = 0
        self.decoder = "cpu"
        self.decoder_note: str | None = None
        self.path = Path(path) if isinstance(path, str) else path
        self._max_pixels = decoding.limits.max_pixels
        self._opened = open_video(self.path, decoding.stream, self._max_pixels)
        self.stream = self._opened.number
        asked = decoding.stream is not None  # who asks for one knows of the others
        self._others = None if asked else other_streams(self._opened.streams, self.stream)
        self.codec = self._stream.codec_context.name
        self.fps = self._opened.fps
        self.container_start_seconds = self._opened.start_seconds
        self.frames_hint = self._opened.frames_hint
        self._canvas = Canvas()
        self._span = (math.inf, -math.inf)  # seconds of the packets that were read
        self._packets_read = 0
        self._container_aspect = self._opened.aspect
        self._first_aspect: Fraction | None = None  # of a pixel, as the stream says
        self._scaler = VideoReformatter()
        self._frames: Iterator[VideoFrame] = self._decode()
        if decoding.gpu is not None:
            self._decode_on(decoding.gpu, decoding.decoder == "cuda")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.container.close()

    def __iter__(self) -> Iterator[Frame]:
        """Yield frames from the first on; a video can be read once."""
        for index, (stamp, frame) in enumerate(_with_stamps(self._frames)):
            yield self._frame(index, stamp, frame)

    def select(self, indices: Collection[int]) -> Iterator[Frame]:
        """Yield some frames in order; what is between them is decoded, but never made a picture of.

        Args:
            indices: of the frames; what is beyond the end is left out.
        """
        last = max(indices, default=-1)
        for index, (stamp, frame) in enumerate(_with_stamps(self._frames)):
            if index > last:
                return
            if index == 0 or index in indices:  # the first one decides the size of all
                shown = self._frame(index, stamp, frame)
                if index in indices:
                    yield shown

    def _frame(self, index: int, stamp: int | None, frame: VideoFrame) -> Frame:
        base = self.time_base
        pts = math.nan if stamp is None else float(stamp * base)
        duration = float(frame.duration * base) if frame.duration else math.nan
        times = (pts, duration) if self._opened.is_timed else (math.nan, math.nan)
        return Frame(index, times[0], self._shown(frame), times[1])

    @property
    def time_base(self) -> Fraction:
        """Of which the file's times are whole multiples, in seconds."""
        return self._stream.time_base or Fraction(0)

    @property
    def warnings(self) -> list[str]:
        """What a user should know of how it was read so far."""
        return [sentence for sentence in (self._others, self._canvas.warning) if sentence]

    def span_seconds(self, fps: float) -> tuple[float, float]:
        """Return when the video begins and ends; what is left of it is read, not decoded.

        Args:
            fps: frames a second of a video without times.
        """
        for _ in self._packets():
            pass
        begins, ends = self._span
        return self._span if begins < ends else (0.0, self._packets_read / fps)

    def _decode_on(self, gpu: int, or_nothing: bool) -> None:
        """Let a GPU decode if it can, which the first frame shows; else note why it does not."""
        self.decoder_note = codec_unsupported_reason(self.codec) or self._reopen(gpu)
        if self.decoder_note is None:
            first = next(self._frames, None)
            self._frames = chain([first] if first else [], self._frames)
            self.decoder_note = format_unsupported_reason(first.format.name) if first else None
        if self.decoder_note is None:
            self.decoder = f"cuda:{gpu}"
        elif or_nothing:
            self._opened.container.close()
            raise SourceError(
                f"{self.path}: cannot be decoded on a GPU: {self.decoder_note}; choose --decoder "
                "auto or cpu"
            )

    def _reopen(self, gpu: int) -> str | None:
        """Open the file once more, for a GPU; return why that cannot be used, if so."""
        try:
            # a frame in the middle that the GPU does not take is decoded on the CPU rather than lost
            on_gpu = HWAccel("cuda", device=gpu, allow_software_fallback=True)
            opened = open_video(self.path, self.stream, self._max_pixels, on_gpu)
        except SourceError as exc:
            return device_unsupported_reason(gpu, exc.__cause__)
        self._opened.container.close()
        self._opened = opened
        return None

    @property
    def _stream(self) -> VideoStream:
        return self._opened.stream

    def _decode(self) -> Iterator[VideoFrame]:
        for packet in chain(self._packets(), [None]):  # None empties the decoder
            damaged = packet is not None and packet.is_corrupt
            try:
                frames = self._stream.decode(packet)
            except av.error.FFmpegError as exc:
                frames, damaged = [], True
                if reason := refusal_reason(exc, self._stream, self._max_pixels):
                    raise SourceError(f"{self.path}: {reason}") from exc
            self.decode_errors += damaged
            for frame in frames:
                self.decode_errors += frame.is_corrupt
                yield frame

    def _packets(self) -> Iterator["Packet[VideoStream]"]:
        """Yield packets up to the end of the container, or to where it breaks off."""
        try:
            for packet in self._opened.container.demux(self._stream):
                if packet.size:
                    self._note_packet(packet)
                    yield packet
                elif packet.dts is None:  # PyAV's mark of the end
                    return
        except av.error.FFmpegError:
            self.decode_errors += 1

    def _note_packet(self, packet: "Packet[VideoStream]") -> None:
        if packet.has_sidedata("encryption_info"):
            raise SourceError(f"{self.path}: {ENCRYPTED}")
        self._packets_read += 1
        stamp = packet.dts if packet.pts is None else packet.pts
        if stamp is not None and self._opened.is_timed and not packet.is_discard:
            base = float(packet.time_base or 0)
            seconds = stamp * base
            ends = seconds + (packet.duration or 0) * base
            self._span = min(self._span[0], seconds), max(self._span[1], ends)

    def _shown(self, frame: VideoFrame) -> Image:
        """Return a frame as it is shown, in the size of the first one."""
        matrix = _display_matrix(frame)
        width, height = max(1, round(frame.width * self._aspect())), frame.height
        if reason := too_large_reason(self._max_pixels, width, height):
            raise SourceError(f"{self.path}: {reason}")
        sideways = _is_sideways(matrix)
        size = (height, width) if sideways else (width, height)
        width, height = self._canvas.fit(size)
        stored = (height, width) if sideways else (width, height)
        return self._canvas.place(_upright(self._rgb(frame, *stored), matrix))

    def _rgb(self, frame: VideoFrame, width: int, height: int) -> Image:
        """Return a frame's pixels as they are stored, scaled."""
        if frame.colorspace not in COLOR_MATRICES:
            frame.colorspace = 2
        pixels = "rgba" if self.codec in TRANSPARENT else "rgb24"
        try:
            scaled = self._scaler.reformat(frame, width, height, pixels, threads=1)
        except av.error.FFmpegError as exc:
            raise SourceError(
                f"{self.path}: frames of the format {frame.format.name} cannot be "
                f"converted to RGB ({exc.strerror}); convert the video first"
            ) from exc
        image = cast(Image, scaled.to_ndarray())
        return _on_white(image) if pixels == "rgba" else image

    def _aspect(self) -> float:
        """Return the width of a pixel over its height, 1.0 where nothing sensible is said.

        The container's word counts, until the stream says something new on the way.
        """
        coded = self._stream.codec_context.sample_aspect_ratio
        if self._canvas.size == (0, 0):
            self._first_aspect = coded
        aspect = coded if coded != self._first_aspect else self._container_aspect or coded
        return float(aspect) if aspect and 0.1 < aspect < 10 else 1.0


def _with_stamps(frames: Iterable[VideoFrame]) -> Iterator[tuple[int | None, VideoFrame]]:
    """Yield each frame with its own time or, in containers that hold decoding times only (AVI, ASF),
    the time of the packet that brought it out.

    The last frames of such a container are brought out by no packet: each comes when the one before it
    ends. None where all this is unknown.
    """
    last = due = None
    for frame in frames:
        stamp = next((time for time in (frame.pts, frame.dts, due) if time is not None), None)
        yield stamp, frame
        if stamp is not None:
            gap = frame.duration or (stamp - last if last is not None else 0)
            last, due = stamp, (stamp + gap if gap > 0 else None)


def _on_white(image: Image) -> Image:
    """Return (height, width, 4) RGBA pixels on white, as RGB."""
    colors, alpha = image[..., :3], image[..., 3:]
    if alpha.min() == 255:
        return np.ascontiguousarray(colors)
    mixed = colors.astype(np.uint16) * alpha + (255 - alpha) * np.uint16(255)
    return (mixed // 255).astype(np.uint8)


def _is_sideways(matrix: list[float]) -> bool:
    """Return whether a display matrix turns by 90 or 270 degrees."""
    return abs(matrix[1]) > abs(matrix[0])


def _upright(image: Image, matrix: list[float]) -> Image:
    """Rotate and mirror as a display matrix says, in steps of 90 degrees."""
    a, b, c, d = matrix
    if _is_sideways(matrix):
        image, a, d = image.swapaxes(0, 1), c, b
    return np.ascontiguousarray(image[:: -1 if d < 0 else 1, :: -1 if a < 0 else 1])


def _display_matrix(frame: VideoFrame) -> list[float]:
    """Return a, b, c, d, which send a stored point (x, y) to (a x + c y, b x + d y) on screen."""
    try:
        # not frame.side_data, which the frame would hold, as it the frame: hundreds of them would
        # wait in memory for the collection of cycles
        side_data: Any = SideDataContainer(frame)  # type: ignore[call-arg]
        matrix = np.frombuffer(side_data["DISPLAYMATRIX"], np.int32)
        return [float(value) for value in matrix[[0, 1, 3, 4]]]
    except KeyError:
        return [1, 0, 0, 1]
    except ValueError:  # PyAV lists nothing where one kind of side data is new to it
        cos, sin = math.cos(math.radians(frame.rotation)), math.sin(math.radians(frame.rotation))
        return [cos, -sin, sin, cos]
