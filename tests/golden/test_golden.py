"""The commands still answer what they answered before; see README.md beside this file."""

import json
import math

import pytest
from make import CASES, GOLDEN, results

TOLERANCES = {
    "unsmoothed": 5e-2,
    "confidence": 3e-2,
    "unsmoothed confidence": 0.1,  # half a pixel of a covered face's box moves it by 0.07
    "score": 1e-3,
    "box": 1.0,
    "landmarks": 1.0,
    "time": 1e-6,
    "logits": 0.2,
    "mean feature": 1e-3,
    "brightness": 0.5,
    "figures said": 1e-2,
    "validation accuracy": 6e-2,  # one of 19 images
    "validation macro F1": 6e-2,
    "expected error": 5e-3,
    "macro F1": 5e-3,
    "counts": 3,
}
"""Of numbers under these names; other numbers with a point may differ by 0.001, texts not at all.

They are what two processors differ by: their rounding moves a box by a fraction of a pixel, and a model
that knows nothing, as the small one here, answers differently to other pixels.
"""

RELATIVE = {"loss": 1e-2, "backbone": 1e-2, "encoder": 1e-2, "head": 1e-2}
SLACK = 1e-9

GOLDEN_RESULTS = json.loads(GOLDEN.read_text())


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return json.loads(json.dumps(results(tmp_path_factory.mktemp("golden") / "shop")))


def differences(now, before, path="", name=""):
    """Say where two results differ, by the tolerance of the name that they stand under."""
    if isinstance(before, dict) and isinstance(now, dict):
        for key in before.keys() | now.keys():
            if key not in now or key not in before:
                yield f"{path}/{key}: only {'before' if key in before else 'now'}"
            else:
                yield from differences(now[key], before[key], f"{path}/{key}", key)
    elif isinstance(before, list) and isinstance(now, list):
        if len(before) != len(now):
            yield f"{path}: {len(before)} -> {len(now)} entries"
        for number, (one, other) in enumerate(zip(now, before, strict=False)):
            yield from differences(one, other, f"{path}[{number}]", name)
    elif isinstance(before, str) and isinstance(now, str) and name in TOLERANCES:
        words, wanted = now.split(), before.split()
        if len(words) != len(wanted) or not all(map(_near, words, wanted, [name] * len(words))):
            yield f"{path}: {before} -> {now}"
    elif (isinstance(before, float) or name in TOLERANCES) and isinstance(now, float | int):
        if not _near(now, before, name):
            yield f"{path}: {before} -> {now}"
    elif type(before) is not type(now) or before != now:
        yield f"{path}: {before!r} -> {now!r}"


def _near(now, before, name):
    if "-" in (now, before):
        return now == before
    return math.isclose(
        float(now),
        float(before),
        rel_tol=RELATIVE.get(name, SLACK),
        abs_tol=0 if name in RELATIVE else TOLERANCES.get(name, 1e-3) + SLACK,
    )


def test_every_case_has_a_golden_result():
    assert list(GOLDEN_RESULTS) == list(CASES)


@pytest.mark.parametrize("case", CASES)
def test_results_are_those_of_before(found, case):
    assert not list(differences(found[case], GOLDEN_RESULTS[case]))


@pytest.mark.parametrize(
    ("now", "before"),
    [
        ({"texts": {"a.txt": "4x29 5x1"}}, {"texts": {"a.txt": "4x30"}}),
        ({"label": "4x30"}, {"label": "4x29 5x1"}),
        ({"box": ["1.00 2.00"]}, {"box": ["1.00 3.60"]}),
        ({"confidence": "0.9000 -"}, {"confidence": "0.9000 0.9000"}),
        ({"confidence": "0.9000"}, {"confidence": "0.9400"}),
        ({"time": "0.040000"}, {"time": "0.040002"}),
        ({"time": "0.040000"}, {"time": "0.040000 0.080000"}),
        ({"unsmoothed": ["0.1"]}, {"unsmoothed": ["0.1", "0.2"]}),
        ({"loss": 1.0}, {"loss": 1.02}),
        ({"loss": None}, {"loss": 1.02}),
        ({"frames": 3}, {"frames": 4}),
        ({}, {"frames": 4}),
        ({"frames": 4}, {}),
    ],
)
def test_what_differs_is_found(now, before):
    assert list(differences(now, before))
    assert not list(differences(before, before))


def test_what_another_processor_computes_is_near_enough():
    now = {"confidence": "0.9004 -", "box": ["1.10"], "loss": 1.501, "label": "4x3"}
    before = {"confidence": "0.9000 -", "box": ["1.40"], "loss": 1.5, "label": "4x3"}
    assert not list(differences(now, before))
