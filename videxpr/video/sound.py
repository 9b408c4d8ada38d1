"""The sound of a file, as packets for an MP4 file: copied where MP4 holds it, else as AAC."""

import math
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any, Final, Self

import av
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.packet import Packet

from videxpr.video.container import open_video

COPIED: Final = frozenset({"aac", "ac3", "alac", "eac3", "flac", "mp3", "opus"})
"""Codecs that players expect in MP4; FFmpeg also puts others there, which nothing plays."""

AAC_RATES: Final = (
    8000,
    11025,
    12000,
    16000,
    22050,
    24000,
    32000,
    44100,
    48000,
    64000,
    88200,
    96000,
)


@dataclass
class Sound:
    """The sound of a video, opened once more beside its pictures.

    As a context manager it closes the file.

    Attributes:
        container: that is open.
        stream: of it that is read.
        start_seconds: what ends before is left out.
        end_seconds: what begins then or later is left out.
        shift_seconds: whole seconds that are taken off all times.
    """

    container: InputContainer
    stream: AudioStream
    start_seconds: float = -math.inf
    end_seconds: float = math.inf
    shift_seconds: int = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.container.close()

    @property
    def is_copied(self) -> bool:
        """Whether its packets go into MP4 as they are."""
        return self.stream.codec_context.codec.canonical_name in COPIED

    def add_to(self, output: OutputContainer) -> "Iterator[tuple[float, Packet[Any]]]":
        """Add a stream to a file; return its packets with their times, in order, to be read later."""
        if self.is_copied:
            copy = output.add_stream_from_template(self.stream)
            copy.metadata.clear()
            return _in_order(self._copies(copy))
        rate = min(AAC_RATES, key=lambda one: abs(one - self.stream.codec_context.sample_rate))
        layout = "mono" if self.stream.codec_context.channels == 1 else "stereo"
        return _in_order(self._encoded(output.add_stream("aac", rate=rate, layout=layout)))

    def _copies(self, copy: Any) -> Iterator["Packet[Any]"]:
        for packet in self._packets():
            packet.stream = copy
            yield packet

    def _encoded(self, target: Any) -> Iterator["Packet[Any]"]:
        context = target.codec_context
        resampler = AudioResampler(
            context.format, context.layout, context.sample_rate, context.frame_size
        )
        for frame in chain(self._frames(), [None]):
            with suppress(av.error.FFmpegError, ValueError):  # what cannot be converted is left out
                for part in resampler.resample(frame):
                    yield from target.encode(part)
        yield from target.encode(None)

    def _frames(self) -> Iterator[AudioFrame]:
        for packet in self._packets():
            with suppress(av.error.FFmpegError):  # what is damaged is left out
                yield from self.stream.decode(packet)
        with suppress(av.error.FFmpegError):
            yield from self.stream.decode(None)

    def _packets(self) -> Iterator["Packet[AudioStream]"]:
        """Yield packets between start and end, their times shifted."""
        with suppress(av.error.FFmpegError):  # it breaks off
            for packet in self.container.demux(self.stream):
                if packet.dts is None or packet.pts is None:
                    continue
                seconds, base = _seconds(packet), packet.time_base or Fraction(1)
                if seconds >= self.end_seconds:
                    return
                if seconds + (packet.duration or 0) * base > self.start_seconds:
                    ticks = int(self.shift_seconds / base)
                    packet.pts, packet.dts = packet.pts - ticks, packet.dts - ticks
                    yield packet


def open_sound(path: Path, number: int) -> Sound | None:
    """Open the sound of a video; None if it has none that can be read.

    Args:
        path: of the video.
        number: of the video stream that is shown.

    Raises:
        SourceError: the file cannot be opened.
    """
    container = open_video(path, number).container
    stream = container.streams.best("audio")
    if isinstance(stream, AudioStream) and stream.codec_context and stream.codec_context.channels:
        return Sound(container, stream)
    container.close()
    return None


def _in_order(packets: Iterable["Packet[Any]"]) -> Iterator[tuple[float, "Packet[Any]"]]:
    """Yield packets with their times; one that does not come after the one before is left out."""
    last = -math.inf
    for packet in packets:
        if packet.dts is not None and packet.dts > last:
            last = packet.dts
            yield _seconds(packet), packet


def _seconds(packet: "Packet[Any]") -> float:
    return float((packet.pts or 0) * (packet.time_base or 0))
