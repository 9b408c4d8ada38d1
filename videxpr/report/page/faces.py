"""The main person's face at the surest moment of each expression."""

import base64
from pathlib import Path
from typing import Any, Final

import numpy as np

from videxpr.core.structures import Integers
from videxpr.formats.intervals import frame_edges
from videxpr.formats.record import Annotation
from videxpr.report.recorded_video import find_video
from videxpr.report.thumbnails import face_thumbnails
from videxpr.video.options import Blur

DECIMALS: Final = 4


def surest_rows(annotation: Annotation) -> Integers:
    """Return the row of the greatest confidence of each expression that the main person shows."""
    faces = annotation.faces
    rows = np.flatnonzero((faces.rank == 0) & ~faces.bridged)
    labels = faces.label[rows]
    confidence = faces.smoothed[rows, labels]
    return np.array(
        [
            rows[labels == label][confidence[labels == label].argmax()]
            for label in np.unique(labels)
        ],
        np.int64,
    )


def surest_faces(parquet: Path, annotation: Annotation, blur: Blur) -> list[dict[str, Any]]:
    """Return pictures of those rows, as JSON holds them; the video is decoded.

    Raises:
        SourceError: the video is not there, is not the one that was annotated, or cannot be read.
    """
    rows = surest_rows(annotation).tolist()
    if not rows:
        return []
    pictures = face_thumbnails(find_video(parquet, annotation), annotation, rows, blur)
    faces, edges = annotation.faces, frame_edges(annotation)
    return [
        {
            "label": int(faces.label[row]),
            "seconds": round(float(edges[faces.frame[row] - annotation.first_frame]), 3),
            "confidence": round(float(faces.smoothed[row, faces.label[row]]), DECIMALS),
            "image": base64.b64encode(picture).decode(),
        }
        for row, picture in pictures.items()
    ]
