"""`--decoder`, for every command that decodes."""

import pytest
import torch
from pipeline import write_portrait

no_gpu = pytest.mark.skipif(torch.cuda.is_available(), reason="there is an NVIDIA GPU")


@no_gpu
@pytest.mark.parametrize("command", ["annotate", "crops make", "benchmark"])
def test_a_gpu_that_must_decode_and_cannot_is_an_error_of_the_video(videxpr, tmp_path, command):
    write_portrait(tmp_path / "a.mp4", 3)
    where = () if command == "benchmark" else ("-o", tmp_path / "out")
    options = ("--decoder", "cuda", "--detector", "mtcnn", "--device", "cpu", *where)
    code, _, err = videxpr(*command.split(), tmp_path / "a.mp4", *options)
    assert code == 1
    assert "a.mp4: cannot be decoded on a GPU: " in err and "--decoder auto or cpu" in err


@pytest.mark.parametrize("decoder", ["auto", "cpu"])
@pytest.mark.parametrize("command", ["annotate", "crops make"])
def test_the_cpu_decodes_for_networks_on_the_cpu_without_a_word(
    videxpr, tmp_path, command, decoder
):
    write_portrait(tmp_path / "a.mp4", 3)
    options = ("--decoder", decoder, "--detector", "mtcnn", "--device", "cpu")
    code, _, err = videxpr(*command.split(), tmp_path / "a.mp4", *options, "-o", tmp_path / "out")
    assert code == 0 and "3 frames" in err and "decoded on" not in err


def test_unknown_decoders_are_wrong_usage(videxpr, tmp_path):
    code, _, err = videxpr("annotate", tmp_path / "a.mp4", "--decoder", "nvdec")
    assert code == 2 and "--decoder" in err
