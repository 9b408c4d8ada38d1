"""What is said of the machine, beside what the machine says by other ways."""

import os
import platform

import pytest
import torch
from benchmarked import small_model
from chosen import annotation_options
from conftest import SHARED

from videxpr.annotation.benchmark.machine import in_use, this_machine
from videxpr.annotation.load import load_annotator
from videxpr.core.threads import stage_threads
from videxpr.faces.options import DetectionOptions

PACKS = SHARED / "models" / "insightface"


def test_the_machine_is_this_one():
    machine = this_machine(torch.device("cpu"))
    assert machine.cpu.strip()
    assert 1 <= machine.usable_cores <= machine.cores == os.cpu_count()
    assert machine.python == platform.python_version()
    assert machine.torch == torch.__version__
    assert machine.onnxruntime.startswith("onnxruntime")
    assert (machine.gpu, machine.gpu_bytes) == (None, None)
    assert machine.memory_bytes > 1 << 30


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no NVIDIA GPU")
def test_a_gpu_is_named_where_it_is_used():
    machine = this_machine(torch.device("cuda:0"))
    assert machine.gpu == torch.cuda.get_device_name(0)
    assert machine.gpu_bytes > 1 << 30


def test_networks_say_themselves_what_they_run_on(tmp_path):
    model = small_model(tmp_path / "m.safetensors")
    used = in_use(
        load_annotator([model], annotation_options(detection=DetectionOptions("mtcnn")), "cpu", 2)
    )
    assert (used.models, used.models_sha256) == ((model.name,), (model.sha256,))
    assert (used.model_runtimes, used.model_providers) == (
        ("onnxruntime",),
        ("CPUExecutionProvider",),
    )
    assert used.model_threads == 2
    assert (used.device, used.detector, used.detector_device) == ("cpu", "mtcnn", "cpu")
    assert (used.providers, used.detector_threads) == ((), None)
    assert used.torch_threads == torch.get_num_threads() == 2
    assert used.stage_threads == stage_threads()


@pytest.mark.skipif(not PACKS.is_dir(), reason=f"no SCRFD weights in {PACKS}")
def test_providers_are_those_that_the_session_got(tmp_path):
    model = small_model(tmp_path / "m.safetensors")
    scrfd = DetectionOptions("scrfd:buffalo_sc", root=PACKS, threads=1)
    used = in_use(load_annotator([model], annotation_options(detection=scrfd), "cpu", 1))
    assert (used.providers, used.detector_threads) == (("CPUExecutionProvider",), 1)
