"""The notebook in examples/ runs as it stands, and says what it said when it was last saved.

After a change of it, save what it says now: jupyter execute --inplace examples/*.ipynb
"""

import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode

FILE = Path(__file__).parents[1] / "examples" / "from_video_to_intervals.ipynb"
NUMBER = re.compile(r"\d+(?:\.\d+)?")


@pytest.fixture(scope="module")
def saved() -> NotebookNode:
    return nbformat.read(FILE, as_version=4)


@pytest.fixture(scope="module")
def executed(saved: NotebookNode, tmp_path_factory: pytest.TempPathFactory) -> NotebookNode:
    book = nbformat.from_dict(saved)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(tmp_path_factory.mktemp("output")))  # of the kernel
        patch.setenv("PYTHONPATH", str(FILE.parents[1]), prepend=":")
        client = NotebookClient(book, timeout=200, resources={"metadata": {"path": FILE.parent}})
        client.execute()
    return book


def outputs(book: NotebookNode) -> Iterator[NotebookNode]:
    """Yield what the cells put out, in order."""
    for cell in book.cells:
        yield from cell.get("outputs", [])


def texts(book: NotebookNode) -> list[str]:
    """What the cells said, in order."""
    return [one.get("text") or one.data["text/plain"] for one in outputs(book)]


def test_it_says_what_it_said(saved: NotebookNode, executed: NotebookNode) -> None:
    before, after = texts(saved), texts(executed)
    for old, new in zip(before, after, strict=True):
        assert NUMBER.sub("#", new).split() == NUMBER.sub("#", old).split()
        numbers = [list(map(float, NUMBER.findall(text))) for text in (new, old)]
        assert numbers[0] == pytest.approx(numbers[1], rel=0.01, abs=0.1)  # other processors round


def test_nothing_is_warned_of_and_pictures_are_drawn(
    saved: NotebookNode, executed: NotebookNode
) -> None:
    for book in (saved, executed):
        assert not [one for one in outputs(book) if one.get("name") == "stderr"]
        assert sum("image/png" in one.get("data", {}) for one in outputs(book)) == 2


def test_what_is_kept_of_it_is_small_and_of_no_machine(saved: NotebookNode) -> None:
    text = FILE.read_text(encoding="utf-8")
    assert len(text) < 300_000
    assert not re.search(r"/(tmp|home|root|work|Users)/", text)
    counts = [cell.execution_count for cell in saved.cells if cell.cell_type == "code"]
    assert counts == list(range(1, len(counts) + 1))
