"""Windows against a plain loop over frames."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from videxpr.core.errors import UsageError
from videxpr.temporal.options import WindowOptions
from videxpr.temporal.windows import (
    WINDOWS_AT_ONCE,
    LogitStream,
    cut_windows,
    sliding_logits,
    window_starts,
)


@st.composite
def cuts(draw: st.DrawFn) -> tuple[int, int, WindowOptions]:
    """A length, a window and a stride that leaves no gaps."""
    length = draw(st.integers(1, 300))
    window = draw(st.integers(1, 80))
    stride = draw(st.integers(1, window))
    return length, window, WindowOptions(stride, draw(st.sampled_from(["aligned", "padded"])))


def naive_starts(length: int, window: int, options: WindowOptions) -> list[int]:
    starts = [0]
    while starts[-1] + window < length:
        following = starts[-1] + options.stride
        if options.tail == "aligned":
            following = min(following, length - window)
        starts.append(following)
    return starts


def naive_window(features: np.ndarray, start: int, window: int) -> np.ndarray:
    last = len(features) - 1
    return np.array([features[min(start + place, last)] for place in range(window)])


def classify(windows: np.ndarray) -> np.ndarray:
    """Predictions that depend on the place in the window, on the frame and on the whole window."""
    places = np.arange(1, windows.shape[1] + 1)[:, None]
    return windows * places + windows.mean(axis=1, keepdims=True) ** 2


def naive_logits(features: np.ndarray, window: int, options: WindowOptions) -> np.ndarray:
    answers = {
        start: classify(naive_window(features, start, window)[None])[0]
        for start in naive_starts(len(features), window, options)
    }
    return np.array(
        [
            np.mean(
                [
                    answer[frame - start]
                    for start, answer in answers.items()
                    if start <= frame < start + window
                ],
                axis=0,
            )
            for frame in range(len(features))
        ]
    )


@given(cuts())
def test_starts_agree_with_a_loop_and_leave_no_frame_out(
    cut: tuple[int, int, WindowOptions],
) -> None:
    length, window, options = cut
    starts = window_starts(length, window, options)
    assert starts.tolist() == naive_starts(length, window, options)
    covered = {frame for start in starts.tolist() for frame in range(start, start + window)}
    assert covered >= set(range(length))


@given(cuts())
def test_the_last_aligned_window_ends_on_the_last_frame(
    cut: tuple[int, int, WindowOptions],
) -> None:
    length, window, options = cut
    starts = window_starts(length, window, WindowOptions(options.stride, "aligned"))
    assert starts[-1] + window == max(length, window)
    assert starts[0] == 0 and (np.diff(starts) > 0).all()


@given(cuts())
def test_only_the_last_padded_window_reaches_past_the_end(
    cut: tuple[int, int, WindowOptions],
) -> None:
    length, window, options = cut
    starts = window_starts(length, window, WindowOptions(options.stride, "padded"))
    assert (starts[:-1] + window < length).all() and starts[-1] + window >= length
    assert (np.diff(starts) == options.stride).all()


@given(cuts())
def test_windows_hold_their_frames_and_repeat_the_last(
    cut: tuple[int, int, WindowOptions],
) -> None:
    length, window, options = cut
    features = np.random.default_rng(length).standard_normal((length, 3)).astype(np.float32)
    starts = window_starts(length, window, options)
    windows = cut_windows(features, starts, window)
    assert windows.dtype == np.float32
    expected = [naive_window(features, start, window) for start in starts.tolist()]
    np.testing.assert_array_equal(windows, expected)


@given(cuts(), st.integers(0, 2**32 - 1))
def test_logits_agree_with_a_loop_over_frames(
    cut: tuple[int, int, WindowOptions], seed: int
) -> None:
    length, window, options = cut
    features = np.random.default_rng(seed).standard_normal((length, 2)).astype(np.float32)
    logits = sliding_logits(features, classify, window, options)
    assert logits.dtype == np.float32
    expected = naive_logits(features.astype(np.float64), window, options)
    np.testing.assert_allclose(logits, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("tail", "expected"),
    [("padded", [0, 1, 2, 3, 0, 1]), ("aligned", [0, 1, (2 + 0) / 2, (3 + 1) / 2, 2, 3])],
)
def test_a_frame_counts_once_in_every_window_that_holds_it(
    tail: str, expected: list[float]
) -> None:
    def place(windows: np.ndarray) -> np.ndarray:
        return np.broadcast_to(np.arange(4.0)[:, None], (len(windows), 4, 1))

    options = WindowOptions(stride=4, tail=tail)  # type: ignore[arg-type]
    logits = sliding_logits(np.zeros((6, 2), np.float32), place, 4, options)
    assert logits[:, 0].tolist() == expected


@given(cuts())
def test_padded_frames_never_count(cut: tuple[int, int, WindowOptions]) -> None:
    length, window, options = cut
    features = np.arange(length, dtype=np.float32)[:, None]

    def poisoned(windows: np.ndarray) -> np.ndarray:
        """1 for the first copy of a frame in a window, NaN for the copies that pad it."""
        repeated = np.diff(windows, axis=1, prepend=-1) == 0
        return np.where(repeated, np.nan, 1.0)

    assert (sliding_logits(features, poisoned, window, options) == 1).all()


def test_windows_are_classified_a_few_at_a_time() -> None:
    sizes = []

    def counted(windows: np.ndarray) -> np.ndarray:
        sizes.append(len(windows))
        return windows

    features = np.random.default_rng(0).standard_normal((300, 2)).astype(np.float32)
    logits = sliding_logits(features, counted, 4, WindowOptions(1))
    assert sum(sizes) == 297 and max(sizes) == 4
    np.testing.assert_allclose(logits, features, rtol=1e-6)


def whole_logits(features: np.ndarray, window: int, options: WindowOptions) -> np.ndarray:
    """The mean over all windows of the whole sequence, summed in their order, a batch at a time."""
    starts = window_starts(len(features), window, options)
    batches = [starts[n : n + WINDOWS_AT_ONCE] for n in range(0, len(starts), WINDOWS_AT_ONCE)]
    answers = np.concatenate([classify(cut_windows(features, one, window)) for one in batches])
    sums, counts = np.zeros(features.shape), np.zeros((len(features), 1))
    for start, answer in zip(starts, answers, strict=True):
        sums[start : start + window] += answer[: len(features) - start]
        counts[start : start + window] += 1
    return (sums / counts).astype(np.float32)


@given(cuts(), st.lists(st.integers(0, 300), max_size=20), st.integers(0, 2**32 - 1))
def test_a_stream_is_the_whole_sequence_to_the_bit_wherever_it_is_cut(
    cut: tuple[int, int, WindowOptions], edges: list[int], seed: int
) -> None:
    length, window, options = cut
    features = np.random.default_rng(seed).standard_normal((length, 2)).astype(np.float32)
    stream = LogitStream(classify, window, options)
    finalized = [one for chunk in np.split(features, sorted(edges)) for one in stream.add(chunk)]
    finalized += stream.finish()
    expected = whole_logits(features, window, options)
    np.testing.assert_array_equal(np.concatenate(finalized), expected)
    np.testing.assert_array_equal(sliding_logits(features, classify, window, options), expected)
    assert stream.buffered == 0


@given(cuts(), st.integers(0, 200))
def test_what_a_stream_gives_out_early_no_later_frame_could_change(
    cut: tuple[int, int, WindowOptions], more: int
) -> None:
    length, window, options = cut
    features = np.random.default_rng(more).standard_normal((length + more, 2)).astype(np.float32)
    stream = LogitStream(classify, window, options)
    early = [one for row in features[:length] for one in stream.add(row[None])]
    for end in (length, length + more):
        whole = whole_logits(features[:end], window, options)
        finalized = sum(map(len, early))
        assert finalized + stream.buffered == length
        np.testing.assert_array_equal(np.concatenate([whole[:0], *early]), whole[:finalized])


@given(cuts())
def test_a_stream_holds_no_more_than_a_batch_of_windows_needs(
    cut: tuple[int, int, WindowOptions],
) -> None:
    length, window, options = cut
    stream = LogitStream(classify, window, options)
    most = 0
    for _ in range(3 * length):
        stream.add(np.ones((1, 2), np.float32))
        most = max(most, stream.buffered)
    # between two batches the next one gathers, behind what a last, aligned window may still need
    assert most < window + WINDOWS_AT_ONCE * options.stride + options.stride


@given(cuts(), st.lists(st.integers(0, 300), max_size=20))
def test_batches_depend_on_the_sequence_alone(
    cut: tuple[int, int, WindowOptions], edges: list[int]
) -> None:
    length, window, options = cut
    features = np.arange(length, dtype=np.float32)[:, None]
    batches: list[list[list[float]]] = [[], []]

    def noted(which: int, windows: np.ndarray) -> np.ndarray:
        batches[which].append(windows[:, 0, 0].tolist())
        return windows

    for which, chunks in enumerate((np.split(features, sorted(edges)), [features])):
        stream = LogitStream(partial(noted, which), window, options)
        for chunk in chunks:
            stream.add(chunk)
        stream.finish()
    assert batches[0] == batches[1]


def test_a_stream_that_would_leave_gaps_is_refused_before_any_frame() -> None:
    with pytest.raises(UsageError, match="stride of 9 leaves gaps between windows of 8"):
        LogitStream(classify, 8, WindowOptions(9))


def test_a_stride_that_leaves_gaps_or_stands_still_is_refused() -> None:
    with pytest.raises(UsageError, match="stride of 65 leaves gaps between windows of 64"):
        window_starts(100, 64, WindowOptions(65))
    with pytest.raises(UsageError, match="--stride must be at least 1, not 0"):
        WindowOptions(0)
