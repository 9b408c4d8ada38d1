import pytest
import torch
from pipeline import picture, write_clip, write_portrait

from videxpr.core import device


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is an NVIDIA GPU")
@pytest.mark.parametrize(("wanted", "warned"), [("auto", True), ("cpu", False)])
def test_gpu_that_auto_passes_over_is_warned_of(videxpr, tmp_path, monkeypatch, wanted, warned):
    (tmp_path / "version").touch()
    monkeypatch.setattr(device, "NVIDIA_DRIVER", tmp_path / "version")
    write_portrait(tmp_path / "a.mp4", 3)
    options = ("--detector", "mtcnn", "-o", tmp_path / "out", "--device", wanted)
    code, _, err = videxpr("annotate", tmp_path / "a.mp4", *options)
    assert code == 0 and "device cpu (" in err
    assert ("although there is an NVIDIA GPU: " in err) == warned


def test_a_format_that_cannot_hold_a_video_is_an_error_and_the_others_are_written(
    videxpr, tmp_path
):
    write_clip(tmp_path / "even.mp4", [picture(number) for number in range(4)])
    write_clip(tmp_path / "varying.mp4", [picture(number) for number in range(4)], (0, 1, 2, 9))
    words = (tmp_path, "-f", "csv,label-studio", "--detector", "mtcnn", "-o", tmp_path / "out")
    for did in ("2 annotated, 0 skipped", "0 annotated, 2 skipped"):
        code, out, err = videxpr("annotate", *words)
        assert code == 1
        assert f"{did}, 0 failed, 1 without a format that was asked for" in out
        assert "error: varying.mp4: label-studio counts frames at a constant rate" in err
    assert sorted(path.name for path in (tmp_path / "out").glob("*.*[vnl]")) == [
        *("even.csv", "even.label-studio.json", "even.label-studio.xml"),
        *("run.jsonl", "summary.csv", "varying.csv"),
    ]
    assert videxpr("annotate", tmp_path / "varying.mp4", "-f", "csv", *words[3:])[0] == 0
    code, out, _ = videxpr("status", tmp_path / "out")
    assert code == 0 and "not written: varying.mp4: label-studio counts" in " ".join(out.split())
