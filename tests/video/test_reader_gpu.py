"""Decoding on a GPU: without one only why it cannot be had, and what comes instead."""

import pytest
import torch
from conftest import SHARED, needs_shared
from videos import write_video

from videxpr.core.errors import SourceError
from videxpr.video import nvdec
from videxpr.video import reader as video
from videxpr.video.nvdec import (
    codec_unsupported_reason,
    device_unsupported_reason,
    format_unsupported_reason,
)
from videxpr.video.options import DecodingOptions
from videxpr.video.reader import Video

CLIPS = SHARED / "data" / "clips"
EVERY_40_MS = [40 * number for number in range(30)]
no_gpu = pytest.mark.skipif(torch.cuda.is_available(), reason="there is an NVIDIA GPU")


@pytest.fixture
def clip(tmp_path):
    return write_video(tmp_path / "v.mp4", EVERY_40_MS)


def read(path, decoding=None):
    """What a video is decoded by, its times, its first and last picture, and its errors."""
    with Video(path) if decoding is None else Video(path, decoding) as opened:
        frames = list(opened)
        times = [(frame.index, frame.pts_seconds, frame.image.shape) for frame in frames]
        return opened.decoder, opened.decoder_note, times, opened.decode_errors


def test_codecs_that_no_gpu_helps_with_are_named():
    assert codec_unsupported_reason("h264") is None
    assert codec_unsupported_reason("wmv2") == "FFmpeg's decoder wmv2 does not use NVDEC"


def test_formats_tell_which_decoder_made_them():
    assert format_unsupported_reason("nv12") is None
    assert format_unsupported_reason("p010le") is None
    assert "yuv420p" in format_unsupported_reason("yuv420p")


def test_reasons_are_given_in_words():
    assert "no NVIDIA driver" in device_unsupported_reason(
        0, PermissionError(1, "Operation not permitted")
    )
    assert device_unsupported_reason(1, OSError(5, "Input/output error")).endswith(
        "opened (Input/output error)"
    )


def test_without_a_word_the_cpu_decodes(clip):
    assert read(clip)[:2] == ("cpu", None)
    assert read(clip, DecodingOptions("auto", "cpu")) == read(clip)


@no_gpu
def test_without_a_gpu_auto_gives_what_the_cpu_gives_and_says_so(clip):
    decoder, note, *rest = read(clip, DecodingOptions("auto", "cuda:0"))
    assert (decoder, rest) == ("cpu", list(read(clip)[2:]))
    assert note == "FFmpeg finds no NVIDIA driver to use cuda:0 with"


@no_gpu
def test_without_a_gpu_asking_for_it_is_an_error_that_says_why(clip):
    with pytest.raises(SourceError, match=r"v\.mp4: cannot be decoded on a GPU: .*driver.*auto"):
        Video(clip, DecodingOptions("cuda"))


@needs_shared
def test_codec_that_no_gpu_helps_with_comes_from_the_cpu():
    path = CLIPS / "man-happy-wmv2.wmv"
    decoder, note, *rest = read(path, DecodingOptions("auto", "cuda:0"))
    assert (decoder, rest) == ("cpu", list(read(path)[2:]))
    assert "wmv2" in note
    with pytest.raises(SourceError, match="wmv2"):
        Video(path, DecodingOptions("cuda"))


def test_frames_that_the_gpu_refuses_are_not_lost(clip, monkeypatch):
    monkeypatch.setattr(video, "HWAccel", lambda *_, **options: None)  # it opens, and does nothing
    decoder, note, *rest = read(clip, DecodingOptions("auto", "cuda:0"))
    assert (decoder, rest) == ("cpu", list(read(clip)[2:]))
    assert "the GPU refused its frames" in note
    with pytest.raises(SourceError, match="refused"):
        Video(clip, DecodingOptions("cuda"))


def test_first_picture_is_looked_at_and_not_lost(clip, monkeypatch):
    monkeypatch.setattr(video, "HWAccel", lambda *_, **options: None)
    monkeypatch.setattr(nvdec, "GPU_FORMATS", {"yuv420p"})
    decoder, note, *rest = read(clip, DecodingOptions("cuda", "cuda:1"))
    assert (decoder, note, rest) == ("cuda:1", None, list(read(clip)[2:]))


@needs_shared
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no NVIDIA GPU")
def test_gpu_gives_as_many_frames_at_the_same_times():
    by_gpu = 0
    for path in sorted(CLIPS.glob("*.m[pko]*")):
        if path.name != "truncated-no-moov.mp4":
            decoder, note, *rest = read(path, DecodingOptions("auto", "cuda:0"))
            assert rest == list(read(path)[2:]), path.name
            assert (decoder == "cpu") == (note is not None)
            by_gpu += decoder == "cuda:0"
    assert by_gpu
