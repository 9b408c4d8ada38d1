import pytest

from videxpr.core.errors import UsageError
from videxpr.video.options import DecodingOptions


@pytest.mark.parametrize(
    ("decoder", "device", "gpu"),
    [
        ("auto", "cpu", None),
        ("auto", "mps", None),
        ("auto", "cuda", 0),
        ("auto", "cuda:2", 2),
        ("cpu", "cuda:2", None),
        ("cuda", "cuda:1", 1),
        ("cuda", "cpu", 0),
    ],
)
def test_the_gpu_is_the_networks_own(decoder, device, gpu):
    assert DecodingOptions(decoder, device).gpu == gpu


def test_unknown_decoders_are_wrong_usage():
    with pytest.raises(UsageError, match="auto, cpu, cuda"):
        DecodingOptions("nvdec")
