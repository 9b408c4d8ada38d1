"""Sizes and shares are read as people type them, and shown so that they are read alike."""

import pytest

from videxpr.annotation.batch.options import BatchOptions, parse_shard, parse_size, show_size
from videxpr.core.errors import UsageError


@pytest.mark.parametrize(
    ("text", "size"),
    [("4GB", 4 * 10**9), ("800 MB", 8 * 10**8), ("1.5g", 15 * 10**8), ("2GiB", 2 * 2**30)],
)
def test_sizes(text, size):
    assert parse_size(text) == size
    assert parse_size(show_size(size)) == size


@pytest.mark.parametrize("text", ["", "lots", "-1GB", "0", "0GB", "4 GB RAM"])
def test_what_is_no_size_is_refused_with_its_value(text):
    with pytest.raises(UsageError, match="--memory-limit must be a size such as 4GB"):
        parse_size(text)


def test_shards():
    assert str(parse_shard("3/10")) == "3/10"


@pytest.mark.parametrize("text", ["", "3", "0/3", "4/3", "1/0", "-1/3", "a/b", "1/2/3"])
def test_what_is_no_shard_is_refused_with_its_value(text):
    with pytest.raises(UsageError, match="--shard must be I/N"):
        parse_shard(text)


@pytest.mark.parametrize(
    "options", [{"ray_address": "auto"}, {"executor": "ray", "workers": 0}, {"timeout_seconds": 0}]
)
def test_what_does_not_go_together_is_refused(options):
    with pytest.raises(UsageError):
        BatchOptions(**options)
