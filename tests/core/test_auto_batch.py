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


def test_batch_that_fits_goes_through_whole(caplog):
    network = Network(fits=16)
    batches = AutoBatch("detection")
    assert batches.run(range(16), network) == list(range(1, 17))
    assert (network.asked, batches.largest, caplog.messages) == ([16], None, [])


def test_batch_is_halved_until_it_fits_and_the_size_is_remembered(caplog):
    network = Network(fits=5)
    batches = AutoBatch("detection")
    assert batches.run(range(16), network) == list(range(1, 17))
    assert network.asked == [16, 8, 4, 4, 4, 4]
    network.asked.clear()
    assert batches.run(range(9), network) == list(range(1, 10))
    assert network.asked == [4, 4, 1]
    (sentence,) = caplog.messages
    assert "detection goes on with at most 4 together" in sentence


def test_memory_that_shrinks_later_is_logged_no_second_time(caplog):
    network = Network(fits=4)
    batches = AutoBatch("detection")
    batches.run(range(8), network)
    network.fits = 1
    assert batches.run(range(8), network) == list(range(1, 9))
    assert (batches.largest, len(caplog.messages)) == (1, 1)


def test_one_at_a_time_is_said_so(caplog):
    AutoBatch("embedding").run(range(2), Network(fits=1))
    assert "embedding goes on with one at a time" in caplog.text


def test_network_that_does_not_even_fit_for_one_is_an_error(caplog):
    with pytest.raises(torch.OutOfMemoryError):
        AutoBatch("detection").run(range(4), Network(fits=0))
    assert caplog.messages == []


def test_other_errors_pass():
    assert AutoBatch("detection").run(range(3), Network(fits=1)) == [1, 2, 3]
    assert AutoBatch("detection").run([], Network(fits=1)) == []
    with pytest.raises(ZeroDivisionError):
        AutoBatch("detection").run([1], lambda part: [1 // 0])
