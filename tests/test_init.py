"""What the library promises to the outside, and what it must not drag in."""

import subprocess
import sys
from importlib import import_module

import numpy as np
import pytest
from PIL import Image

import videxpr


def test_public_names_are_these_and_can_be_imported():
    assert videxpr.__all__ == [
        "EXPRESSIONS", "Annotation", "AnnotationOptions", "Annotator", "Checkpoint", "Evaluation",
        "ExpressionModel", "Face", "FaceRows", "Frame", "ModelConfig", "Result", "Source", "Video",
        "__version__", "annotate", "annotate_many", "evaluate", "find_sources", "load_checkpoint",
        "load_model", "read_annotation",
    ]  # fmt: skip
    for name in videxpr.__all__:
        assert getattr(videxpr, name) is not None
    with pytest.raises(AttributeError, match="nosuch"):
        _ = videxpr.nosuch


def test_functions_stay_functions_whatever_was_imported(tmp_path):
    """A wing that is called like a function would overwrite it; each is called twice."""
    crops = tmp_path / "v"
    crops.mkdir()
    for number in range(3):
        picture = np.full((112, 112, 3), 60 * number, np.uint8)
        Image.fromarray(picture).save(crops / f"{number + 1:05d}.png")
    for _ in range(2):
        annotation = videxpr.annotate(crops, device="cpu")
        (result,) = videxpr.annotate_many([crops], device="cpu")
        assert len(annotation) == len(result.annotation) == 3
        for suffix in ("parquet", "csv", "txt"):
            annotation.save(tmp_path / f"v.{suffix}")
        assert len(videxpr.read_annotation(tmp_path / "v.parquet").to_pandas()) == 3
        score = videxpr.evaluate(tmp_path / "v.parquet", tmp_path / "v.txt", bootstrap=10)
        assert score.scores.accuracy == 1
        assert videxpr.load_model().config == videxpr.load_checkpoint("starter").model.config
        assert len(videxpr.find_sources([str(crops)])) == 1
        import_module("videxpr.cli")
    assert callable(videxpr.annotate) and callable(videxpr.evaluate)


def modules_after(code: str) -> set[str]:
    report = f"{code}\nimport sys; print(' '.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", report], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_training_needs_no_decoder_and_no_detector():
    loaded = modules_after("import videxpr.training.clips.fit, videxpr.training.images.fit")
    assert "lightning" in loaded
    assert not {"av", "insightface", "facenet_pytorch", "cv2"} & loaded


def test_training_on_images_needs_nothing_that_embeds():
    assert "onnxruntime" not in modules_after("import videxpr.training.images.fit")


@pytest.mark.parametrize("module", ["core.onnx_runtime", "faces.detection.scrfd"])
def test_onnx_runtime_reports_nothing_to_anybody(module, tmp_path, monkeypatch):
    """Where it does, it begins with a file for its session in the temporary folder."""
    monkeypatch.delenv("ORT_DISABLE_TELEMETRY", raising=False)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert "onnxruntime" in modules_after(f"import videxpr.{module}")
    assert list(tmp_path.glob(".*")) == []


def test_importing_the_library_is_light():
    assert not {"torch", "numpy", "av", "pandas"} & modules_after("import videxpr")
