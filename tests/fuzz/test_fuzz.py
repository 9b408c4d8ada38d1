"""Mutated files give rows or an error that names them: no traceback, crash or hang, nor much memory."""

import random
import shutil
from pathlib import Path

import pytest
from videos import number_in

from fuzz.corpus import FRAMES, VIDEOS, small_model, write_corpus
from fuzz.mutate import mutate
from fuzz.pool import FINDINGS, draw, read, run_cases
from fuzz.targets import BINARY, READERS
from videxpr.annotation.run_log import RunLog
from videxpr.core.image_names import FEW
from videxpr.video.reader import Video

SEED = 18
CASES = 1000
SOURCES = 24
FOUND = sorted((Path(__file__).parent / "regressions").glob("*/*"))


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fuzz") / "corpus"
    write_corpus(folder)
    return folder


def test_a_thousand_files(corpus, tmp_path):
    cases = list(run_cases(corpus, tmp_path, SEED, range(CASES), workers=2))
    assert sorted(case.number for case in cases) == list(range(CASES))
    assert not [(case, case.text) for case in cases if case.outcome in FINDINGS]
    assert {case.target for case in cases} == set(READERS)
    rows = [case for case in cases if case.outcome == "rows"]
    assert CASES / 5 < len(rows) < CASES * 4 / 5  # neither harmless nor beyond recognition


@pytest.mark.parametrize("file", FOUND, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_what_was_found_is_found_no_more(file):
    outcome, text = read(file.parent.name, file)
    assert outcome not in FINDINGS, text


def test_a_case_follows_from_its_seed_and_number(corpus):
    assert draw(corpus, 1, 7) == draw(corpus, 1, 7) != draw(corpus, 2, 7)


def test_the_videos_are_sound_before_they_are_mutated(corpus):
    for name in VIDEOS:
        with Video(corpus / "video" / name) as video:
            shown = [number_in(frame.image) for frame in video]
        assert shown == list(range(FRAMES)), name


def mutated(corpus: Path, target: str, rng: random.Random) -> tuple[str, bytes]:
    """The name of a file of a kind, and its content, mutated."""
    files = sorted((corpus / target).iterdir())
    chosen = rng.choice(files)
    others = [file.read_bytes() for file in files]
    return chosen.name, mutate(rng, chosen.read_bytes(), others, target not in BINARY)


def test_sources_through_the_whole_command(videxpr, corpus, tmp_path):
    rng, sources = random.Random(SEED), tmp_path / "sources"
    sources.mkdir()
    for number in range(SOURCES):
        is_crop = number % 6 == 0
        name, content = mutated(corpus, "image" if is_crop else "video", rng)
        path = sources / f"source{number}.{name}"
        if is_crop:
            path.mkdir()
            for frame in range(1, FEW):
                shutil.copy(corpus / "image" / "a.png", path / f"{frame:05d}.png")
            path /= f"{FEW:05d}.{'jpg' if name.endswith('jpg') else 'png'}"
        path.write_bytes(content)
    small_model(tmp_path / "small.safetensors")
    run = ("annotate", sources, "-o", tmp_path / "out", "-m", tmp_path / "small.safetensors")
    code, out, err = videxpr(*run, "--device", "cpu", "--detector", "mtcnn", "-f", "parquet")
    assert code == 1 and "Traceback" not in out + err
    log = RunLog(tmp_path / "out" / "run.jsonl")
    log.refresh()
    ends = {outcome.video: outcome for outcome in log.outcomes}
    assert set(ends) == {path.name for path in sources.iterdir()}
    for name, outcome in ends.items():
        whole = tmp_path / "out" / f"{outcome.key}.parquet"
        assert name in outcome.error or (not outcome.error and whole.is_file()), outcome


@pytest.mark.parametrize(
    ("target", "flags"),
    [
        ("template", ("--template",)),
        ("config", ("--config",)),
        ("checkpoint", ("-m",)),
        ("list", ()),
    ],
)
def test_other_files_through_the_whole_command(videxpr, corpus, tmp_path, target, flags):
    rng = random.Random(SEED)
    for number in range(2):
        name, content = mutated(corpus, target, rng)
        path = tmp_path / f"{number}{name}"
        path.write_bytes(content)
        words = ("missing.mp4", *flags, path) if flags else (f"@{path}",)
        code, out, err = videxpr("annotate", *words, "-o", tmp_path / "out", "--dry-run")
        assert code < 3 and "Traceback" not in out + err
        named = tmp_path.name if target == "list" else path.name  # else what the list names
        assert code in (0, 1) or named in err or "missing.mp4" in err
