"""Videos, frame by frame, as they are shown: upright, in square pixels, with their own times.

On NVIDIA's GPUs (NVDEC) FFmpeg's own decoder reads the stream and the GPU makes its frames, which come
back to the CPU: they, their order and their times are those of the CPU's decoder.
"""

import math
from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any, Final, Self, cast

import av
import numpy as np
from av.codec.hwaccel import HWAccel, HWDeviceType, hwdevices_available
from av.container import InputContainer
from av.packet import Packet
from av.sidedata.sidedata import SideDataContainer
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from videxpr.core.errors import SourceError
from videxpr.core.structures import Frame, Image
from videxpr.video.options import DecodingOptions

DEMUXERS: Final = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,flv,asf,ogg,mpeg,mpegts,mpegvideo,h264,hevc,av1,"
    "obu,ivf,m4v,dv,mxf,gxf,rm,nut,wtv,gif,apng,yuv4mpegpipe"
)
"""FFmpeg's names of the containers that may be opened. Playlists and lists of files, which would
make the decoder open other files or addresses, are not among them."""

OPTIONS: Final = {"format_whitelist": DEMUXERS, "protocol_whitelist": "file"}

COLOR_MATRICES: Final = frozenset({0, 1, 2, 4, 5, 6, 7, 9})
"""FFmpeg's numbers of the color matrices that it converts to RGB; 2 is "not said"."""

GPU_FORMATS: Final = frozenset(
    {"nv12", "nv16", "p010le", "p012le", "p016le", "p210le", "p212le", "p216le"}
)
"""Pixel formats of NVDEC; the same codecs' decoders on the CPU use others."""

ON_CPU: Final = DecodingOptions(decoder="cpu")


class Video:
    """An opened video. Iterating gives one `Frame` for every frame that decodes.

    Frames come in presentation order. Rotation and mirroring are applied, and non-square pixels are
    scaled to their display shape, so that all later coordinates are displayed pixels.

    Attributes:
        path: the file.
        codec: FFmpeg's name of the codec.
        frames_hint: frames that the container claims or that its duration suggests, 0 if unknown;
            never to be believed.
        decoder: where its frames are decoded, ``cpu`` or e.g. ``cuda:0``.
        decoder_note: why that is the CPU although a GPU could have been taken; None if there is
            nothing to say.
        decode_errors: damaged packets, and frames that the decoder itself marks as damaged; grows
            during iteration.

    Raises:
        SourceError: the file is missing, is no video of a known container, or has no video stream,
            or a GPU must decode it and cannot; during iteration: its frames cannot be converted to
            RGB.
    """

    def __init__(self, path: Path, decoding: DecodingOptions = ON_CPU) -> None:
        """Open a video.

        Args:
            path: of the file.
            decoding: where it is decoded.
        """
        self.decode_errors = 0
        self.decoder = "cpu"
        self.decoder_note: str | None = None
        self._container, self._stream = _open(path)
        self.path = path
        self.codec = self._stream.codec_context.name
        self.frames_hint = _frames_hint(self._container, self._stream)
        self._scaler = VideoReformatter()
        self._frames: Iterator[VideoFrame] = self._decode()
        if decoding.gpu is not None:
            self._decode_on(decoding.gpu, decoding.decoder == "cuda")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._container.close()

    def __iter__(self) -> Iterator[Frame]:
        """Yield frames from the first on; a video can be read once."""
        base = self._stream.time_base or Fraction(0)
        for index, (stamp, frame) in enumerate(_with_stamps(self._frames)):
            pts_seconds = math.nan if stamp is None else float(stamp * base)
            yield Frame(index, pts_seconds, _upright(self._rgb(frame), frame))

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
            self._container.close()
            raise SourceError(
                f"{self.path} cannot be decoded on a GPU: {self.decoder_note}; choose --decoder "
                "auto or cpu"
            )

    def _reopen(self, gpu: int) -> str | None:
        """Open the file once more, for a GPU; return why that cannot be used, if so."""
        try:
            # a frame in the middle that the GPU does not take is decoded on the CPU rather than lost
            on_gpu = HWAccel("cuda", device=gpu, allow_software_fallback=True)
            opened = _open(self.path, on_gpu)
        except SourceError as exc:
            return device_unsupported_reason(gpu, exc.__cause__)
        self._container.close()
        self._container, self._stream = opened
        return None

    def _decode(self) -> Iterator[VideoFrame]:
        for packet in chain(self._packets(), [None]):  # None empties the decoder
            damaged = packet is not None and packet.is_corrupt
            try:
                frames = self._stream.decode(packet)
            except av.error.FFmpegError:
                frames, damaged = [], True
            self.decode_errors += damaged
            for frame in frames:
                self.decode_errors += frame.is_corrupt
                yield frame

    def _packets(self) -> Iterator["Packet[VideoStream]"]:
        """Yield packets up to the end of the container, or to where it breaks off."""
        try:
            for packet in self._container.demux(self._stream):
                if packet.size:
                    yield packet
                elif packet.dts is None:  # PyAV's mark of the end
                    return
        except av.error.FFmpegError:
            self.decode_errors += 1

    def _rgb(self, frame: VideoFrame) -> Image:
        if frame.colorspace not in COLOR_MATRICES:
            frame.colorspace = 2
        width = max(1, round(frame.width * self._aspect()))
        try:
            rgb = self._scaler.reformat(frame, width, frame.height, "rgb24", threads=1)
        except av.error.FFmpegError as exc:
            raise SourceError(
                f"{self.path}: frames of the format {frame.format.name} cannot be "
                f"converted to RGB ({exc.strerror}); convert the video first"
            ) from exc
        return cast(Image, rgb.to_ndarray())

    def _aspect(self) -> float:
        """Return the width of a pixel over its height, 1.0 where nothing sensible is said."""
        aspect = self._stream.sample_aspect_ratio or self._stream.codec_context.sample_aspect_ratio
        return float(aspect) if aspect and 0.1 < aspect < 10 else 1.0


def _open(path: Path, acceleration: HWAccel | None = None) -> tuple[InputContainer, VideoStream]:
    if not path.is_file():
        raise SourceError(f"no file {path}")
    try:
        container = av.open(
            f"file:{path}",
            options=dict(OPTIONS),
            metadata_errors="replace",
            hwaccel=acceleration,
        )
    except (av.error.FFmpegError, ValueError) as exc:
        reason = getattr(exc, "strerror", None) or str(exc)
        raise SourceError(
            f"cannot open {path}: {reason}; it is damaged, cut short, unreadable, or no video"
        ) from exc
    container.flags &= ~1  # AVFMT_FLAG_GENPTS: it invents times, wrong ones for H.264 in AVI
    for stream in container.streams.video:
        if stream.codec_context and not stream.disposition & Disposition.attached_pic:
            # One thread: with more, a damaged packet costs good frames too, and how many, and what
            # damaged frames look like, depends on the number of threads.
            stream.thread_type = "NONE"
            stream.thread_count = 1
            return container, stream
    container.close()
    raise SourceError(f"{path} has no video stream that can be decoded")


def _frames_hint(container: InputContainer, stream: VideoStream) -> int:
    if stream.frames:
        return stream.frames
    if container.duration and stream.average_rate:
        return round(container.duration / av.time_base * stream.average_rate)
    return 0


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


def _upright(image: Image, frame: VideoFrame) -> Image:
    """Rotate and mirror as the frame's display matrix says, in steps of 90 degrees."""
    a, b, c, d = _display_matrix(frame)
    if abs(b) > abs(a):
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


def codec_unsupported_reason(codec: str) -> str | None:
    """Return why no GPU can decode with a decoder of FFmpeg's, by its name; None if one may."""
    if "cuda" not in hwdevices_available():
        return "this build of PyAV has no NVDEC"
    configs: Any = av.codec.Codec(codec, "r").hardware_configs
    if any(one.device_type == HWDeviceType.cuda and one.is_supported for one in configs):
        return None
    return f"FFmpeg's decoder {codec} does not use NVDEC"


def format_unsupported_reason(pixel_format: str) -> str | None:
    """Return why a frame of that format was decoded on the CPU after all; None if on a GPU."""
    if pixel_format in GPU_FORMATS:
        return None
    return (
        f"the GPU refused its frames, and they came from the CPU as {pixel_format}: its NVDEC "
        "lacks this kind, or, in a container, NVIDIA_DRIVER_CAPABILITIES lacks video"
    )


def device_unsupported_reason(gpu: int, error: BaseException | None) -> str:
    """Return why a GPU could not be opened for decoding, by FFmpeg's error."""
    if isinstance(error, PermissionError):  # FFmpeg's way to say that it cannot load libcuda
        return f"FFmpeg finds no NVIDIA driver to use cuda:{gpu} with"
    return f"cuda:{gpu} cannot be opened ({getattr(error, 'strerror', None) or error})"
