import pytest
from chosen import annotation_options

from videxpr.annotation.benchmark.options import BenchmarkOptions
from videxpr.core.errors import UsageError


def test_videos_are_annotated_as_annotate_does_by_default():
    assert BenchmarkOptions().annotate == annotation_options()


def test_something_is_measured_at_least_once():
    assert BenchmarkOptions(runs=1).runs == 1
    with pytest.raises(UsageError, match="not 0"):
        BenchmarkOptions(runs=0)
