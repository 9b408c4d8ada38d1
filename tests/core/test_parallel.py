"""Stages in threads: order, errors, and ends without a thread left behind."""

import threading
import time

import pytest

from videxpr.core.parallel import OrderedExecutor, prefetch


def stages() -> list[str]:
    return [one.name for one in threading.enumerate() if one.name.startswith("videxpr-stage")]


def numbers(count, seen=None, fail_at=None):
    try:
        for number in range(count):
            if number == fail_at:
                raise ValueError(f"number {number}")
            yield number
    finally:
        if seen is not None:
            seen.append(threading.current_thread().name)


@pytest.mark.parametrize("depth", [1, 3, 100])
def test_every_item_comes_once_and_in_order(depth):
    assert list(prefetch(numbers(50), depth)) == list(range(50))
    assert stages() == []


def test_items_are_made_while_others_are_taken():
    begun = threading.Event()

    def items():
        yield 0
        begun.set()
        yield 1

    stage = prefetch(items(), 1)
    assert next(stage) == 0
    assert begun.wait(5)  # nobody has asked for the second one yet
    assert list(stage) == [1]


def test_no_more_are_made_than_may_wait():
    made = []

    def items():
        for number in range(100):
            made.append(number)
            yield number

    stage = prefetch(items(), 3)
    next(stage)
    time.sleep(0.2)
    assert len(made) <= 1 + 3 + 1  # taken, waiting, at the door
    stage.close()
    assert stages() == []


def test_an_error_comes_after_the_items_before_it():
    stage = prefetch(numbers(10, fail_at=4), 2)
    assert [next(stage) for _ in range(4)] == [0, 1, 2, 3]
    with pytest.raises(ValueError, match="number 4"):
        next(stage)
    assert stages() == []


def test_an_error_of_the_one_who_takes_ends_the_thread_and_its_generator():
    closed = []
    stage = prefetch(numbers(1000, closed), 2)
    next(stage)
    with pytest.raises(KeyboardInterrupt):
        stage.throw(KeyboardInterrupt)
    assert closed == ["videxpr-stage_0"]  # closed where it ran
    assert stages() == []


def test_stages_behind_one_another_end_together():
    closed = []

    def doubled(items):
        for item in items:
            yield 2 * item

    stage = prefetch(doubled(prefetch(numbers(1000, closed), 2)), 2)
    assert [next(stage), next(stage)] == [0, 2]
    stage.close()
    assert closed == ["videxpr-stage_0"]
    assert stages() == []


def test_a_stage_that_was_never_asked_has_no_thread():
    stage = prefetch(numbers(3), 2)
    assert stages() == []
    stage.close()


def workers() -> list[str]:
    return [one.name for one in threading.enumerate() if one.name.startswith("videxpr-worker")]


@pytest.mark.parametrize("count", [1, 2, 5])
def test_results_are_consumed_in_the_order_of_items(count):
    consumed = []

    def slower_at_first(number):
        time.sleep(0.02 if number % 3 == 0 else 0)
        return number * number

    with OrderedExecutor(
        slower_at_first, lambda item, made: consumed.append((item, made)), count
    ) as line:
        for number in range(20):
            line.add(number)
            waiting = number + 1 - len(consumed)
            assert waiting == (0 if count == 1 else min(number + 1, count))
        line.finish()
        assert consumed == [(number, number * number) for number in range(20)]
        line.add(20)  # it goes on after an end
        line.finish()
        assert consumed[-1] == (20, 400)
    assert workers() == []


def test_as_many_as_there_are_workers_are_worked_on_at_once():
    together = threading.Barrier(2, timeout=5)
    done = []
    with OrderedExecutor(lambda _: together.wait(), lambda item, _: done.append(item), 2) as line:
        line.add("a")
        line.add("b")  # each waits for the other
        line.finish()
    assert done == ["a", "b"]


def test_what_work_raises_comes_in_its_turn_and_no_thread_stays():
    consumed = []

    def fails_at_two(number):
        if number == 2:
            raise ValueError("number 2")
        return number

    def work_on_all():
        with OrderedExecutor(fails_at_two, lambda item, _: consumed.append(item), 3) as line:
            for number in range(10):
                line.add(number)

    with pytest.raises(ValueError, match="number 2"):
        work_on_all()
    assert consumed == [0, 1]
    assert workers() == []
