"""The pipeline in a process of its own, on a real face."""

import tempfile
from pathlib import Path

import pytest
from benchmarked import small_model
from chosen import annotation_options
from pipeline import source_of

from videxpr.annotation.benchmark.options import BenchmarkOptions
from videxpr.annotation.benchmark.pipeline import run_pipeline
from videxpr.core.errors import DetectorError, SourceError
from videxpr.faces.options import DetectionOptions

EXAMPLE = Path(__file__).parents[3] / "examples" / "astronaut.mp4"
MTCNN = annotation_options(detection=DetectionOptions("mtcnn", min_face=80, threads=1))


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return small_model(tmp_path_factory.mktemp("weights") / "m.safetensors")


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """A folder for temporary files, of this process and those that it starts."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


def test_errors_of_the_process_are_errors_here(model, temporary):
    (temporary / "broken.mp4").write_bytes(b"no video")
    with pytest.raises(SourceError, match=r"broken\.mp4"):
        run_pipeline(source_of(temporary / "broken.mp4"), [model], BenchmarkOptions(MTCNN), "cpu")
    nowhere = annotation_options(detection=DetectionOptions("scrfd", root=temporary))
    with pytest.raises(DetectorError, match="no SCRFD pack"):
        run_pipeline(source_of(EXAMPLE), [model], BenchmarkOptions(nowhere), "cpu")


def test_a_process_that_dies_is_told_with_its_exit_code(model):
    with pytest.raises(SourceError, match=r"astronaut\.mp4 ended early \(exit code 1\)"):
        run_pipeline(source_of(EXAMPLE), [model], BenchmarkOptions(MTCNN), "no device")
