"""Label Studio: a task with a box an interval, and the labeling configuration that it needs.

Frames count from 1, boxes are in percent of the picture, and a box's time is that at which its frame
ends, as in what Label Studio's own models answer. It counts frames at one constant rate, so that it
would show other ones where the rate varies: such videos are refused.
"""

import json
from pathlib import Path, PurePosixPath
from typing import Any, Final

import numpy as np

from videxpr.core.errors import FormatError
from videxpr.core.expressions import EXPRESSIONS
from videxpr.core.structures import Floats
from videxpr.formats.intervals import (
    DECIMALS,
    DEFAULT,
    IntervalSettings,
    frame_edges,
    intervals_of,
    person_name,
    write_text,
)
from videxpr.formats.record import Annotation
from videxpr.temporal.segments import Interval

STEP_SECONDS: Final = 0.2
"""Between two boxes; Label Studio draws straight lines between them."""

CONFIGURATION: Final = """<View>
  <!-- frameRate must be that of the video: {rate:g} -->
  <Video name="video" value="$video" frameRate="{rate:g}"/>
  <VideoRectangle name="box" toName="video"/>
  <Labels name="expression" toName="video">
{labels}
  </Labels>
</View>
"""


def write_task(path: Path, annotation: Annotation, settings: IntervalSettings = DEFAULT) -> None:
    """Write a task with predictions.

    Raises:
        FormatError: the video's rate varies, or it was annotated from crops.
    """
    rate = _rate(annotation)
    name = PurePosixPath(annotation.video).name
    task = {
        "data": {"video": settings.media or name, "name": annotation.video},
        "predictions": [
            {
                "model_version": annotation.provenance.get("model", ""),
                "result": [
                    _region(number, one, annotation, rate)
                    for number, one in enumerate(intervals_of(annotation, settings.intervals), 1)
                ],
            }
        ],
    }
    write_text(path, json.dumps([task], ensure_ascii=False, indent=1) + "\n")


def write_configuration(
    path: Path, annotation: Annotation, settings: IntervalSettings = DEFAULT
) -> None:
    """Write the labeling configuration of a task.

    Raises:
        FormatError: as of `write_task`.
    """
    labels = "\n".join(f'    <Label value="{name}"/>' for name in EXPRESSIONS)
    write_text(path, CONFIGURATION.format(rate=_rate(annotation), labels=labels))


def _rate(annotation: Annotation) -> float:
    """Return the frames a second, if every frame is where a constant rate has it.

    Raises:
        FormatError: some are not, or there are no boxes.
    """
    if annotation.from_crops:
        raise FormatError(
            f"{annotation.video}: label-studio wants boxes in a video, and crops have none; leave "
            "it out"
        )
    *starts, end = frame_edges(annotation).tolist()
    step = (starts[-1] - starts[0]) / (len(starts) - 1) if len(starts) > 1 else end - starts[0]
    even = starts[0] + step * np.arange(len(starts))
    if np.abs(starts - even).max() >= step / 2:
        raise FormatError(
            f"{annotation.video}: label-studio counts frames at a constant rate, and those of this "
            "video come at other times; make a copy with a constant rate (ffmpeg -i IN -fps_mode cfr "
            "OUT) and annotate that, or leave label-studio out"
        )
    return float(1 / step)


def _region(number: int, one: Interval, annotation: Annotation, rate: float) -> dict[str, Any]:
    first, last = one.first_frame, one.end_frame - 1
    step = max(round(STEP_SECONDS * rate), 1)
    frames = sorted({*range(first, last, step), last})
    edges, boxes = frame_edges(annotation), _boxes(annotation, one, frames)
    sequence = [
        {
            "frame": round(edges[frame] * rate) + 1,
            "enabled": frame != last,  # else it would be drawn on to the end
            "rotation": 0,
            "time": round(edges[frame + 1], 6),
            **dict(zip(("x", "y", "width", "height"), box.tolist(), strict=True)),
        }
        for frame, box in zip(frames, boxes, strict=True)
    ]
    times = f"{one.start_seconds:.3f} to {one.end_seconds:.3f} s"
    return {
        "id": f"interval-{number}",
        "from_name": "box",
        "to_name": "video",
        "type": "videorectangle",
        "score": round(one.mean_probability, DECIMALS),
        "meta": {"text": [f"{person_name(one)}, {times}"]},
        "value": {
            "framesCount": round(edges[-1] * rate),
            "duration": round(edges[-1], 6),
            "labels": [one.expression],
            "sequence": sequence,
        },
    }


def _boxes(annotation: Annotation, one: Interval, frames: list[int]) -> Floats:
    """Return boxes (F, 4) of the person in percent: x, y, width, height; of frames without a face,
    between those of the nearest ones that have it."""
    faces = annotation.faces
    rows = np.flatnonzero((faces.person == one.person) & ~np.isnan(faces.bbox[:, 0]))
    places = faces.frame[rows] - annotation.first_frame
    width, height = _frame_size(annotation)
    corners = np.column_stack([np.interp(frames, places, faces.bbox[rows, n]) for n in range(4)])
    corners = np.clip(corners / np.tile([width, height], 2) * 100, 0, 100)
    sizes = corners[:, 2:] - corners[:, :2]
    return np.round(np.column_stack([corners[:, :2], sizes]), 3)


def _frame_size(annotation: Annotation) -> tuple[int, int]:
    """Return width and height to which boxes refer; FormatError if the record does not say."""
    width, _, height = annotation.provenance.get("frame_size", "").partition("x")
    if not (width.isdecimal() and height.isdecimal() and int(width) and int(height)):
        raise FormatError(
            f"{annotation.video}: the record does not say the frame size, which label-studio needs; "
            "annotate the video again"
        )
    return int(width), int(height)
