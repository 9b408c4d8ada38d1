"""Contact sheets, as pictures and as files."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow
from recorded import Seen, record_video
from records import changed
from videos import Recipe, number_in, write_video

from videxpr.annotation.export.recordings import RecordingFile
from videxpr.annotation.fingerprint import SourceState
from videxpr.annotation.run_log import RUN_LOG, Outcome, RunLog, now
from videxpr.core.errors import UsageError
from videxpr.core.expressions import EXPRESSIONS
from videxpr.formats.parquet import read_annotation
from videxpr.report.colors import COLORS, rgb
from videxpr.report.sheet import sheet as module
from videxpr.report.sheet.options import SheetCommand
from videxpr.report.sheet.sheet import CELL_WIDTH, EDGE, GAP, NAME_WIDTH, TITLE_HEIGHT, make_sheet
from videxpr.report.thumbnails import SIZE
from videxpr.video.options import BlurOptions


def recording(folder: Path, name: str = "a", people: int | None = None) -> RecordingFile:
    """Twelve numbered frames, each a face as a whole, annotated into a folder with a log."""
    recipe = Recipe(width=96, height=96)
    video = write_video(folder / f"{name}.mp4", [40 * number for number in range(12)], recipe)
    out = folder / "out"
    record = record_video(video, [Seen(frame, (14, 14, 82, 82)) for frame in range(12)])
    changed(record, people=people).save(out / f"{name}.parquet")
    source = SourceState(str(video), 1, 1, "ab")
    log = RunLog(out / RUN_LOG)
    log.append(Outcome("done", now(), video.name, name, source, "video"))
    return RecordingFile(out / f"{name}.parquet", ())


def made(recordings: list[RecordingFile], output: Path, **more):
    calls = []
    command = SheetCommand((Path("out"),), output, **more)
    sheet = make_sheet(recordings, command, lambda done, total: calls.append((done, total)))
    return sheet, calls


def face_at(image: np.ndarray, column: int) -> np.ndarray:
    left = NAME_WIDTH + column * (CELL_WIDTH + GAP) + EDGE
    top = TITLE_HEIGHT + GAP + EDGE
    return image[top : top + SIZE, left : left + SIZE]


@pytest.mark.parametrize("ending", ["png", "jpg"])
def test_faces_stand_in_the_order_of_time_in_the_colors_of_their_labels(ending, tmp_path) -> None:
    one = recording(tmp_path)
    sheet, calls = made([one], tmp_path / f"sheet.{ending}", columns=4)
    assert (sheet.videos, sheet.errors, calls[-1]) == (1, [], (1, 1))
    image = np.array(Pillow.open(tmp_path / f"sheet.{ending}", formats=("PNG", "JPEG")))
    assert image.shape == sheet.image.shape
    assert [number_in(face_at(image, column)) for column in range(4)] == [1, 4, 7, 10]
    labels = read_annotation(one.path).faces.label
    for column, frame in enumerate((1, 4, 7, 10)):
        left = NAME_WIDTH + column * (CELL_WIDTH + GAP)
        edge = image[TITLE_HEIGHT + GAP + 20, left + 2]
        assert np.abs(edge.astype(int) - rgb(COLORS[EXPRESSIONS[labels[frame]]])).max() < 12


def test_blurred_faces_show_nothing_and_records_that_lack_some_are_refused(tmp_path) -> None:
    good, bad = recording(tmp_path, "a"), recording(tmp_path, "b", people=1)
    blurred = BlurOptions("faces")
    sheet, _ = made([good, bad], tmp_path / "sheet.png", columns=4, pictures=blurred)
    assert sheet.videos == 1 and "--people all" in sheet.errors[0]
    face = face_at(sheet.image, 2).astype(int)
    assert np.abs(np.diff(face, axis=0)).max() < 30


def test_one_that_fails_stops_no_other(tmp_path) -> None:
    one, lost = recording(tmp_path), recording(tmp_path, "lost")
    (tmp_path / "lost.mp4").unlink()
    sheet, _ = made([lost, one], tmp_path / "sheet.png")
    assert sheet.videos == 1
    assert "is not there any more; " in sheet.errors[0]
    (tmp_path / "sheet.png").unlink()
    sheet, _ = made([lost], tmp_path / "sheet.png")
    assert sheet.image is None and not (tmp_path / "sheet.png").exists()


def test_too_much_for_a_picture_is_said(tmp_path, monkeypatch) -> None:
    one = recording(tmp_path)
    monkeypatch.setattr(module, "MOST_ROWS", 1)
    with pytest.raises(UsageError, match="at most 1 rows"):
        made([one, one], tmp_path / "sheet.png")
    with pytest.raises(UsageError, match=r"must end in \.png or \.jpg"):
        SheetCommand((tmp_path,), tmp_path / "sheet.gif")
