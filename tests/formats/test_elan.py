"""The .eaf as XML: what ELAN wants of identifiers, time slots, types and vocabularies."""

import xml.etree.ElementTree as ET
from itertools import pairwise

import pytest
from interval_records import recording, two_people

from videxpr.core.expressions import EXPRESSIONS
from videxpr.formats.elan import write_eaf
from videxpr.formats.intervals import ORIGIN, IntervalSettings

ORDER = ("HEADER", "TIME_ORDER", "TIER", "LINGUISTIC_TYPE", "LANGUAGE", "CONSTRAINT",
         "CONTROLLED_VOCABULARY")  # fmt: skip
"""Of a document's parts, by its schema."""


@pytest.fixture
def document(tmp_path):
    write_eaf(tmp_path / "talk.eaf", two_people(), IntervalSettings(media="../in/talk é.mp4"))
    assert [path.name for path in tmp_path.iterdir()] == ["talk.eaf"]
    return ET.parse(tmp_path / "talk.eaf").getroot()


def attributes(document, path, name):
    return [one.attrib[name] for one in document.iterfind(path)]


def test_the_document_is_of_version_2_8_and_in_its_schemas_order(document):
    assert (document.attrib["FORMAT"], document.attrib["VERSION"]) == ("2.8", "2.8")
    assert tuple(dict.fromkeys(one.tag for one in document)) == ORDER
    assert document.find("HEADER").attrib["TIME_UNITS"] == "milliseconds"
    assert ORIGIN in [one.text for one in document.iterfind("HEADER/PROPERTY")]


def test_the_video_is_linked_by_its_relative_path_alone(document):
    (media,) = document.iterfind("HEADER/MEDIA_DESCRIPTOR")
    assert media.attrib == {
        "MEDIA_URL": "../in/talk é.mp4",
        "RELATIVE_MEDIA_URL": "../in/talk é.mp4",
        "MIME_TYPE": "video/mp4",
    }


def test_identifiers_are_unique_and_every_reference_has_its_target(document):
    slots = attributes(document, "TIME_ORDER/TIME_SLOT", "TIME_SLOT_ID")
    annotations = attributes(document, "TIER/ANNOTATION/ALIGNABLE_ANNOTATION", "ANNOTATION_ID")
    for ids in (slots, annotations, attributes(document, "TIER", "TIER_ID")):
        assert len(ids) == len(set(ids)) > 0
    used = [
        one.attrib[name]
        for one in document.iter("ALIGNABLE_ANNOTATION")
        for name in ("TIME_SLOT_REF1", "TIME_SLOT_REF2")
    ]
    assert sorted(used) == sorted(slots)
    types = attributes(document, "LINGUISTIC_TYPE", "LINGUISTIC_TYPE_ID")
    assert set(attributes(document, "TIER", "LINGUISTIC_TYPE_REF")) == set(types)


def test_annotations_of_a_tier_follow_each_other(document):
    times = {
        one.attrib["TIME_SLOT_ID"]: int(one.attrib["TIME_VALUE"])
        for one in document.iter("TIME_SLOT")
    }
    for tier in document.iter("TIER"):
        spans = [
            (times[one.attrib["TIME_SLOT_REF1"]], times[one.attrib["TIME_SLOT_REF2"]])
            for one in tier.iter("ALIGNABLE_ANNOTATION")
        ]
        assert all(0 <= start < end for start, end in spans)
        assert all(one[1] <= other[0] for one, other in pairwise(spans))


def test_the_type_is_aligned_to_time_and_takes_its_words_from_the_vocabulary(document):
    (kind,) = document.iterfind("LINGUISTIC_TYPE")
    (vocabulary,) = document.iterfind("CONTROLLED_VOCABULARY")
    assert kind.attrib["TIME_ALIGNABLE"] == "true" and "CONSTRAINTS" not in kind.attrib
    assert kind.attrib["CONTROLLED_VOCABULARY_REF"] == vocabulary.attrib["CV_ID"]
    assert tuple(one.text for one in vocabulary.iter("CVE_VALUE")) == EXPRESSIONS
    (language,) = attributes(document, "LANGUAGE", "LANG_ID")
    assert {one.attrib["LANG_REF"] for one in vocabulary.iter("CVE_VALUE")} == {language}
    values = {one.text for one in document.iter("ANNOTATION_VALUE")}
    assert values < set(EXPRESSIONS)


def test_crops_have_no_video_to_link(tmp_path):
    crops = recording({}, provenance={"detector": "none (aligned crops)"})
    crops.save(tmp_path / "talk.eaf")
    document = ET.parse(tmp_path / "talk.eaf").getroot()
    assert document.find("HEADER/MEDIA_DESCRIPTOR") is None
    assert attributes(document, "TIER", "TIER_ID") == ["Person 1"]


def test_without_a_path_the_video_is_looked_for_beside_the_file(tmp_path):
    recording({}).save(tmp_path / "talk.eaf")
    document = ET.parse(tmp_path / "talk.eaf").getroot()
    assert document.find("HEADER/MEDIA_DESCRIPTOR").attrib["MEDIA_URL"] == "./talk é.mp4"
