"""What pages show is run: their Python, and the commands of those that a newcomer types from."""

import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from pipeline import write_portrait
from runs import run_here

from videxpr.formats.affwild2 import write_labels

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
FRAMES = 50
VIDEO = ROOT / "examples" / "astronaut.mp4"
FENCE = re.compile(r'^```(\w+)(?: title="(.+?)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)
TRIALS = "video,start,end,name\np01/s1/interview,0,1,baseline\np01/s1/interview,1,2,film A\n"


def pages_with(language: str) -> list[Path]:
    pages = (ROOT / "README.md", *ROOT.glob("docs/**/*.md"))
    return sorted(
        path.relative_to(ROOT) for path in pages if f"```{language}\n" in path.read_text()
    )


@pytest.fixture(scope="module")
def annotated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as the pages assume it: videos, annotations, labels, and tables beside them."""
    folder = tmp_path_factory.mktemp("pages")
    for name in ("talk.mp4", "folder/a.mp4", "study/p01/s1/interview.mp4"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        write_portrait(folder / name, FRAMES)
    (folder / "examples").mkdir()
    shutil.copy(VIDEO, folder / "examples")
    (folder / "trials.csv").write_text(TRIALS)
    words = ("annotate", "-j", 0, folder / "examples/astronaut.mp4", "-o", folder / "annotations")
    code, _, error = run_here(*words)
    assert code == 0, error
    shutil.copy(folder / "annotations/astronaut.parquet", folder / "annotations/talk.parquet")
    (folder / "labels").mkdir()
    shutil.copy(folder / "annotations/astronaut.txt", folder / "labels/talk.txt")
    return folder


@pytest.fixture
def here(annotated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of that folder, in which the test runs."""
    shutil.copytree(annotated, tmp_path / "here")
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


@pytest.mark.parametrize("page", pages_with("python"), ids=str)
def test_python_of_a_page_runs(page: Path, here: Path) -> None:
    names: dict[str, object] = {}
    for language, title, block in FENCE.findall((ROOT / page).read_text(encoding="utf-8")):
        if title:
            (here / title).write_text(block)
        if language == "python":
            exec(compile(block, f"{page}: {block[:40]!r}", "exec"), names)


def commands(page: str) -> Iterator[list[str]]:
    """Yield the words of the commands in a page's blocks that need nothing from a network."""
    text = (ROOT / page).read_text(encoding="utf-8")
    for line in re.findall(r"^ {4}videxpr (.*)", text, re.MULTILINE):
        if not line.startswith("models download"):
            yield shlex.split(line, comments=True)


@pytest.mark.parametrize(
    "page", ["docs/index.md", "docs/first-five-minutes.md", "docs/for-labs.md", "docs/tables.md"]
)
def test_commands_of_a_page_work(page: str, here: Path, videxpr) -> None:
    shutil.rmtree("annotations")
    (here / "videos").symlink_to("study")
    (here / "coded").mkdir()
    write_labels(here / "coded" / "interview.txt", np.full(FRAMES, 4))
    for words in commands(page):
        code, _, said = videxpr(*words)
        assert code == 0 or words[0] == "doctor", (words, said)
    assert (here / "annotations" / "run.jsonl").is_file()
