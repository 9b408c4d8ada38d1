"""Opening: which of a file's streams is read, and what is said of a file that is not."""

import shutil
import subprocess
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.stream import Disposition
from conftest import SHARED, needs_shared
from PIL import Image
from videos import Recipe, Track, cut, number_in, write_tracks, write_video

from videxpr.core.errors import SourceError
from videxpr.video.file_kinds import AUDIO, ENCRYPTED, PHOTO, PLAYLIST
from videxpr.video.options import DecodingOptions
from videxpr.video.reader import Video
from videxpr.video.sources import VIDEO_SUFFIXES

AT_25 = Fraction(1, 25)
EVERY_40_MS = [40 * number for number in range(60)]
COVER = int(Disposition.attached_pic)
DEFAULT = int(Disposition.default)
JPEG = Recipe(codec="mjpeg", pix_fmt="yuvj420p", time_base=AT_25)
FILM = Recipe(time_base=AT_25, options={"bf": "0"})
SMALL = Recipe(32, 24, time_base=AT_25, options={"bf": "0"})


def numbers(path: Path, stream: int | None = None) -> list[int | None]:
    """The numbers that the frames of a file show."""
    with Video(path, DecodingOptions("cpu", stream=stream)) as video:
        return [number_in(frame.image) for frame in video]


def opened(path: Path) -> tuple[int, list[str]]:
    """Which stream was chosen, and what is said of it."""
    with Video(path) as video:
        return video.stream, video.warnings


def refusal(path: Path) -> str:
    """What is said of a file that is not read, after its path."""
    with pytest.raises(SourceError) as caught, Video(path) as video:
        list(video)
    text = str(caught.value)
    assert text.count(str(path)) == 1
    return text.removeprefix(f"{path}: ")


# Which stream


@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".mov", ".avi"])
@pytest.mark.parametrize("marks", [(0, DEFAULT), (DEFAULT, 0), (0, 0)])
def test_a_still_never_stands_for_the_film_beside_it(
    tmp_path: Path, marks: tuple[int, int], suffix: str
) -> None:
    still, film = Track([0], JPEG, marks[0]), Track(range(12), FILM, marks[1])
    path = write_tracks(tmp_path / f"v{suffix}", still, film)
    assert numbers(path) == list(range(12))
    assert opened(path) == (
        1,
        [
            "video stream 1 of 2 was read (h264 64x48, 12 frames); "
            "--stream 0 takes the other (mjpeg 64x48, 1 frame)"
        ],
    )
    assert numbers(path, stream=0) == [0]
    assert numbers(path, stream=1) == list(range(12))
    with Video(path, DecodingOptions("cpu", stream=0)) as video:
        assert video.warnings == []  # who asks for one knows of the others


@needs_shared
@pytest.mark.skipif(not shutil.which("ffmpeg"), reason="the program ffmpeg is not installed")
def test_a_still_before_a_film_as_ffmpeg_writes_them(tmp_path: Path) -> None:
    film, still = SHARED / "data" / "clips" / "single-face.mp4", tmp_path / "still.jpg"
    path = tmp_path / "s.mkv"
    ffmpeg = ["ffmpeg", "-v", "error", "-i"]
    subprocess.run([*ffmpeg, film, "-frames:v", "1", still], check=True)
    maps = ["-map", "0:v", "-map", "1:v", "-c:v:0", "mjpeg", "-c:v:1", "copy"]
    subprocess.run([*ffmpeg, still, "-i", film, *maps, path], check=True)
    with Video(path) as video:
        assert (len(list(video)), video.stream) == (72, 1)
        assert "--stream 0 takes the other (mjpeg 640x360, 1 frame)" in video.warnings[0]


@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".ts"])
@pytest.mark.parametrize("first", [SMALL, FILM])
def test_of_two_films_the_larger_is_read(tmp_path: Path, first: Recipe, suffix: str) -> None:
    second = FILM if first is SMALL else SMALL
    tracks = (Track(range(9), one, DEFAULT) for one in (first, second))
    path = write_tracks(tmp_path / f"v{suffix}", *tracks)
    stream, warnings = opened(path)
    assert stream == (0 if first is FILM else 1)
    assert f"--stream {1 - stream} takes the other (h264 32x24, 9 frames)" in warnings[0]


def test_a_film_that_is_marked_is_read_though_another_is_larger(tmp_path: Path) -> None:
    tracks = Track(range(9), FILM), Track(range(9), SMALL, DEFAULT), Track(range(9), FILM)
    stream, warnings = opened(write_tracks(tmp_path / "v.mkv", *tracks))
    assert stream == 1
    assert warnings == [
        "video stream 1 of 3 was read (h264 32x24, 9 frames); --stream 0 takes another (h264 64x48, "
        "9 frames), --stream 2 takes another (h264 64x48, 9 frames)"
    ]


def test_a_long_film_is_not_read_twice_to_be_told_from_a_still(tmp_path: Path) -> None:
    films = Track(range(1200), SMALL), Track([0], JPEG)
    stream, warnings = opened(write_tracks(tmp_path / "v.mkv", *films))
    assert (stream, len(warnings)) == (0, 1)
    assert "(h264 32x24)" in warnings[0]  # frames that nobody counted are not said


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_cover_is_not_the_video_and_worth_no_warning(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"v{suffix}"
    if suffix == ".mp4":
        write_tracks(path, Track([0], JPEG, COVER), Track(range(5), FILM), sound=True)
        path.write_bytes(cover_first(path.read_bytes()))
    else:
        plain = write_tracks(tmp_path / "plain.mkv", Track(range(5), FILM), sound=True)
        Image.new("RGB", (320, 240)).save(tmp_path / "cover.jpg")
        attach(plain, tmp_path / "cover.jpg", path)
    with av.open(str(path)) as container:
        assert any(one.disposition & COVER for one in container.streams.video)
    assert numbers(path) == list(range(5))
    assert opened(path)[1] == []


def attach(source: Path, cover: Path, target: Path) -> None:
    """Copies a file with a picture attached, as Matroska has covers."""
    with av.open(str(source)) as reader, av.open(str(target), "w") as writer:
        copies = {one.index: writer.add_stream_from_template(one) for one in reader.streams}
        writer.add_attachment("cover.jpg", "image/jpeg", cover.read_bytes())
        for packet in reader.demux():
            if packet.size:
                packet.stream = copies[packet.stream.index]
                writer.mux(packet)


def cover_first(content: bytes) -> bytes:
    """The mp4 with the box of tags, where the cover is, moved before the tracks."""
    moov = next(box for box in boxes(content) if box[4:8] == b"moov")
    inner = sorted(boxes(moov[8:]), key=lambda box: box[4:8] != b"udta")
    return content.replace(moov, moov[:8] + b"".join(inner))


def boxes(content: bytes) -> list[bytes]:
    found: list[bytes] = []
    while content:
        size = int.from_bytes(content[:4], "big")
        found.append(content[:size])
        content = content[size:]
    return found


def test_a_stream_that_is_not_there_is_an_error_that_lists_those_that_are(tmp_path: Path) -> None:
    path = write_tracks(tmp_path / "v.mkv", Track([0], JPEG), Track(range(9), FILM))
    with pytest.raises(SourceError) as caught:
        Video(path, DecodingOptions("cpu", stream=2))
    assert str(caught.value) == (
        f"{path}: no video stream 2 that can be decoded; there is 0 (mjpeg 64x48, 1 frame), "
        "1 (h264 64x48, 9 frames)"
    )


@pytest.mark.parametrize("start", [100_000, -400])
def test_times_are_those_of_the_stream_that_is_read(tmp_path: Path, start: int) -> None:
    times = [start + 40 * number for number in range(20)]
    path = write_tracks(
        tmp_path / "v.mkv", Track([0], Recipe(32, 24)), Track(times, Recipe(options={"bf": "0"}))
    )
    with Video(path) as video:
        seconds = [frame.pts_seconds for frame in video]
        assert video.stream == 1
    assert np.diff(seconds) == pytest.approx(0.04)
    assert seconds[0] == pytest.approx(max(start, 0) / 1000, abs=0.5)


# What opens


@pytest.mark.parametrize(
    ("suffix", "recipe"),
    [
        (".264", FILM),
        (".265", Recipe(codec="libx265", options={"x265-params": "log-level=none"})),
        (".gif", Recipe(codec="gif", pix_fmt="rgb8", time_base=Fraction(1, 100))),
        (".apng", Recipe(codec="apng", pix_fmt="rgb24", time_base=AT_25)),
        (".divx", Recipe(codec="mpeg4", time_base=AT_25)),
        (".f4v", FILM),
        (".m1v", Recipe(codec="mpeg1video", time_base=AT_25)),
        (".m2t", Recipe(codec="mpeg2video", time_base=AT_25)),
        (".m2v", Recipe(codec="mpeg2video", time_base=AT_25)),
        (".mod", Recipe(codec="mpeg2video", time_base=AT_25)),
        (".qt", FILM),
        (".rmvb", Recipe(codec="rv20", time_base=AT_25)),
        (".wtv", Recipe(codec="mpeg2video", time_base=AT_25)),
        (".y4m", Recipe(codec="wrapped_avframe", time_base=AT_25)),
    ],
)
def test_endings_that_folders_are_searched_for(tmp_path: Path, suffix: str, recipe: Recipe) -> None:
    pts = range(0, 48, 4) if suffix == ".gif" else range(12)
    muxers = {
        ".divx": ".avi",
        ".f4v": ".mp4",
        ".m2t": ".ts",
        ".mod": ".mpg",
        ".qt": ".mov",
        ".rmvb": ".rm",
    }
    muxed = write_video(tmp_path / f"v{muxers.get(suffix, suffix)}", pts, recipe)
    path = muxed.rename(tmp_path / f"named{suffix}")
    assert suffix in VIDEO_SUFFIXES
    assert numbers(path) == list(range(12))


@pytest.mark.parametrize(
    "name",
    [
        "concat:a.mp4",
        "http:x.mp4",
        "file:y.mp4",
        "pipe:0.mp4",
        "movie%03d.mp4",
        "a|b.mp4",
        "-i.mp4",
        "[x]*?.mp4",
        "naïve Ärger 視頻.mp4",
        "no ending",
    ],
)
def test_names_are_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    write_video(tmp_path / "plain.mp4", [0, 40]).rename(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    assert numbers(Path(name)) == [0, 1]
    assert numbers(tmp_path / name) == [0, 1]


def test_tags_in_an_old_encoding_do_no_harm(tmp_path: Path) -> None:
    plain = Recipe(time_base=AT_25, options={"bf": "0"}, tags={"title": "Grussee"})
    path = write_video(tmp_path / "v.avi", range(3), plain)
    path.write_bytes(path.read_bytes().replace(b"Grussee", "Grüße!!".encode("latin-1")))
    assert numbers(path) == [0, 1, 2]


# What is said of a file that is not read


def text_file(path: Path) -> Path:
    path.write_text("This is not a video, whatever its name says. Ärger.\n" * 500, "utf-8")
    return path


def cut_before_its_index(path: Path) -> Path:
    return cut(write_video(path, EVERY_40_MS), path.stat().st_size - 300)


def damaged_index(path: Path) -> Path:
    content = write_video(path, EVERY_40_MS).read_bytes()
    place = content.index(b"moov") + 4
    noise = np.random.default_rng(1).bytes(len(content) - place)
    path.write_bytes(content[:place] + noise)
    return path


def unknown_codec(path: Path) -> Path:
    write_video(path, [0, 40])
    path.write_bytes(path.read_bytes().replace(b"avc1", b"zzzz").replace(b"avcC", b"free"))
    return path


def folder(path: Path) -> Path:
    path.mkdir()
    return path


def of_bytes(content: bytes) -> Callable[[Path], Path]:
    def make(path: Path) -> Path:
        path.write_bytes(content)
        return path

    return make


def a_photo(kind: str) -> Callable[[Path], Path]:
    def make(path: Path) -> Path:
        Image.new("RGB", (64, 48)).save(path, kind)
        return path

    return make


def a_film_of_photos(path: Path) -> Path:
    photos = [Image.new("RGB", (64, 48), (shade, 0, 0)) for shade in (0, 99, 200)]
    photos[0].save(path, "WEBP", save_all=True, append_images=photos[1:], duration=100)
    return path


def sound(*pictures: Track) -> Callable[[Path], Path]:
    return lambda path: write_tracks(path, *pictures, sound=True)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path: path, "no such file"),
        (folder, "a folder"),
        (of_bytes(b""), "empty"),
        (text_file, "text, not a video"),
        (of_bytes(b"%PDF-1.7\n"), "a PDF, not a video"),
        (of_bytes(b"PK\x03\x04\x14\0"), "an archive or an office document; unpack it first"),
        (of_bytes(b"<!DOCTYPE html><html>"), "a web page, not a video; the download failed"),
        (of_bytes(b"#EXTM3U\nv.ts\n"), PLAYLIST),
        (of_bytes(bytes(9000)), "no video: it begins with zeros, as an unfinished copy does"),
        (of_bytes(np.random.default_rng(1).bytes(9000)), "no video, or damaged"),
        (cut_before_its_index, "cut short: its index (moov) is missing"),
        (damaged_index, "no video in it, or damaged"),
        (unknown_codec, "of a codec that FFmpeg does not know; convert it first"),
        (sound(), AUDIO),
        (sound(Track([0], JPEG, COVER)), AUDIO),
        (of_bytes(b"ID3\x04" + bytes(99)), AUDIO),
        (of_bytes(b"RIFF\0\0\0\0WAVEfmt "), AUDIO),
        *((a_photo(kind), PHOTO) for kind in ("JPEG", "PNG", "BMP", "WEBP", "TIFF", "AVIF")),
        (a_film_of_photos, "an animated WebP; make a GIF of it: magick in.webp out.gif"),
    ],
)
def test_the_cause_is_named(tmp_path: Path, make: Callable[[Path], Path], reason: str) -> None:
    assert refusal(make(tmp_path / "v.mp4")) == reason


def test_a_file_of_too_many_streams_is_refused(tmp_path: Path) -> None:
    path = write_tracks(tmp_path / "v.mkv", *[Track([0], SMALL)] * 101)
    assert refusal(path).startswith("101 streams, more than 100; copy the video out first: ffmpeg")


def test_motion_jpeg_is_no_photo(tmp_path: Path) -> None:
    path = write_video(tmp_path / "v.mjpeg", range(3), JPEG)
    assert refusal(path) == "a bare stream of photos; wrap it: ffmpeg -i in.mjpeg -c copy out.mkv"


def common_encryption(folder: Path) -> Path:
    key = {"encryption_scheme": "cenc-aes-ctr", "encryption_key": "76" * 16}
    recipe = Recipe(options={"bf": "0"}, muxer=key | {"encryption_kid": "a7" * 16})
    return write_video(folder / "v.mp4", EVERY_40_MS, recipe)


def encrypted_webm(folder: Path) -> Path:
    """In place of the track's name: that its content is encrypted, and with which key."""
    path = write_video(folder / "v.mkv", EVERY_40_MS, Recipe(name="n" * 60))
    key = b"\x47\xe1\x81\x05" + b"\x47\xe2\x84abcd"  # AES, the key's name
    inner = b"\x50\x31\x81\0\x50\x32\x81\x01\x50\x33\x81\x01\x50\x35" + sized(key)
    encodings = b"\x62\x40" + sized(inner)
    filled = encodings + b"\xec" + sized(bytes(58 - len(encodings)))
    content = path.read_bytes()
    assert content.count(b"\x53\x6e" + sized(b"n" * 60)) == 1
    path.write_bytes(content.replace(b"\x53\x6e" + sized(b"n" * 60), b"\x6d\x80" + sized(filled)))
    return path


def sized(content: bytes) -> bytes:
    return bytes([0x80 | len(content)]) + content


def protected_wmv(folder: Path) -> Path:
    path = write_video(folder / "v.wmv", range(9), Recipe(codec="wmv2", time_base=AT_25))
    codecs = bytes.fromhex("4052d1861d31d011a3a400a0c90348f6")
    encryption = bytes.fromhex("fbb3112223bdd211b4b700a0c955fc6e")
    path.write_bytes(path.read_bytes().replace(codecs, encryption))
    return path


def apple_video(folder: Path) -> Path:
    path = write_video(folder / "v.m4v", EVERY_40_MS)
    path.write_bytes(path.read_bytes().replace(b"avc1", b"drmi"))
    return path


def scrambled_broadcast(folder: Path) -> Path:
    path = write_video(folder / "v.ts", EVERY_40_MS, Recipe(grain=60))
    content = bytearray(path.read_bytes())
    for place in range(0, len(content), 188):
        if content[place + 1] & 0x1F == 1:  # the video's packets, not the tables
            content[place + 3] |= 0x80
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    "make",
    [common_encryption, encrypted_webm, protected_wmv, apple_video, scrambled_broadcast],
)
def test_what_is_encrypted_is_said_to_be(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    assert refusal(make(tmp_path)) == ENCRYPTED
