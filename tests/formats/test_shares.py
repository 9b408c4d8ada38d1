"""Shares of voters beside an annotation file."""

from pathlib import Path

import numpy as np
import pytest

from videxpr.core.errors import FormatError
from videxpr.formats.shares import HEADER, read_shares, shares_file, write_shares


def test_what_is_written_is_read(tmp_path: Path) -> None:
    shares = np.random.default_rng(0).dirichlet(np.ones(9), 40)[:, :8].astype(np.float32)
    path = shares_file(tmp_path / "Train_Set" / "a.b.txt")
    assert path.name == "a.b.shares.csv"
    path.parent.mkdir()
    write_shares(path, shares)
    np.testing.assert_allclose(read_shares(path, 40), shares, atol=5e-4)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is no file of shares"),
        (HEADER.replace("Fear", "Joy") + "\n1,0,0,0,0,0,0,0\n", "line 1: columns must be Neutral,"),
        (HEADER + "\n", "has 0 frames, its annotation file 1"),
        (HEADER + "\n1,0,0,0,0,0,0\n", "is no file of shares"),
        (HEADER + "\n1,0,x,0,0,0,0,0\n", "is no file of shares"),
        (HEADER + "\n1,0,.5,0,0,0,0,0\n", "line 2: 1,0,.5,0,0,0,0,0 are no shares"),
        (HEADER + "\n1,0,-.5,0,0,0,0,0\n", "line 2"),
        (HEADER + "\n1,0,nan,0,0,0,0,0\n", "line 2"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "a.shares.csv"
    path.write_text(text)
    with pytest.raises(FormatError, match=message):
        read_shares(path, 1)
