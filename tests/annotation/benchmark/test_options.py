import pytest

from videxpr.annotation.benchmark.options import BenchmarkOptions
from videxpr.annotation.options import AnnotateOptions
from videxpr.core.errors import UsageError


def test_videos_are_annotated_as_annotate_does_by_default():
    assert BenchmarkOptions().annotate == AnnotateOptions()


def test_something_is_measured_at_least_once():
    assert BenchmarkOptions(runs=1).runs == 1
    with pytest.raises(UsageError, match="not 0"):
        BenchmarkOptions(runs=0)
