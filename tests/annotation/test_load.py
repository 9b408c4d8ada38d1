import pytest
from benchmarked import small_model
from chosen import annotation_options

from videxpr.annotation.load import load_annotator
from videxpr.core.errors import UsageError
from videxpr.faces.options import DetectionOptions
from videxpr.temporal.options import WindowOptions

MTCNN = DetectionOptions("mtcnn")


def test_models_and_detector_are_those_that_were_asked_for(tmp_path):
    files = [small_model(tmp_path / f"{name}.safetensors") for name in "ab"]
    options = annotation_options(detection=MTCNN)
    annotator = load_annotator(files, options, "cpu", 1)
    assert [one.name for one in annotator.checkpoints] == [file.name for file in files]
    assert annotator.detector.name == "mtcnn"
    assert annotator.ensemble.models == tuple(one.model for one in annotator.checkpoints)
    assert annotator.options.faces.detection == DetectionOptions("mtcnn", threads=1)


def test_options_that_do_not_go_with_the_model_are_refused(tmp_path):
    options = annotation_options(detection=MTCNN, windows=WindowOptions(65))
    with pytest.raises(UsageError, match="65"):
        load_annotator([small_model(tmp_path / "a.safetensors")], options, "cpu", 1)
