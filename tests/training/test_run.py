"""The record of a run and the state to go on from, when they disagree or are another run's."""

from dataclasses import asdict
from pathlib import Path

import pytest
import torch

from videxpr.core.errors import UsageError
from videxpr.training.options import CheckpointOptions
from videxpr.training.run import EpochReport, TrainingRun, run_folder


def report(epoch: int) -> EpochReport:
    return EpochReport(epoch=epoch, epochs=3, loss=1.0, accuracy=0.5, macro_f1=0.4, temperature=1.1)


def run_of(output: Path, resume: bool = False, **inputs: str) -> TrainingRun[EpochReport]:
    checkpoint = CheckpointOptions(output, resume=resume)
    record = run_folder(output) / "training.json"
    return TrainingRun(
        checkpoint, record, EpochReport, options={"epochs": "3"}, inputs={"images": "a"} | inputs
    )


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """The checkpoint of a run that was killed while it wrote the state of its third epoch."""
    run = run_of(tmp_path / "m.safetensors")
    run.begin(lambda line: None, lambda report: None)
    for epoch in (1, 2, 3):
        run.add(report(epoch))
    loops = {"fit_loop": {"epoch_progress": {"current": {"processed": 2}}}}
    torch.save({"loops": loops, "state_dict": {}}, run.state)
    return run.output


def test_a_record_that_is_ahead_of_the_state_is_believed_up_to_it(output: Path) -> None:
    run = run_of(output, resume=True)
    assert list(map(asdict, run.epochs)) == [asdict(report(1)), asdict(report(2))]
    assert run.last == report(2) and run.best == report(1)
    said: list[str] = []
    run.begin(said.append, lambda report: None)
    assert said == ["resumed after epoch 2"]


def test_other_data_are_another_run(output: Path) -> None:
    with pytest.raises(UsageError, match=r"training.json had .* data \(images was a and is b\)"):
        run_of(output, resume=True, images="b")


def test_a_state_without_a_record_is_not_removed_unasked(output: Path) -> None:
    (run_folder(output) / "training.json").unlink()
    with pytest.raises(UsageError, match=r"m.run is there, but not .*nothing to resume"):
        run_of(output, resume=True)
    with pytest.raises(UsageError, match=r"m.run is there already: --resume goes on"):
        run_of(output)
