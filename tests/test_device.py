import pytest
import torch

from videxpr.device import cpu_threads, describe, resolve_device
from videxpr.errors import DeviceError

GPUS = torch.cuda.device_count()


def test_auto_takes_a_gpu_where_there_is_one():
    expected = "cuda" if GPUS else "mps" if torch.backends.mps.is_available() else "cpu"
    assert resolve_device("auto").type == expected


def test_cpu_is_always_there():
    assert resolve_device("cpu") == torch.device("cpu")
    assert describe(torch.device("cpu")).startswith("cpu (")
    assert cpu_threads() >= 1


@pytest.mark.parametrize("name", [str(GPUS), f"cuda:{GPUS}"])
def test_gpu_that_is_not_there_is_an_error_that_says_why(name):
    with pytest.raises(DeviceError, match=f"cuda:{GPUS}"):
        resolve_device(name)


@pytest.mark.parametrize("name", ["gpu", "cuda:x", "", "cpu:0", "-1"])
def test_unknown_names_are_refused(name):
    with pytest.raises(DeviceError, match="unknown device"):
        resolve_device(name)
