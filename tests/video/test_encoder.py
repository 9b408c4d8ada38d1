"""MP4 files that are written frame by frame."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from videos import number_in, picture

from videxpr.core.errors import OutputError
from videxpr.video import encoder
from videxpr.video.encoder import (
    FALLBACK,
    MPEG4,
    Mp4Writer,
    Track,
    choose_codec,
    comment_of,
    exact_time_base,
)
from videxpr.video.reader import Video


def write(path: Path, stamps: list[int], end: int, base: Fraction = Fraction(1, 1000)) -> Path:
    with Mp4Writer(path, Track(64, 48, base)) as writer:
        for number, stamp in enumerate(stamps):
            writer.add(picture(number, 64, 48), stamp)
        writer.finish(end)
    return path


@pytest.mark.parametrize("codec", ["libx264", MPEG4])
def test_frames_times_and_durations_are_those_that_were_given(codec, tmp_path, monkeypatch) -> None:
    if codec == MPEG4:
        monkeypatch.setattr(encoder, "H264", "nothing")
    assert choose_codec() == codec
    stamps = [7, 8, 400, 401, 5000]
    with Video(write(tmp_path / "a.mp4", stamps, end=5100)) as video:
        frames = list(video)
    assert [one.pts_seconds * 1000 for one in frames] == pytest.approx(stamps)
    assert [number_in(one.image) for one in frames] == list(range(5))
    assert frames[-1].duration_seconds == pytest.approx(0.1)


def test_a_file_that_cannot_be_written_is_an_error(tmp_path) -> None:
    with pytest.raises(OutputError, match=r"cannot write .*nowhere/a\.mp4: No such file"):
        Mp4Writer(tmp_path / "nowhere" / "a.mp4", Track(64, 48, FALLBACK))
    with pytest.raises(OutputError, match=r"cannot write b\.mp4: No such file"):
        Mp4Writer(tmp_path / "nowhere" / "a.mp4", Track(64, 48, FALLBACK), name=Path("b.mp4"))


def test_a_file_is_known_by_its_comment(tmp_path) -> None:
    path = tmp_path / "a.mp4"
    assert comment_of(path) == comment_of(tmp_path) == ""
    assert comment_of(write(path, [0, 1], end=2)) == ""
    with Mp4Writer(path, Track(64, 48, FALLBACK), comment="made by a test") as writer:
        writer.add(picture(0, 64, 48), 0)
        writer.finish(3600)
    assert comment_of(path) == "made by a test"
    path.write_bytes(b"no MP4")
    assert comment_of(path) == ""


def test_an_error_on_the_way_is_not_hidden(tmp_path) -> None:
    def fail() -> None:
        with Mp4Writer(tmp_path / "a.mp4", Track(64, 48, FALLBACK)) as writer:
            writer.add(np.zeros((48, 64, 3), np.uint8), 0)
            raise KeyError

    with pytest.raises(KeyError):
        fail()


def test_colors_are_said_and_kept(tmp_path) -> None:
    red = np.zeros((720, 1280, 3), np.uint8)
    red[..., 0], red[..., 1] = 200, 60
    path = tmp_path / "a.mp4"
    with Mp4Writer(path, Track(1280, 720, FALLBACK)) as writer:
        writer.add(red, 0)
        writer.finish(3600)
    with Video(path) as video:
        (frame,) = video
    assert np.abs(frame.image.astype(int) - red).max() < 6
    with av.open(str(path)) as container:
        context = container.streams.video[0].codec_context
        assert (context.colorspace, context.color_primaries, context.color_range) == (1, 1, 1)


def test_time_bases_are_one_over_a_whole_number() -> None:
    assert exact_time_base(Fraction(1001, 30000)) == Fraction(1, 30000)
    assert exact_time_base(Fraction(1, 12_000_000)) == FALLBACK
    assert exact_time_base(Fraction(0)) == FALLBACK
