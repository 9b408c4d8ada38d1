"""Decoding, on videos whose pictures show their own number: is image k frame k, at its own time?"""

import gc
import gzip
import json
import math
import random
import struct
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.bitstream import BitStreamFilterContext
from conftest import SHARED, needs_shared
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow
from videos import (
    B_FRAMES,
    Recipe,
    Track,
    cut,
    number_in,
    overwrite,
    positions,
    remux,
    replaced,
    write_tracks,
    write_video,
)

from videxpr.core.errors import SourceError
from videxpr.core.structures import Image
from videxpr.video.options import DecodingOptions, VideoLimits
from videxpr.video.reader import ON_CPU, Video

AT_25 = Fraction(1, 25)
EVERY_40_MS = [40 * number for number in range(60)]
UNEVEN = [5000, 5040, 5080, 5200, 5240, 5280, 5300, 5500, 5540, 5580, 5620, 5660, 5700]


@dataclass(frozen=True)
class Reading:
    """What `Video` gave of a file."""

    numbers: list[int | None]
    seconds: list[float]
    sizes: list[tuple[int, int]]
    errors: int
    hint: int
    codec: str

    @property
    def milliseconds(self) -> list[int]:
        return [round(1000 * seconds) for seconds in self.seconds]


def read(path: Path, decoding: DecodingOptions = ON_CPU) -> Reading:
    with Video(path, decoding) as video:
        frames = list(video)
    assert [frame.index for frame in frames] == list(range(len(frames)))
    assert all(frame.image.dtype == np.uint8 for frame in frames)
    assert all(frame.image.flags.c_contiguous for frame in frames)
    return Reading(
        [number_in(frame.image) for frame in frames],
        [frame.pts_seconds for frame in frames],
        [(frame.image.shape[1], frame.image.shape[0]) for frame in frames],
        video.decode_errors,
        video.frames_hint,
        video.codec,
    )


# Every frame, at its own time


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".flv", ".ts", ".m2ts", ".nut"])
def test_b_frames_uneven_times_and_a_late_start(tmp_path: Path, suffix: str) -> None:
    reading = read(write_video(tmp_path / f"v{suffix}", UNEVEN, Recipe(options=B_FRAMES)))
    assert reading.numbers == list(range(len(UNEVEN)))
    assert reading.milliseconds == UNEVEN
    assert reading.errors == 0


@pytest.mark.parametrize(
    ("suffix", "codec", "options"),
    [
        (".mp4", "libx265", {"x265-params": "log-level=none:keyint=12"}),
        (".webm", "libvpx", {"deadline": "realtime"}),
        (".webm", "libvpx-vp9", {"deadline": "realtime", "cpu-used": "8"}),
        (".mkv", "mpeg4", {"bf": "2"}),
    ],
)
def test_other_codecs(tmp_path: Path, suffix: str, codec: str, options: dict[str, str]) -> None:
    recipe = Recipe(codec=codec, options=options)
    reading = read(write_video(tmp_path / f"v{suffix}", UNEVEN, recipe))
    assert reading.numbers == list(range(len(UNEVEN)))
    assert reading.milliseconds == UNEVEN


@settings(max_examples=15, deadline=None)
@given(
    start=st.integers(0, 100_000),
    gaps=st.lists(st.integers(1, 5000), max_size=12),
    suffix=st.sampled_from([".mp4", ".mkv"]),
)
def test_times_come_back_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory, start: int, gaps: list[int], suffix: str
) -> None:
    pts = [start + sum(gaps[:count]) for count in range(len(gaps) + 1)]
    path = tmp_path_factory.mktemp("times") / f"v{suffix}"
    reading = read(write_video(path, pts, Recipe(options=B_FRAMES)))
    assert reading.numbers == list(range(len(pts)))
    assert reading.milliseconds == pts


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts", ".flv", ".nut"])
def test_times_that_go_back_stay_as_the_stream_says(tmp_path: Path, suffix: str) -> None:
    pts = [2000, 2040, 2120, 2080, 2160, 2090, 2400, 2300, 2500, 2540]

    def rewrite(number: int, packet: Any) -> Any:
        packet.pts, packet.dts, packet.duration = pts[number], 40 * number, 10
        return packet

    plain = Recipe(options={"bf": "0"})
    source = write_video(tmp_path / "plain.mkv", EVERY_40_MS[:10], plain)
    reading = read(remux(source, tmp_path / f"v{suffix}", rewrite))
    assert reading.numbers == list(range(10))
    assert reading.milliseconds == pts


def test_a_path_may_be_text(tmp_path: Path) -> None:
    path = write_video(tmp_path / "v.mp4", UNEVEN)
    with Video(str(path)) as video:
        assert video.path == path and len(list(video)) == len(UNEVEN)


def test_a_stream_that_starts_over_in_another_size(tmp_path: Path) -> None:
    first = write_video(tmp_path / "1.ts", [5000, 5040, 5080], Recipe(width=64, height=48))
    second = write_video(tmp_path / "2.ts", [5000, 5040, 5080], Recipe(width=96, height=64))
    joined = tmp_path / "joined.ts"
    joined.write_bytes(first.read_bytes() + second.read_bytes())
    reading = read(joined)
    assert reading.numbers == [0, 1, 2, 0, 1, 2]
    assert reading.milliseconds == [5000, 5040, 5080] * 2
    assert reading.sizes == [(64, 48)] * 6


@pytest.mark.parametrize("suffix", [".ts", ".h264"])
def test_frames_of_other_sizes_are_scaled_to_the_first_one(tmp_path: Path, suffix: str) -> None:
    """As recordings of calls have them; their shape is kept, and what is left over is black."""
    wide, narrow = Recipe(128, 72), Recipe(64, 72)
    path = tmp_path / f"joined{suffix}"
    parts = [
        write_video(tmp_path / f"{number}{suffix}", [0, 40, 80], recipe)
        for number, recipe in enumerate([wide, Recipe(64, 36), narrow, wide])
    ]
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    with Video(path) as video:
        images = [frame.image for frame in video]
        assert video.warnings == [
            "the frame's size changes 3 times (128x72, 64x36, 64x72); all frames are scaled to 128x72"
        ]
    assert {image.shape for image in images} == {(72, 128, 3)}
    assert [number_in(image) for image in images[:6] + images[9:]] == [0, 1, 2] * 3
    assert [number_in(image[:, 32:96]) for image in images[6:9]] == [0, 1, 2]
    assert not images[7][:, :32].any() and not images[7][:, 96:].any()


def test_a_picture_that_is_turned_on_the_way_stays_upright_and_in_its_shape(tmp_path: Path) -> None:
    upright = write_video(tmp_path / "1.h264", [0, 40, 80], Recipe(96, 48))
    turned = write_video(tmp_path / "2.mkv", [0], Recipe(96, 48, rotation=90))
    in_stream = "h264_mp4toannexb,h264_metadata=rotate=90:display_orientation=insert"
    said = filtered(turned, tmp_path / "2.h264", in_stream)
    path = tmp_path / "joined.h264"
    path.write_bytes(upright.read_bytes() + said.read_bytes())
    with Video(path) as video:
        images = [frame.image for frame in video]
        assert "changes 1 time (96x48, 48x96)" in video.warnings[0]
    assert {image.shape for image in images} == {(48, 96, 3)}
    assert [number_in(image[:, 36:60]) for image in images[3:]] == [0]


@pytest.mark.parametrize("codec", ["libx264", "mpeg2video"])
def test_a_pixel_aspect_that_changes_on_the_way(tmp_path: Path, codec: str) -> None:
    """As on television: 4:3 and 16:9 are stored in the same size."""
    parts = [
        write_video(
            tmp_path / f"{aspect.numerator}.ts",
            range(6),
            Recipe(96, 72, codec, {"bf": "0"}, aspect=aspect, time_base=AT_25),
        )
        for aspect in (Fraction(1), Fraction(4, 3))
    ]
    path = tmp_path / "joined.ts"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    with Video(path) as video:
        images = [frame.image for frame in video]
        assert "changes 1 time (96x72, 128x72)" in video.warnings[0]
    assert [number_in(image) for image in images[:6]] == list(range(6))
    assert [number_in(image[9:63]) for image in images[6:]] == list(range(6))  # 96x54
    assert all(image[:8].max() < 20 for image in images[6:])


def filtered(source: Path, target: Path, filters: str) -> Path:
    """Copies a video through a bitstream filter."""
    with av.open(str(source)) as reader, av.open(str(target), "w") as writer:
        stream = reader.streams.video[0]
        copy = writer.add_stream_from_template(stream)
        change = BitStreamFilterContext(filters, stream)
        for packet in [*reader.demux(stream)]:
            for changed in change.filter(packet if packet.size else None):
                changed.stream = copy
                writer.mux(changed)
    return target


def test_a_clock_that_wraps_round(tmp_path: Path) -> None:
    """MPEG-TS counts 33 bits of 90 kHz: it is back at 0 after 26.5 hours."""
    pts = [95_443_000 + 100 * number for number in range(20)]
    reading = read(write_video(tmp_path / "v.ts", pts, Recipe(options=B_FRAMES)))
    assert reading.numbers == list(range(20))
    assert np.diff(reading.seconds) == pytest.approx(0.1)


def test_avi_has_no_presentation_times(tmp_path: Path) -> None:
    """AVI keeps decoding times only; with B-frames, pictures come out some frames later."""
    pts = [0, 1, 2, 6, 7, 8, 20, 21]
    plain = Recipe(time_base=AT_25, options={"bf": "0"})
    reading = read(write_video(tmp_path / "plain.avi", pts, plain))
    assert reading.numbers == list(range(len(pts)))
    assert reading.milliseconds == [40 * number for number in pts]

    reordered = Recipe(time_base=AT_25, options=B_FRAMES)
    reading = read(write_video(tmp_path / "b.avi", range(30), reordered))
    assert reading.numbers == list(range(30))
    assert np.diff(reading.seconds) == pytest.approx(0.04)
    assert 0 <= reading.seconds[0] <= 0.12


@pytest.mark.parametrize(
    ("suffix", "codec", "count"),
    [(".wmv", "libx264", 12), (".avi", "libx264", 3), (".avi", "mpeg4", 12)],
)
def test_the_last_frames_of_a_container_without_presentation_times(
    tmp_path: Path, suffix: str, codec: str, count: int
) -> None:
    recipe = Recipe(codec=codec, time_base=AT_25, options={"bf": "2"})
    reading = read(write_video(tmp_path / f"v{suffix}", range(count), recipe))
    assert reading.numbers == list(range(count))
    assert np.diff(reading.seconds) == pytest.approx(0.04, abs=0.001)


@pytest.mark.parametrize(
    ("suffix", "codec"), [(".h264", "libx264"), (".m2v", "mpeg2video"), (".m4v", "mpeg4")]
)
def test_a_bare_stream_has_frames_but_no_times(tmp_path: Path, suffix: str, codec: str) -> None:
    """FFmpeg makes some up: 25 frames a second, whatever the stream says."""
    form = "m4v" if suffix == ".m4v" else ""  # else it is an MP4
    recipe = Recipe(codec=codec, time_base=Fraction(1, 30), rate=30, form=form)
    path = write_video(tmp_path / f"v{suffix}", range(20), recipe)
    reading = read(path)
    assert reading.numbers == list(range(20))
    assert all(math.isnan(seconds) for seconds in reading.seconds)
    with Video(path) as video:
        assert video.fps == 30
        assert video.span_seconds(video.fps) == (0, 20 / 30)


def test_a_video_says_when_it_begins_and_ends(tmp_path: Path) -> None:
    path = write_video(tmp_path / "v.mkv", [101_400 + 40 * number for number in range(20)])
    with Video(path) as video:
        next(iter(video))
        assert video.span_seconds(30.0) == pytest.approx((101.4, 102.2), abs=0.05)


@pytest.mark.parametrize(("sound", "start"), [(True, 0.0), (False, 0.5)])
def test_the_container_begins_with_its_earliest_sound_or_picture(
    tmp_path: Path, sound: bool, start: float
) -> None:
    pts = [500 + 40 * number for number in range(20)]
    path = write_tracks(tmp_path / "late.mkv", Track(pts, Recipe(options=B_FRAMES)), sound=sound)
    with Video(path) as video:
        assert video.container_start_seconds == pytest.approx(start, abs=0.001)
        assert next(iter(video)).pts_seconds == pytest.approx(0.5)


def test_a_frame_says_how_long_it_is_shown(tmp_path: Path) -> None:
    with Video(write_video(tmp_path / "even.mp4", [0, 40, 80])) as video:
        assert [frame.duration_seconds for frame in video] == pytest.approx([0.04] * 3)


def test_frames_that_the_container_hides_are_not_shown(tmp_path: Path) -> None:
    """An mp4 edit list cuts off what lies before 0; the container still counts all 20 frames."""
    pts = [40 * number - 400 for number in range(20)]
    reading = read(write_video(tmp_path / "v.mp4", pts, Recipe(options=B_FRAMES)))
    assert reading.numbers == list(range(10, 20))
    assert reading.milliseconds == pts[10:]
    assert reading.hint == 20


def test_frames_are_decoded_one_by_one(tmp_path: Path) -> None:
    with Video(write_video(tmp_path / "v.mp4", EVERY_40_MS)) as video:
        frames = iter(video)
        assert [number_in(next(frames).image) for _ in range(3)] == [0, 1, 2]


def test_pictures_are_let_go_at_once_not_by_the_collection_of_cycles(tmp_path: Path) -> None:
    path = write_video(tmp_path / "v.mp4", range(0, 400, 40))
    gc.collect()
    gc.disable()
    try:
        before = pictures_in_memory()
        with Video(path) as video:
            assert len(list(video)) == 10
        assert pictures_in_memory() == before
    finally:
        gc.enable()


def pictures_in_memory() -> int:
    """The decoder always has a frame ready that has no picture, and no size."""
    return sum(one.width > 0 for one in gc.get_objects() if type(one) is av.VideoFrame)


# Upright, in square pixels, in RGB


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
@pytest.mark.parametrize("aspect", [None, Fraction(2)])
@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_upright(
    tmp_path: Path, rotation: int, mirrored: bool, aspect: Fraction | None, suffix: str
) -> None:
    recipe = Recipe(rotation=rotation, mirrored=mirrored, aspect=aspect)
    reading = read(write_video(tmp_path / f"v{suffix}", [0, 40], recipe))
    width = 128 if aspect else 64
    assert reading.numbers == [0, 1]
    assert reading.sizes == [(48, width) if rotation in (90, 270) else (width, 48)] * 2


def test_upright_where_pyav_does_not_know_some_side_data(tmp_path: Path) -> None:
    """A camera's Motion JPEG: each picture carries Exif data, which say how to turn it."""
    tiff = struct.pack("<2sHIHHHIII", b"II", 42, 8, 1, 0x0112, 3, 1, 8, 0)  # orientation 8
    exif = b"\xff\xe1" + struct.pack(">H", len(tiff) + 8) + b"Exif\0\0" + tiff
    recipe = Recipe(codec="mjpeg", pix_fmt="yuvj420p", time_base=AT_25)
    stored = write_video(tmp_path / "stored.avi", range(3), recipe)

    def tag(_: int, packet: Any) -> Any:
        jpeg = bytes(packet)
        return replaced(packet, jpeg[:2] + exif + jpeg[2:])

    turned = remux(stored, tmp_path / "turned.avi", tag)
    with Video(stored) as before, Video(turned) as after:
        for plain, upright in zip(before, after, strict=True):
            assert np.array_equal(upright.image, np.rot90(plain.image))


@pytest.mark.parametrize(
    ("aspect", "width"),
    [("15/16", 60), ("4/3", 85), ("1/3", 21), ("100", 64)],  # the last one is nonsense
)
def test_square_pixels(tmp_path: Path, aspect: str, width: int) -> None:
    recipe = Recipe(aspect=Fraction(aspect))
    reading = read(write_video(tmp_path / "v.mkv", [0, 40], recipe))
    assert reading.numbers == [0, 1]
    assert reading.sizes == [(width, 48)] * 2


@pytest.mark.parametrize(
    ("name", "recipe"),
    [
        ("odd-444.mkv", Recipe(63, 47, pix_fmt="yuv444p")),
        ("odd-420.webm", Recipe(63, 47, codec="libvpx", options={"deadline": "realtime"})),
        ("10-bit.mp4", Recipe(pix_fmt="yuv420p10le")),
        (
            "10-bit-hevc.mp4",
            Recipe(
                codec="libx265",
                pix_fmt="yuv420p10le",
                options={"x265-params": "log-level=none:transfer=smpte2084:colormatrix=bt2020nc"},
            ),
        ),
        ("12-bit.mkv", Recipe(codec="ffv1", pix_fmt="yuv420p12le")),
        ("full-range.mov", Recipe(codec="mjpeg", pix_fmt="yuvj420p")),
        ("with-alpha.mov", Recipe(codec="png", pix_fmt="rgba")),
        ("already-rgb.mov", Recipe(codec="rawvideo", pix_fmt="rgb24")),
    ],
)
def test_sizes_and_formats_of_pixels(tmp_path: Path, name: str, recipe: Recipe) -> None:
    reading = read(write_video(tmp_path / name, [0, 40, 80], recipe))
    assert reading.numbers == [0, 1, 2]
    assert reading.sizes == [(recipe.width, recipe.height)] * 3


@pytest.mark.parametrize("matrix", ["bt2020c", "ycgco", "ictcp", "chroma-derived-nc"])
def test_color_matrices_that_ffmpeg_does_not_convert(tmp_path: Path, matrix: str) -> None:
    recipe = Recipe(options={"x264-params": f"colormatrix={matrix}"})
    assert read(write_video(tmp_path / "v.mp4", [0, 40], recipe)).numbers == [0, 1]


def drawings() -> list[Pillow.Image]:
    """A red square that moves over nothing, and a blue one that is half there."""
    images = []
    for number in range(4):
        pixels = np.zeros((48, 64, 4), np.uint8)
        pixels[10:30, 4 + 8 * number : 20 + 8 * number] = (255, 0, 0, 255)
        pixels[30:44, 40:60] = (0, 0, 255, 128)
        images.append(Pillow.fromarray(pixels))
    return images


@pytest.mark.parametrize("disposal", [0, 1, 2, 3])
def test_a_gif_is_shown_on_white_at_its_own_times(tmp_path: Path, disposal: int) -> None:
    path, images = tmp_path / "v.gif", drawings()
    images[0].save(
        path,
        save_all=True,
        append_images=images[1:],
        duration=[100, 0, 200, 50],
        disposal=disposal,
    )
    with Pillow.open(path) as gif, Video(path) as video:
        frames = list(video)
        for number, frame in enumerate(frames):
            gif.seek(number)
            assert np.array_equal(frame.image, on_white(gif))
    # no time at all means a tenth of a second, in browsers too
    assert [frame.pts_seconds for frame in frames] == pytest.approx([0, 0.1, 0.2, 0.4])


@pytest.mark.parametrize("suffix", [".apng", ".png"])
def test_an_animated_png_is_shown_on_white(tmp_path: Path, suffix: str) -> None:
    path, images = tmp_path / f"v{suffix}", drawings()
    images[0].save(
        path, "PNG", save_all=True, append_images=images[1:], duration=[100, 50, 200, 50], blend=0
    )
    with Video(path) as video:
        frames = list(video)
    assert [frame.pts_seconds for frame in frames] == pytest.approx([0, 0.1, 0.15, 0.35], abs=1e-3)
    for frame, drawn in zip(frames, images, strict=True):
        assert np.array_equal(frame.image, on_white(drawn))


def on_white(image: Pillow.Image) -> Image:
    page = Pillow.new("RGBA", image.size, "white")
    page.alpha_composite(image.convert("RGBA"))
    return np.asarray(page.convert("RGB"))


# Damage


def shown_at(*numbers: int) -> Callable[[Any], bool]:
    return lambda packet: round(packet.pts * packet.time_base * 25) in numbers


LONE_B_FRAMES = Recipe(options=B_FRAMES | {"b-pyramid": "none"})
"""B-frames that no other frame needs."""


def damaged(
    tmp_path: Path,
    suffix: str,
    hit: Callable[[Any], bool],
    spoil: Callable[[bytes], bytes],
    recipe: Recipe = LONE_B_FRAMES,
) -> Path:
    source = write_video(tmp_path / "whole.mkv", EVERY_40_MS, recipe)

    def change(_: int, packet: Any) -> Any:
        return replaced(packet, spoil(bytes(packet))) if hit(packet) else packet

    return remux(source, tmp_path / f"damaged{suffix}", change)


def zeroed(content: bytes) -> bytes:
    return bytes(len(content))


def halved(content: bytes) -> bytes:
    return content[: len(content) // 2]


def noisy(content: bytes) -> bytes:
    return content[: len(content) // 2] + random.Random(1).randbytes((len(content) + 1) // 2)


@pytest.mark.parametrize("spoil", [zeroed, halved])
@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".flv"])
@pytest.mark.parametrize("lost", [(5,), (5, 6, 7), (1, 30, 53), (57,), (57, 58)])
def test_damaged_packets_are_counted_and_skipped(
    tmp_path: Path, lost: tuple[int, ...], suffix: str, spoil: Callable[[bytes], bytes]
) -> None:
    """Exactly the damaged frames are missing, even next to the end."""
    reading = read(damaged(tmp_path, suffix, shown_at(*lost), spoil))
    kept = [number for number in range(60) if number not in lost]
    assert reading.numbers == kept
    assert np.diff(reading.milliseconds).tolist() == (40 * np.diff(kept)).tolist()
    assert reading.errors == len(lost)


def test_a_lost_last_frame(tmp_path: Path) -> None:
    path = damaged(tmp_path, ".mkv", shown_at(59), zeroed, Recipe(options={"bf": "0"}))
    reading = read(path)
    assert reading.numbers == list(range(59))
    assert reading.milliseconds == EVERY_40_MS[:59]
    assert reading.errors == 1


def test_after_a_lost_key_frame_times_stay_true(tmp_path: Path) -> None:
    reading = read(damaged(tmp_path, ".mkv", shown_at(24), zeroed))
    assert reading.errors == 1
    assert reading.numbers[:24] == list(range(24))
    assert reading.numbers[-24:] == list(range(36, 60))
    assert reading.milliseconds[:24] == EVERY_40_MS[:24]
    assert reading.milliseconds[-24:] == EVERY_40_MS[36:]
    assert set(reading.milliseconds) <= set(EVERY_40_MS)


def test_frames_that_are_damaged_but_decode(tmp_path: Path) -> None:
    recipe = Recipe(grain=60, options={"g": "1"})
    reading = read(damaged(tmp_path, ".mkv", shown_at(5, 30), noisy, recipe))
    assert reading.milliseconds == EVERY_40_MS
    assert reading.errors == 2
    whole = [number for number in range(60) if number not in (5, 30)]
    assert [reading.numbers[number] for number in whole] == whole


def test_bytes_overwritten_in_place(tmp_path: Path) -> None:
    path = write_video(tmp_path / "v.mp4", EVERY_40_MS, LONE_B_FRAMES)
    places = positions(path)
    reading = read(overwrite(path, places[14], bytes(places[16] - places[14])))  # two B-frames
    assert reading.errors == 2
    assert len(reading.numbers) == 58
    assert reading.milliseconds == [40 * (number or 0) for number in reading.numbers]


def test_damaged_videos_decode_the_same_every_time(tmp_path: Path) -> None:
    recipe = Recipe(grain=60, options=B_FRAMES)
    path = damaged(tmp_path, ".mkv", shown_at(5, 12, 30, 59), noisy, recipe)

    def images() -> list[bytes]:
        with Video(path) as video:
            return [frame.image.tobytes() for frame in video]

    assert images() == images() == images()


@pytest.mark.parametrize(
    ("suffix", "muxer"),
    [
        (".ts", {}),
        (".mkv", {}),
        (".flv", {}),
        (".nut", {}),
        (".avi", {}),
        (".mp4", {"movflags": "faststart"}),
        (".mp4", {"movflags": "frag_keyframe+empty_moov"}),
    ],
)
def test_a_file_cut_short_gives_the_frames_up_to_the_cut(
    tmp_path: Path, suffix: str, muxer: dict[str, str]
) -> None:
    recipe = Recipe(time_base=AT_25, options=B_FRAMES, muxer=muxer)
    path = write_video(tmp_path / f"v{suffix}", range(60), recipe)
    whole = read(path)
    reading = read(cut(path, positions(path)[40] + 8))  # in the middle of a packet
    assert 36 <= len(reading.numbers) <= 41
    assert reading.numbers[:36] == list(range(36))
    assert reading.milliseconds[:36] == whole.milliseconds[:36]


@pytest.mark.parametrize(("size", "kept"), [(b"\xff\xff\xff\xff", 9), (b"\xff\xff\xff\x7f", 10)])
def test_a_container_that_breaks_off_keeps_what_it_gave(
    tmp_path: Path, size: bytes, kept: int
) -> None:
    """A packet said to have four gigabytes cannot be read; one of two takes all that is left."""
    recipe = Recipe(codec="libvpx", options={"deadline": "realtime"}, time_base=AT_25)
    path = write_video(tmp_path / "v.ivf", range(20), recipe)
    reading = read(overwrite(path, positions(path)[9], size))
    assert reading.numbers == list(range(kept))
    assert reading.milliseconds == EVERY_40_MS[:kept]
    assert reading.errors == 1


def test_a_packet_that_the_container_calls_damaged_is_counted(tmp_path: Path) -> None:
    """MPEG-TS counts its own small packets, and so notices that one is gone."""
    recipe = Recipe(grain=60, options={"g": "1"})
    path = write_video(tmp_path / "v.ts", EVERY_40_MS[:12], recipe)
    lost = positions(path)[5] + 3 * 188
    content = path.read_bytes()
    path.write_bytes(content[:lost] + content[lost + 188 :])
    reading = read(path)
    assert reading.errors >= 1
    assert reading.numbers[:5] + reading.numbers[-6:] == [0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11]
    assert reading.milliseconds[-6:] == EVERY_40_MS[6:12]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts", ".avi", ".flv", ".wmv"])
def test_whatever_the_damage_only_source_errors_arise(tmp_path: Path, suffix: str) -> None:
    content = write_video(tmp_path / f"v{suffix}", EVERY_40_MS[:12]).read_bytes()
    for seed in range(12):
        chance = random.Random(seed)
        spoiled = bytearray(content)
        for _ in range(chance.choice((1, 10, 50))):
            spoiled[chance.randrange(len(spoiled))] = chance.randrange(256)
        path = tmp_path / f"spoiled{suffix}"
        path.write_bytes(spoiled)
        try:
            read(path)
        except SourceError as exc:
            assert str(path) in str(exc)  # noqa: PT017


def test_the_decoder_does_not_write_to_the_terminal(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    read(damaged(tmp_path, ".mkv", shown_at(5, 12, 30), noisy, Recipe(grain=60)))
    with pytest.raises(SourceError):
        Video(overwrite(write_video(tmp_path / "no.mp4", [0, 40]), 0, bytes(200)))
    assert capfd.readouterr() == ("", "")


# Real clips

CLIPS = SHARED / "data" / "clips"


def pts_of_clips() -> dict[str, list[float]]:
    if not CLIPS.is_dir():
        return {"none": []}  # so that the skip is told with its reason
    with gzip.open(CLIPS / "pts_seconds.json.gz", "rt") as file:
        pts: dict[str, list[float]] = json.load(file)
    return pts


@needs_shared
@pytest.mark.parametrize(
    ("name", "pts"), [pytest.param(*p, id=p[0]) for p in pts_of_clips().items()]
)
def test_real_clips(name: str, pts: list[float]) -> None:
    if not pts:
        with pytest.raises(SourceError, match=name):
            Video(CLIPS / name)
        return
    with Video(CLIPS / name) as video:
        seconds = [frame.pts_seconds for frame in video]
    assert len(seconds) == len(pts)
    assert seconds == pytest.approx(pts, abs=0.001)
    assert video.decode_errors == 0


@pytest.mark.parametrize(
    ("suffix", "recipe"),
    [
        (".mp4", Recipe()),
        (".ts", Recipe()),
        (".webm", Recipe(codec="libvpx")),
        (".flv", Recipe(codec="flv")),
        (".gif", Recipe(codec="gif", pix_fmt="rgb8")),
        (".avi", Recipe(codec="mjpeg", pix_fmt="yuvj420p", time_base=Fraction(1, 25))),
        (".avi", Recipe(codec="png", pix_fmt="rgb24", time_base=Fraction(1, 25))),
    ],
)
def test_frames_too_large_are_refused_before_they_are_decoded(
    tmp_path: Path, suffix: str, recipe: Recipe
) -> None:
    path = write_video(tmp_path / f"v{suffix}", EVERY_40_MS[:12], recipe)
    assert len(read(path, DecodingOptions(limits=VideoLimits(64 * 48))).numbers) == 12
    with pytest.raises(SourceError) as caught:
        read(path, DecodingOptions(limits=VideoLimits(64 * 48 - 1)))
    assert str(caught.value) == (
        f"{path}: frames of 64 x 48 pixels, more than 3,071 pixels; --max-pixels sets the limit"
    )


@pytest.mark.parametrize("suffix", [".ts", ".h264"])
def test_a_frame_that_grows_too_large_on_the_way_is_refused(tmp_path: Path, suffix: str) -> None:
    parts = [
        write_video(tmp_path / f"{side}{suffix}", [0, 40], Recipe(side, side)) for side in (64, 96)
    ]
    path = tmp_path / f"joined{suffix}"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    assert len(read(path).numbers) == 4
    with pytest.raises(SourceError, match=r"joined.*frames of 96 x 96 pixels, more than 4,096"):
        read(path, DecodingOptions(limits=VideoLimits(64 * 64)))


def test_a_frame_that_is_too_large_as_it_is_displayed_is_refused(tmp_path: Path) -> None:
    path = write_video(tmp_path / "v.mp4", [0, 40], Recipe(aspect=Fraction(9)))
    with pytest.raises(SourceError, match=r"v\.mp4: frames of 576 x 48 pixels, more than 3,072"):
        read(path, DecodingOptions(limits=VideoLimits(64 * 48)))


@pytest.mark.parametrize(
    ("suffix", "recipe", "mark"),
    [
        (".gif", Recipe(codec="gif", pix_fmt="rgb8"), b"GIF89a"),
        (".webm", Recipe(codec="libvpx"), b"\x9d\x01\x2a"),
    ],
)
def test_decoders_refuse_before_they_take_memory(
    tmp_path: Path, suffix: str, recipe: Recipe, mark: bytes
) -> None:
    path = write_video(tmp_path / f"v{suffix}", [0, 40], recipe)
    size = (12_000).to_bytes(2, "little") * 2
    overwrite(path, path.read_bytes().index(mark) + len(mark), size)
    with pytest.raises(SourceError, match=r"frames of .*more than 40,000,000 pixels"):
        read(path)


def test_a_frame_far_too_large_on_the_way_is_refused_by_the_decoder(tmp_path: Path) -> None:
    small = write_video(tmp_path / "1.h264", [0, 40])
    large = write_video(
        tmp_path / "2.h264", [0], Recipe(4096, 2048, options={"preset": "ultrafast"})
    )
    path = tmp_path / "joined.h264"
    path.write_bytes(small.read_bytes() + large.read_bytes())
    with pytest.raises(
        SourceError, match="frames of 4096 x 2048 pixels, more than 3,072"
    ) as caught:
        read(path, DecodingOptions(limits=VideoLimits(64 * 48)))
    assert isinstance(caught.value.__cause__, av.error.FFmpegError)


def test_some_frames_are_those_of_the_whole_video(tmp_path) -> None:
    path = write_video(tmp_path / "a.mp4", [40 * number for number in range(9)])
    with Video(path) as video:
        every = list(video)
    with Video(path) as video:
        assert video.time_base == Fraction(1, 16000)
        some = list(video.select({3, 7, 99}))
    assert [(one.index, number_in(one.image)) for one in some] == [(3, 3), (7, 7)]
    assert [one.pts_seconds for one in some] == [every[3].pts_seconds, every[7].pts_seconds]
    with Video(path) as video:
        assert list(video.select(())) == []
