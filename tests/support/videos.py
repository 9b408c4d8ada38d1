"""Tiny videos for tests: every picture shows its own number, in a way that lossy coding leaves.

A picture is a grid of four columns and three rows. The upper left cell is red and the other three
corners are black, which tells whether the picture is upright and in RGB; the eight cells between
them are the number in binary, white for 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
from av.packet import Packet

from videxpr.core.structures import Image

COLUMNS: Final = 4
ROWS: Final = 3
CORNERS: Final = ((0, 0), (0, 3), (2, 0), (2, 3))
BITS: Final = ((0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (1, 3), (2, 1), (2, 2))
RED: Final = (255, 0, 0)

MILLISECONDS: Final = Fraction(1, 1000)
B_FRAMES: Final = {"bf": "3", "b-adapt": "0", "b-pyramid": "normal", "g": "12"}
"""Options of libx264 for three B-frames between references, and a key frame every 12 frames."""


@dataclass(frozen=True)
class Recipe:
    """How a video is written.

    Attributes:
        width, height: coded size, before rotation and pixel aspect.
        codec, options, pix_fmt: of the encoder.
        time_base: what pts count.
        aspect: of a pixel.
        rotation: degrees counterclockwise by which a player turns the pictures.
        mirrored: whether a player also swaps left and right, after turning.
        grain: how strong the noise in the pictures is, 0 to 63; without any, packets are tiny.
        muxer: options of the container.
        tags: of the container.
        name: of the stream.
        rate: frames a second that the stream states.
        form: FFmpeg's name of the container; without it the file's ending decides.
    """

    width: int = 64
    height: int = 48
    codec: str = "libx264"
    options: dict[str, str] = field(default_factory=dict)
    pix_fmt: str = "yuv420p"
    time_base: Fraction = MILLISECONDS
    aspect: Fraction | None = None
    rotation: int = 0
    mirrored: bool = False
    grain: int = 0
    muxer: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    name: str = ""
    rate: int = 25
    form: str = ""


def picture(number: int, width: int, height: int) -> Image:
    """An upright RGB picture that shows `number`, 0 to 255."""
    cells = np.zeros((ROWS, COLUMNS, 3), np.uint8)
    cells[0, 0] = RED
    for bit, cell in enumerate(BITS):
        cells[cell] = 255 * (number >> bit & 1)
    rows = np.arange(height) * ROWS // height
    columns = np.arange(width) * COLUMNS // width
    return np.ascontiguousarray(cells[rows][:, columns])


def number_in(image: Image) -> int | None:
    """The number that a picture shows; None if it is not upright, not RGB, or not a `picture`."""
    height, width, _ = image.shape
    cells = {
        (row, column): image[
            round((row + 0.3) * height / ROWS) : round((row + 0.7) * height / ROWS),
            round((column + 0.3) * width / COLUMNS) : round((column + 0.7) * width / COLUMNS),
        ].mean(axis=(0, 1))
        for row in range(ROWS)
        for column in range(COLUMNS)
    }
    if any(
        np.abs(cells[corner] - (RED if corner == (0, 0) else (0, 0, 0))).max() > 80
        for corner in CORNERS
    ):
        return None
    return sum(int(cells[cell].mean() > 127) << bit for bit, cell in enumerate(BITS))


def write_video(path: Path, pts: Sequence[int], recipe: Recipe | None = None) -> Path:
    """A video whose frame k shows k at time ``pts[k]``; pts rise, as encoders demand."""
    return write_tracks(path, Track(pts, recipe or Recipe()))


@dataclass(frozen=True)
class Track:
    """One video stream of a file: its pictures' times, how it is written, what it is said to be."""

    pts: Sequence[int]
    recipe: Recipe = field(default_factory=Recipe)
    disposition: int = 0


def write_tracks(path: Path, *tracks: Track, sound: bool = False) -> Path:
    """A file with several video streams, and a second of silence; the first says how it is muxed."""
    recipe = tracks[0].recipe if tracks else Recipe()
    with av.open(str(path), "w", format=recipe.form or None, options=recipe.muxer) as container:
        container.metadata.update(recipe.tags)
        streams = [_add_stream(container, track) for track in tracks]
        silence: Any = container.add_stream("aac", rate=8000, layout="mono") if sound else None
        for stream, track in zip(streams, tracks, strict=True):
            for number, time in enumerate(track.pts):
                frame = av.VideoFrame.from_ndarray(_coded(number, track.recipe), format="rgb24")
                frame.pts, frame.time_base = time, track.recipe.time_base
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        if sound:
            for number in range(8):
                container.mux(silence.encode(_silence(1024 * number)))
            container.mux(silence.encode(None))
    return path


def _add_stream(container: Any, track: Track) -> Any:
    recipe = track.recipe
    stream: Any = container.add_stream(recipe.codec, rate=recipe.rate, options=recipe.options)
    stream.width, stream.height, stream.pix_fmt = recipe.width, recipe.height, recipe.pix_fmt
    stream.codec_context.time_base = recipe.time_base
    stream.thread_count = 1
    if recipe.name:
        stream.metadata["title"] = recipe.name
    if track.disposition:
        stream.disposition = track.disposition
    if recipe.aspect:
        stream.codec_context.sample_aspect_ratio = recipe.aspect
    if recipe.rotation or recipe.mirrored:
        stream.set_display_rotation(recipe.rotation, hflip=recipe.mirrored)
    return stream


def _silence(pts: int) -> Any:
    frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
    frame.sample_rate, frame.pts = 8000, pts
    return frame


def _coded(number: int, recipe: Recipe) -> Image:
    """The picture as the camera stored it, which `recipe` makes upright again."""
    turns = recipe.rotation // 90
    shape = (recipe.height, recipe.width) if turns % 2 else (recipe.width, recipe.height)
    shown = picture(number, *shape)
    shown ^= np.random.default_rng(number).integers(0, recipe.grain + 1, shown.shape, np.uint8)
    shown = shown[:, ::-1] if recipe.mirrored else shown
    return np.ascontiguousarray(np.rot90(shown, k=-turns))


def remux(
    source: Path, target: Path, change: Callable[[int, Packet[Any]], Packet[Any] | None]
) -> Path:
    """Copies the video stream's packets after `change`; it drops those for which it gives None."""
    with av.open(str(source)) as reader, av.open(str(target), "w") as writer:
        stream = reader.streams.video[0]
        copy = writer.add_stream_from_template(stream)
        filled = (packet for packet in reader.demux(stream) if packet.size)
        for number, packet in enumerate(filled):
            changed = change(number, packet)
            if changed is not None:
                changed.stream = copy
                writer.mux(changed)
    return target


def replaced(packet: Packet[Any], content: bytes) -> Packet[Any]:
    """The packet with other bytes, for `remux`."""
    other: Packet[Any] = Packet(content)
    other.pts, other.dts, other.duration = packet.pts, packet.dts, packet.duration
    other.time_base, other.is_keyframe = packet.time_base, packet.is_keyframe
    return other


def positions(path: Path) -> list[int]:
    """Where in the file the video stream's packets begin, in the order of the file."""
    with av.open(str(path)) as container:
        demuxed = container.demux(container.streams.video[0])
        return [packet.pos or 0 for packet in demuxed if packet.size]


def overwrite(path: Path, offset: int, run: bytes) -> Path:
    """Replaces some bytes of a file."""
    content = bytearray(path.read_bytes())
    content[offset : offset + len(run)] = run
    path.write_bytes(content)
    return path


def cut(path: Path, size: int) -> Path:
    """Drops the end of a file."""
    path.write_bytes(path.read_bytes()[:size])
    return path
