"""Tables of stretches, as users write them."""

from pathlib import Path

import pytest

from videxpr.core.errors import FormatError
from videxpr.video.segments import Segment, match_recordings, read_segments


@pytest.mark.parametrize(
    "text",
    [
        "video,start,end,name\na.mp4,1.5,0:02:00,film\na.mp4,120,130,\n",
        "\ufeffname;end;start;video\r\nfilm;2:00;1,5;a.mp4\r\n;130;120;a.mp4\r\n",
        "video\tstart\tend\tname\tnote\na.mp4\t1.5\t120\tfilm\tx\na.mp4\t120\t130,0\t\t\n",
    ],
)
def test_separators_of_all_countries_are_read(tmp_path: Path, text: str) -> None:
    (tmp_path / "s.csv").write_text(text, encoding="utf-8", newline="")
    assert read_segments(tmp_path / "s.csv") == {
        "a.mp4": [Segment("film", 1.5, 120.0), Segment("", 120.0, 130.0)]
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: there is no column video; write video,start,end,name"),
        ("video,start,end\n", "line 1: there is no column name"),
        ("video,start,end,name\na,1,2,x\na,5,4,x\n", "line 3: the end .4. must come after"),
        ("video,start,end,name\na,soon,4,x\n", "line 2: 'soon' is no time"),
        ("video,start,end,name\na\n", "line 2: '' is no time"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "s.csv").write_text(text)
    with pytest.raises(FormatError, match=message):
        read_segments(tmp_path / "s.csv")


def test_a_recording_goes_by_its_path_or_by_its_last_part_if_that_is_clear() -> None:
    recordings = ["talk", "p1/talk", "p1/walk.v2", "e\u0301"]
    names = ["talk.mp4", "p1/talk", "walk.v2.mov", "walk.v2", "\u00e9.mp4", "nobody"]
    assert match_recordings(names, recordings) == {
        "talk.mp4": "talk",
        "p1/talk": "p1/talk",
        "walk.v2.mov": "p1/walk.v2",
        "walk.v2": "p1/walk.v2",
        "\u00e9.mp4": "e\u0301",
    }
    with pytest.raises(FormatError, match="'talk' may be p1/talk or p2/talk; write the path"):
        match_recordings(["talk"], ["p1/talk", "p2/talk"])
