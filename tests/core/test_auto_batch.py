import pytest
import torch

from videxpr.core.auto_batch import AutoBatch


class Network:
    """Adds one to numbers, up to so many at a time; notes what it was asked."""

    def __init__(self, fits):
        self.fits = fits
        self.asked = []

    def __call__(self, part):
        self.asked.append(len(part))
        if len(part) > self.fits:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return [number + 1 for number in part]


def test_batch_that_fits_goes_through_whole():
    network, told = Network(fits=16), []
    halving = AutoBatch("detection", told.append)
    assert halving.run(range(16), network) == list(range(1, 17))
    assert (network.asked, halving.largest, told) == ([16], None, [])


def test_batch_is_halved_until_it_fits_and_the_size_is_remembered():
    network, told = Network(fits=5), []
    halving = AutoBatch("detection", told.append)
    assert halving.run(range(16), network) == list(range(1, 17))
    assert network.asked == [16, 8, 4, 4, 4, 4]
    network.asked.clear()
    assert halving.run(range(9), network) == list(range(1, 10))
    assert network.asked == [4, 4, 1]
    (sentence,) = told
    assert "detection goes on with at most 4 together" in sentence


def test_memory_that_shrinks_later_is_told_no_second_time():
    network, told = Network(fits=4), []
    halving = AutoBatch("detection", told.append)
    halving.run(range(8), network)
    network.fits = 1
    assert halving.run(range(8), network) == list(range(1, 9))
    assert (halving.largest, len(told)) == (1, 1)


def test_one_at_a_time_is_said_so():
    told = []
    AutoBatch("embedding", told.append).run(range(2), Network(fits=1))
    assert "embedding goes on with one at a time" in told[0]


def test_network_that_does_not_even_fit_for_one_is_an_error():
    told = []
    with pytest.raises(torch.OutOfMemoryError):
        AutoBatch("detection", told.append).run(range(4), Network(fits=0))
    assert told == []


def test_nobody_need_listen_and_other_errors_pass():
    assert AutoBatch("detection").run(range(3), Network(fits=1)) == [1, 2, 3]
    assert AutoBatch("detection").run([], Network(fits=1)) == []
    with pytest.raises(ZeroDivisionError):
        AutoBatch("detection").run([1], lambda part: [1 // 0])
