"""ELAN's .eaf: a tier a person, the video linked by its relative path, a controlled vocabulary."""

from pathlib import Path
from typing import Final

from pympi.Elan import Eaf

from videxpr.core.expressions import EXPRESSIONS
from videxpr.core.files import atomic_write
from videxpr.formats.intervals import (
    DEFAULT,
    ORIGIN,
    IntervalSettings,
    by_person,
    intervals_of,
    media_of,
    media_type,
    milliseconds,
)
from videxpr.formats.record import Annotation

VOCABULARY: Final = "expressions"
TYPE: Final = "expression"
LANGUAGE: Final = ("eng", "http://cdb.iso.org/lg/CDB-00138502-001", "English (eng)")
"""As ELAN itself names it."""


def write_eaf(path: Path, annotation: Annotation, settings: IntervalSettings = DEFAULT) -> None:
    """Write a tier a person, and one that is empty where there is nobody."""
    eaf = _document()
    if media := media_of(annotation, settings):
        # no absolute path: it would hold nowhere but here
        eaf.add_linked_file(media, media, media_type(media))
    people = dict(by_person(intervals_of(annotation, settings.intervals)))
    for name, intervals in (people or {"Person 1": []}).items():
        eaf.add_tier(name, TYPE, part=name, ann="videxpr")
        for one in intervals:
            start, end = milliseconds(one.start_seconds), milliseconds(one.end_seconds)
            eaf.add_annotation(name, start, end, one.expression)
    with atomic_write(path) as temporary:
        eaf.to_file(temporary)


def _document() -> Eaf:
    """Return an .eaf without tiers."""
    eaf = Eaf(author="videxpr")
    eaf.remove_tier("default")
    eaf.remove_linguistic_type("default-lt")
    eaf.header = {"MEDIA_FILE": "", "TIME_UNITS": "milliseconds"}
    eaf.add_property("origin of times", ORIGIN)
    eaf.add_language(*LANGUAGE)
    eaf.add_controlled_vocabulary(VOCABULARY)
    eaf.add_cv_description(VOCABULARY, LANGUAGE[0], "Expressions of Aff-Wild2")
    for number, name in enumerate(EXPRESSIONS):
        eaf.add_cv_entry(VOCABULARY, f"expression-{number}", [(name, LANGUAGE[0], None)])
    eaf.add_linguistic_type(TYPE)
    eaf.linguistic_types[TYPE]["CONTROLLED_VOCABULARY_REF"] = VOCABULARY
    return eaf
