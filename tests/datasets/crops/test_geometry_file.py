import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from videxpr.core.crop_template import ARCFACE, CropTemplate
from videxpr.core.errors import FormatError
from videxpr.datasets.crops.geometry_file import LANDMARKS, read_crop_geometry, write_crop_geometry

POINTS = [[30, 40], [66, 40.5], [48, 60], [33, 75], [63, 75]]
GOOD = {"name": "mine", "size": 96, "landmarks": dict(zip(LANDMARKS, POINTS, strict=True))}
COORDINATE = st.floats(-999, 999)


@given(
    st.text(st.characters(categories=["L", "N"]), min_size=1),
    st.integers(32, 100).flatmap(
        lambda size: st.tuples(
            st.just(size),
            st.tuples(COORDINATE, COORDINATE),
            st.lists(st.tuples(COORDINATE, COORDINATE), min_size=4, max_size=4),
        )
    ),
)
def test_what_is_written_is_read(tmp_path_factory, name, parts):
    size, (x, y), others = parts
    eyes = ((x, y), (x + size / 10, others[0][1]))
    template = CropTemplate(name, size, (*eyes, *others[1:]))
    path = tmp_path_factory.mktemp("t") / "template.json"
    write_crop_geometry(path, template)
    assert read_crop_geometry(path) == template


def test_the_file_is_made_for_people_and_facts_stand_beside(tmp_path):
    path = tmp_path / "new" / "template.json"
    write_crop_geometry(path, ARCFACE, {"crops": 12, "mean": {"nose": [56.1, 71.0]}})
    lines = path.read_text().splitlines()
    assert '  "name": "arcface",' in lines
    assert '    "nose": [56.0252, 71.7366],' in lines
    assert json.loads(path.read_text())["facts"] == {"crops": 12, "mean": {"nose": [56.1, 71.0]}}
    assert read_crop_geometry(path) == ARCFACE


def test_windows_editors_leave_their_marks(tmp_path):
    path = tmp_path / "t.json"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(GOOD, indent=1).replace("\n", "\r\n").encode())
    template = read_crop_geometry(path)
    assert (template.name, template.size, template.landmarks[1]) == ("mine", 96, (66.0, 40.5))


def with_point(name: str, value: object) -> dict[str, object]:
    return GOOD | {"landmarks": GOOD["landmarks"] | {name: value}}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "Expecting"),
        ("[1, 2]", r"\[1, 2\], not an object"),
        ("[" * 100_000, "recursion"),
        (json.dumps(GOOD | {"name": ""}), '"name" is ""'),
        (json.dumps(GOOD | {"name": "a\nb"}), '"name"'),
        (json.dumps({key: GOOD[key] for key in ("name", "landmarks")}), '"size" is missing'),
        (json.dumps(GOOD | {"size": 112.5}), '"size" is 112.5'),
        (json.dumps(GOOD | {"size": True}), '"size" is true'),
        (json.dumps(GOOD | {"size": 8}), "32 to 2048"),
        (json.dumps(GOOD | {"landmarks": [[1, 2]] * 5}), '"landmarks".*right_eye'),
        (json.dumps(GOOD | {"landmarks": {"nose": [1, 2]}}), "five points"),
        (json.dumps(with_point("nose", [1, 2, 3])), r"nose is \[1, 2, 3\]"),
        (json.dumps(with_point("nose", ["1", 2])), "nose"),
        (json.dumps(with_point("left_mouth", [float("nan"), 2])), "left_mouth is"),
        (json.dumps(with_point("left_eye", [30.5, 40])), "left_eye at x = 30.5"),
        (json.dumps(with_point("right_eye", [70, 40])), "lies clearly to the left"),
    ],
)
def test_what_is_no_geometry_is_said_with_the_file(tmp_path, content, said):
    path = tmp_path / "t.json"
    path.write_text(content)
    with pytest.raises(FormatError, match=said) as error:
        read_crop_geometry(path)
    assert str(path) in str(error.value)


def test_missing_file_is_an_error_that_names_it(tmp_path):
    with pytest.raises(FormatError, match=r"none\.json"):
        read_crop_geometry(tmp_path / "none.json")
