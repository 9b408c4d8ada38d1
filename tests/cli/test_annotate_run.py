import pytest
import torch
from pipeline import write_portrait

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
