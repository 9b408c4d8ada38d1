"""Contact sheets: a row of faces over time with their labels for each person of each video."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from videxpr.annotation.export.recordings import RecordingFile
from videxpr.core.errors import UsageError, VidexprError
from videxpr.core.expressions import EXPRESSIONS
from videxpr.core.files import atomic_write
from videxpr.core.structures import Image
from videxpr.formats.intervals import frame_edges
from videxpr.formats.parquet import read_annotation
from videxpr.formats.record import Annotation
from videxpr.report.captions import clock_text, shown_name
from videxpr.report.colors import COLORS, ink
from videxpr.report.drawing import (
    Block,
    Rectangle,
    Shape,
    Text,
    draw,
    line_height,
    shortened,
    text_width,
)
from videxpr.report.recorded_video import find_video
from videxpr.report.sheet.choice import PersonRow, choose_faces, count_people
from videxpr.report.sheet.options import JPEG, SheetCommand
from videxpr.report.thumbnails import SIZE, face_images
from videxpr.video.images import jpeg_bytes, write_png

MOST_ROWS: Final = 200
"""Of a sheet, which is then 28,000 pixels high; viewers show no more."""

QUALITY: Final = 90
TEXT, TITLE, GAP, EDGE = 12, 15, 8, 4
"""Pixels: of the font, of a title's, between cells, of a cell's colored edge."""

NAME_WIDTH: Final = 110
"""Pixels for who it is, left of the faces."""

INK, FAINT, EMPTY = "#1a1a1a", "#6a6a6a", "#e8e8e8"
CELL_WIDTH: Final = SIZE + 2 * EDGE
CELL_HEIGHT: Final = CELL_WIDTH + 2 * line_height(TEXT)
"""The face, and below it the label and the time."""

TITLE_HEIGHT: Final = line_height(TITLE) + GAP


@dataclass
class Sheet:
    """A contact sheet that is being made.

    Attributes:
        image: what is there; None before the first video.
        videos: that are on it.
        rows: of people on it.
        errors: why others are not.
    """

    image: Image | None = None
    videos: int = 0
    rows: int = 0
    errors: list[str] = field(default_factory=list)


def make_sheet(
    recordings: Sequence[RecordingFile], command: SheetCommand, progress: Callable[[int, int], None]
) -> Sheet:
    """Make the sheet of recordings and write it; a video that cannot be shown is an error of it.

    Args:
        recordings: of annotate.
        command: what is wanted.
        progress: called with the videos that are done, and all of them.

    Raises:
        UsageError: it would have too many rows.
        OutputError: it cannot be written.
    """
    sheet, blocks = Sheet(), list[Image]()
    for done, recording in enumerate(recordings):
        progress(done, len(recordings))
        try:
            annotation = read_annotation(recording.path)
            rows = choose_faces(annotation, command.columns, command.people)
            sheet.rows += max(len(rows), 1)
            if sheet.rows > MOST_ROWS:
                raise UsageError(
                    f"a sheet has at most {MOST_ROWS} rows, and these {len(recordings)} recordings "
                    "have more; name fewer of them, or fewer --people"
                )
            video = find_video(recording.path, annotation)
            blocks.append(_video_block(video, annotation, rows, command))
        except UsageError:
            raise
        except VidexprError as exc:
            sheet.errors.append(str(exc))
    progress(len(recordings), len(recordings))
    sheet.videos = len(blocks)
    if blocks:
        sheet.image = np.concatenate(blocks)
        _write(command.output, sheet.image)
    return sheet


def _write(path: Path, image: Image) -> None:
    if path.suffix.lower() in JPEG:
        with atomic_write(path) as temporary:
            temporary.write_bytes(jpeg_bytes(image, QUALITY))
    else:
        write_png(path, image)


def _video_block(
    video: Path, annotation: Annotation, rows: Sequence[PersonRow], command: SheetCommand
) -> Image:
    """Return the part of the sheet that shows one video."""
    width = NAME_WIDTH + command.columns * (CELL_WIDTH + GAP) + GAP
    height = TITLE_HEIGHT + GAP + (len(rows) * (CELL_HEIGHT + GAP) or line_height(TEXT) + GAP)
    paper = np.full((height, width, 3), 255, np.uint8)
    begins = frame_edges(annotation)[:-1].tolist()
    shapes = list(_title(annotation, begins, len(rows), width))
    places: dict[int, tuple[int, int]] = {}
    for line, one in enumerate(rows):
        top = TITLE_HEIGHT + GAP + line * (CELL_HEIGHT + GAP)
        shapes += _person(one, top)
        for column, row in enumerate(one.rows):
            left = NAME_WIDTH + column * (CELL_WIDTH + GAP)
            shapes += _cell(annotation, begins, row, left, top)
            if row is not None:
                places[row] = left + EDGE, top + EDGE
    if not rows:
        shapes.append(Text(GAP, TITLE_HEIGHT + GAP, "no face", TEXT, FAINT))
    drawn = draw(paper, shapes)
    for row, face in face_images(video, annotation, list(places), command.pictures.blur, SIZE):
        left, top = places[row]
        drawn[top : top + SIZE, left : left + SIZE] = face
    return drawn


def _title(
    annotation: Annotation, begins: Sequence[float], shown: int, width: int
) -> Iterator[Shape]:
    """Yield the line above a video: its name, and how long it is."""
    yield Block(Rectangle(0, 0, width, TITLE_HEIGHT), EMPTY)
    more = count_people(annotation) - shown
    count = f"{len(annotation)} frame{'s' * (len(annotation) > 1)}"
    about = f"{count}, {clock_text(begins[0])} to {clock_text(begins[-1])}"
    about += f", {more} more {'person' if more == 1 else 'people'}" if more else ""
    room = width - text_width(about, TEXT) - 4 * GAP
    name = shortened(shown_name(annotation), TITLE, room)
    yield Text(GAP, GAP // 2, name, TITLE, INK)
    yield Text(3 * GAP + text_width(name, TITLE), GAP // 2 + 1, about, TEXT, FAINT)


def _person(one: PersonRow, top: int) -> Iterator[Shape]:
    yield Text(GAP, top + EDGE, f"person {one.person}", TEXT, INK)
    yield Text(GAP, top + EDGE + line_height(TEXT), f"seen in {one.share:.0%}", TEXT, FAINT)


def _cell(
    annotation: Annotation, begins: Sequence[float], row: int | None, left: int, top: int
) -> Iterator[Shape]:
    """Yield what is around a face: its edge, its label and its time."""
    square = Rectangle(left, top, left + CELL_WIDTH, top + CELL_WIDTH)
    if row is None:
        yield Block(square, EMPTY)
        yield Text(left + GAP, top + GAP, "not seen", TEXT, FAINT)
        return
    faces = annotation.faces
    name = EXPRESSIONS[faces.label[row]]
    bottom = square.bottom + line_height(TEXT)
    yield Block(Rectangle(left, top, square.right, bottom), COLORS[name], FAINT)
    share = f"{np.nanmax(faces.smoothed[row]):.2f}"
    text = shortened(name, TEXT, CELL_WIDTH - text_width(share, TEXT) - 2 * EDGE)
    yield Text(left + EDGE, square.bottom, text, TEXT, ink(name))
    end = square.right - EDGE - text_width(share, TEXT)
    yield Text(end, square.bottom, share, TEXT, ink(name))
    seconds = begins[faces.frame[row] - annotation.first_frame]
    yield Text(left + EDGE, bottom, clock_text(seconds), TEXT, FAINT)
