"""Crops that wait, in memory and in a temporary file."""

from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from videxpr.datasets.crops import spool as holding
from videxpr.datasets.crops.spool import CropSpool

Shots = list[list[tuple[int, bytes]]]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    shots=st.lists(st.lists(st.tuples(st.integers(1, 4), st.binary(max_size=40))), max_size=3),
    most=st.sampled_from([1, 50, 1 << 20]),
)
def test_crops_come_back_by_track_wherever_they_were_held(
    monkeypatch: pytest.MonkeyPatch, shots: Shots, most: int
) -> None:
    monkeypatch.setattr(holding, "HELD_BYTES", most)
    with CropSpool() as buffered:
        for shot in shots:
            expected: dict[int, list[bytes]] = defaultdict(list)
            for track, jpeg in shot:
                buffered.add(track, jpeg)
                expected[track].append(jpeg)
            for track in range(1, 5):
                assert list(buffered.of(track)) == expected[track]
            buffered.clear()
            assert list(buffered.of(1)) == []


def test_many_crops_leave_memory_for_a_file_and_nothing_stays(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(holding, "HELD_BYTES", 1000)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with CropSpool() as buffered:
        for number in range(30):
            assert buffered._file._rolled == (number > 10)
            buffered.add(1, bytes([number]) * 100)
        assert next(buffered.of(1)) == bytes(100)
    assert not list(tmp_path.iterdir())
