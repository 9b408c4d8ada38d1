"""Options for tests, written flat."""

from dataclasses import fields, replace
from typing import Any

from videxpr.annotation.options import AnnotationOptions
from videxpr.datasets.crops.options import CropOptions
from videxpr.faces.options import FaceOptions
from videxpr.video.options import TimeRange

FACES = {one.name for one in fields(FaceOptions)}
TIMES = {one.name for one in fields(TimeRange)}


def face_options(**chosen: Any) -> FaceOptions:
    """Options of faces, those of the time range among them."""
    times = {name: chosen.pop(name) for name in TIMES & set(chosen)}
    return FaceOptions(time_range=TimeRange(**times), **chosen)


def annotation_options(**chosen: Any) -> AnnotationOptions:
    """Options of an annotation, those of faces among them."""
    faces = {name: chosen.pop(name) for name in (FACES | TIMES) & set(chosen)}
    return replace(AnnotationOptions(**chosen), faces=face_options(**faces))


def crop_options(**chosen: Any) -> CropOptions:
    """Options of cropping, those of faces among them."""
    faces = {name: chosen.pop(name) for name in (FACES | TIMES) & set(chosen)}
    return replace(CropOptions(**chosen), faces=face_options(**faces))
