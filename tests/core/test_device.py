import pytest
import torch

from videxpr.core import device
from videxpr.core.device import describe, resolve_device, unused_gpu_reason
from videxpr.core.errors import DeviceError
from videxpr.core.threads import cpu_threads

GPUS = torch.cuda.device_count()


def test_auto_takes_a_gpu_where_there_is_one():
    expected = "cuda" if GPUS else "mps" if torch.backends.mps.is_available() else "cpu"
    assert resolve_device("auto").type == expected


def test_cpu_is_always_there():
    assert resolve_device("cpu") == resolve_device(torch.device("cpu")) == torch.device("cpu")
    assert describe(torch.device("cpu")).startswith("cpu (")
    assert cpu_threads() >= 1


@pytest.mark.parametrize("name", [GPUS, str(GPUS), f"cuda:{GPUS}"])
def test_gpu_that_is_not_there_is_an_error_that_says_why(name):
    with pytest.raises(DeviceError, match=f"cuda:{GPUS}"):
        resolve_device(name)


@pytest.mark.parametrize("name", ["gpu", "cuda:x", "", "cpu:0", "-1"])
def test_unknown_names_are_refused(name):
    with pytest.raises(DeviceError, match="unknown device"):
        resolve_device(name)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is an NVIDIA GPU")
def test_without_a_driver_torch_is_quoted_in_one_line_with_the_environment(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    with pytest.raises(DeviceError) as error:
        resolve_device("cuda")
    text = str(error.value)
    assert text.startswith("cuda:0 cannot be used: ") and text.endswith("; choose --device cpu")
    assert "\n" not in text and "http" not in text
    if torch.version.cuda is not None:
        assert "(CUDA_VISIBLE_DEVICES is '3')" in text


def test_torch_without_cuda_says_so(monkeypatch):
    monkeypatch.setattr(torch.version, "cuda", None)
    with pytest.raises(DeviceError, match=r"torch .* was built without CUDA; choose --device cpu"):
        resolve_device("cuda:0")


@pytest.mark.parametrize(("count", "text"), [(1, "only GPU here is cuda:0"), (4, "to cuda:3")])
def test_number_that_is_too_high_names_those_that_are_there(monkeypatch, count, text):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
    monkeypatch.setattr(torch.version, "cuda", "13.2")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1,2,3")
    with pytest.raises(DeviceError, match=rf"no cuda:7; .*{text} \(CUDA_VISIBLE_DEVICES"):
        resolve_device("7")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is an NVIDIA GPU")
def test_gpu_that_auto_passes_over_is_told_only_where_there_is_one(monkeypatch, tmp_path):
    monkeypatch.setattr(device, "NVIDIA_DRIVER", tmp_path / "none")
    assert unused_gpu_reason() is None
    (tmp_path / "version").touch()
    monkeypatch.setattr(device, "NVIDIA_DRIVER", tmp_path / "version")
    assert torch.__version__ in unused_gpu_reason()
