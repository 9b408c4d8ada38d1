"""Video files, opened: by which demuxers, which of their streams, and why one cannot be."""

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Final

import av
from av.codec.hwaccel import HWAccel
from av.container import InputContainer
from av.stream import Disposition
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from videxpr.core.errors import SourceError
from videxpr.core.remote import Location
from videxpr.video.file_kinds import (
    AUDIO,
    ENCRYPTED,
    PHOTO,
    PHOTO_BRANDS,
    is_encrypted,
    unsupported_reason,
)
from videxpr.video.options import VideoLimits
from videxpr.video.streams import StreamInfo, choose_stream, missing_stream_reason

DEMUXERS: Final = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,flv,asf,ogg,mpeg,mpegts,mpegvideo,h264,hevc,av1,"
    "obu,ivf,m4v,dv,mxf,gxf,rm,nut,wtv,gif,apng,yuv4mpegpipe"
)
"""FFmpeg's names of the containers that may be opened. Playlists and lists of files, which would
make the decoder open other files or addresses, are not among them."""

OPTIONS: Final = {"format_whitelist": DEMUXERS, "protocol_whitelist": "file"}
REMOTE_OPTIONS: Final = OPTIONS | {"protocol_whitelist": "none"}
"""FFmpeg gets the bytes of such a file from us, and can open nothing else by its protocols."""

RAW_STREAMS: Final = frozenset({"h264", "hevc", "m4v", "mpegvideo", "obu", "av1"})
"""Demuxers of bare streams, which have no times: FFmpeg gives some 25 frames a second."""

PROBED_PACKETS: Final = 1000
"""So many are looked at, of all streams together, to tell a still from a film beside it."""

MOST_STREAMS: Final = 100
"""Of all kinds, in a file that is read; a broadcast's multiplex has some fifty."""

ALIGNMENT_PIXELS: Final = 1 << 22
"""A decoder counts lines of whole blocks, which are up to 64 pixels longer."""

HIGHEST_FPS: Final = 1000
"""What states more counts something else, as the clock of MPEG-TS."""


@dataclass(frozen=True)
class OpenedVideo:
    """A file that is open, and the stream of it that is read.

    Attributes:
        container: that is open; its owner closes it.
        stream: that is read.
        streams: what is known of all its video streams.
        number: of the stream that is read, among those.
    """

    container: InputContainer
    stream: VideoStream
    streams: tuple[StreamInfo, ...]
    number: int

    @property
    def is_timed(self) -> bool:
        """Whether its times are the file's own, not FFmpeg's invention."""
        return self.container.format.name not in RAW_STREAMS

    @property
    def aspect(self) -> Fraction | None:
        """The width of a pixel over its height as the container has it; None if it says nothing.

        To be asked before anything is decoded: then the decoder has only what FFmpeg found in the
        stream, which is its answer for the container too where that says nothing.
        """
        guessed: Fraction | None = self.stream.sample_aspect_ratio
        return None if guessed == self.stream.codec_context.sample_aspect_ratio else guessed

    @property
    def fps(self) -> float:
        """Frames a second that the stream states; 0 if none."""
        stated: Fraction | None = self.stream.codec_context.framerate
        if not stated and self.is_timed:
            stated = self.stream.guessed_rate
        return float(stated) if stated and 0 < stated < HIGHEST_FPS else 0.0

    @property
    def start_seconds(self) -> float:
        """Time of the earliest sound or picture in the file, at which players count 0.

        Times below 0 are of sound that is decoded but not played: mpv and ffplay begin at 0 then.
        """
        start = self.container.start_time if self.is_timed else None
        return max(start or 0, 0) / av.time_base

    @property
    def frames_hint(self) -> int:
        """Frames that the container claims or that its duration suggests; 0 if unknown."""
        if self.stream.frames:
            return self.stream.frames
        if self.container.duration and self.stream.average_rate:
            return round(self.container.duration / av.time_base * self.stream.average_rate)
        return 0


def open_video(
    path: Location,
    number: int | None = None,
    max_pixels: int = VideoLimits.max_pixels,
    acceleration: HWAccel | None = None,
) -> OpenedVideo:
    """Open a file and choose one of its video streams.

    Args:
        path: of the file.
        number: of the stream, counted from 0; None leaves the choice to `choose_stream`.
        max_pixels: of a frame; the decoder refuses larger ones before it takes memory for them.
        acceleration: a GPU that decodes.

    Raises:
        SourceError: it is missing, no video, encrypted, or too large, or has no such stream.
    """
    container = _open(path, max_pixels, acceleration)
    if (count := len(container.streams)) > MOST_STREAMS:
        container.close()
        raise SourceError(
            f"{path}: {count} streams, more than {MOST_STREAMS}; copy the video out "
            "first: ffmpeg -i IN -map 0:v:0 -c copy OUT"
        )
    streams = tuple(_info(stream) for stream in container.streams.video)
    if sum(one.is_video for one in streams) > 1:
        streams = _with_counts(path, streams, max_pixels)
    chosen = choose_stream(streams) if number is None else number
    reason = _refusal(path, container)
    if chosen is None or not streams:
        reason = reason or _no_video_reason(container)
    elif number is not None:
        reason = reason or missing_stream_reason(streams, number)
    if reason is None and chosen is not None:
        reason = too_large_reason(max_pixels, streams[chosen].width, streams[chosen].height)
    if reason or chosen is None:
        container.close()
        raise SourceError(f"{path}: {reason}")
    stream = container.streams.video[chosen]
    # One thread: with more, a damaged packet costs good frames too, and how many, and what damaged
    # frames look like, depends on the number of threads.
    stream.thread_type = "NONE"
    stream.thread_count = 1
    stream.codec_context.options = _decoder_limit(max_pixels)
    return OpenedVideo(container, stream, streams, chosen)


def too_large_reason(max_pixels: int, width: int, height: int) -> str | None:
    """Return why frames of a size are not read; None if they are."""
    if width * height <= max_pixels:
        return None
    return f"frames of {width} x {height} pixels, more than {_limit(max_pixels)}"


def refusal_reason(error: av.error.FFmpegError, stream: VideoStream, max_pixels: int) -> str | None:
    """Return that a decoder failed because a frame is too large; None if for another reason.

    Some of FFmpeg's decoders then forget the size of the stream, others state that of the frame.
    """
    width, height = stream.codec_context.width, stream.codec_context.height
    if width == 0 and isinstance(error, av.error.ArgumentError):
        return f"frames of more than {_limit(max_pixels)}"
    return too_large_reason(max_pixels, width, height)


def _limit(max_pixels: int) -> str:
    return f"{max_pixels:,} pixels; --max-pixels sets the limit"


def _decoder_limit(max_pixels: int) -> dict[str, str]:
    """Return what makes a decoder refuse larger frames before it takes memory for them."""
    return {"max_pixels": str(max_pixels + ALIGNMENT_PIXELS)}


def _open(path: Location, max_pixels: int, acceleration: HWAccel | None = None) -> InputContainer:
    if isinstance(path, Path) and not path.is_file():
        raise SourceError(f"{path}: {'a folder' if path.is_dir() else 'no such file'}")
    file = f"file:{path}" if isinstance(path, Path) else path.open()
    options = OPTIONS if isinstance(path, Path) else REMOTE_OPTIONS
    try:
        container = av.open(
            file,
            "r",
            options=options | _decoder_limit(max_pixels),
            metadata_errors="replace",
            hwaccel=acceleration,
        )
    except (av.error.FFmpegError, ValueError) as exc:
        raise SourceError(f"{path}: {_cause(path, exc)}") from exc
    container.flags &= ~1  # AVFMT_FLAG_GENPTS: it invents times, wrong ones for H.264 in AVI
    return container


def _info(stream: VideoStream) -> StreamInfo:
    codec: VideoCodecContext | None = stream.codec_context
    return StreamInfo(
        codec=codec.codec.canonical_name if codec else "",
        width=codec.width if codec else 0,
        height=codec.height if codec else 0,
        frames=stream.frames,
        is_default=bool(stream.disposition & Disposition.default),
        is_picture=bool(stream.disposition & Disposition.attached_pic),
    )


def _with_counts(
    path: Location, streams: Sequence[StreamInfo], max_pixels: int
) -> tuple[StreamInfo, ...]:
    """Return streams with their true numbers of frames, as far as the first packets tell."""
    counts, is_whole = Counter[int](), False
    with _open(path, max_pixels) as container:
        known = list(zip(container.streams.video, streams, strict=True))
        packets = container.demux([stream for stream, one in known if one.is_video])
        with suppress(av.error.FFmpegError):  # it breaks off: what came until then counts
            for packet in islice(packets, PROBED_PACKETS):
                counts[packet.stream.index] += bool(packet.size)
            is_whole = next(packets, None) is None
        return tuple(
            replace(
                one,
                frames=counts[stream.index] if is_whole else one.frames,
                # of one that comes late nothing is known but what the container claims
                shows_more=(counts[stream.index] or one.frames) > 1,
            )
            for stream, one in known
        )


def _no_video_reason(container: InputContainer) -> str:
    """Return why nothing in a container can be read."""
    if any(not stream.codec_context for stream in container.streams.video):
        return "of a codec that FFmpeg does not know; convert it first"
    if container.streams.audio:
        return AUDIO
    return "no video in it, or damaged" if not container.streams.video else PHOTO


def _cause(path: Location, error: Exception) -> str:
    """Return why a file was not opened."""
    try:
        known = unsupported_reason(path)
    except OSError as exc:
        return f"cannot be read ({exc.strerror or exc})"
    if known or isinstance(error, av.error.InvalidDataError):
        return known or "no video, or damaged"
    if isinstance(error, av.error.ArgumentError):  # FFmpeg's answer to what is not in `DEMUXERS`
        return "of a format that videxpr does not open; convert it to MP4"
    return f"cannot be opened ({getattr(error, 'strerror', None) or error})"


def _refusal(path: Location, container: InputContainer) -> str | None:
    """Return why a file is not read although it opens: a photo, or encrypted; None if it is."""
    if container.metadata.get("major_brand", "").strip() in PHOTO_BRANDS:
        return PHOTO
    streams = container.streams.video
    if any("enc_key_id" in stream.metadata for stream in streams):
        return ENCRYPTED
    is_told = container.format.name not in ("asf", "mpegts") and all(
        stream.codec_context for stream in streams
    )
    return None if is_told or not is_encrypted(path) else ENCRYPTED
