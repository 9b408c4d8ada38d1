import base64
import io
from dataclasses import replace

import numpy as np
import pytest
from gathered import content_of
from PIL import Image as Pillow
from recorded import Seen, record_video
from records import changed
from videos import number_in, write_video

from videxpr.annotation.fingerprint import SourceState
from videxpr.annotation.run_log import RUN_LOG, Outcome, RunLog, now
from videxpr.core.errors import UsageError
from videxpr.report.page.faces import surest_rows
from videxpr.video.options import BlurOptions

FRAMES = [20 * number for number in range(12)]
WHOLE = (0, 0, 64, 48)


@pytest.fixture
def annotated(tmp_path):
    """A video whose main person shows Anger from frame 0 and Happiness from frame 6."""
    path = write_video(tmp_path / "talk.mp4", FRAMES)
    record = record_video(path, [Seen(frame, WHOLE) for frame in range(12)])
    smoothed = np.full((12, 8), 0.02, np.float32)
    smoothed[:6, 1] = [0.5, 0.6, 0.7, 0.9, 0.6, 0.5]
    smoothed[6:, 4] = [0.5, 0.6, 0.7, 0.6, 0.8, 0.7]
    record = changed(record, faces=replace(record.faces, smoothed=smoothed))
    record.save(tmp_path / "out" / "talk.parquet")
    source = SourceState(str(path), 1, 1, "ab")
    outcome = Outcome("done", now(), "talk.mp4", "talk", source, "video")
    RunLog(tmp_path / "out" / RUN_LOG).append(outcome)
    return record


def test_each_expression_is_seen_where_it_is_surest(annotated, tmp_path) -> None:
    assert surest_rows(annotated).tolist() == [3, 10]
    content, errors = content_of(tmp_path / "out", thumbnails=True)
    assert errors == []
    anger, happiness = content["videos"][0]["faces"]
    assert (anger["label"], anger["confidence"]) == (1, 0.9)
    assert (happiness["label"], happiness["confidence"]) == (4, 0.8)
    for face, frame in ((anger, 3), (happiness, 10)):
        assert face["seconds"] == pytest.approx(annotated.seconds[frame], abs=1e-3)
        image = np.array(Pillow.open(io.BytesIO(base64.b64decode(face["image"]))))
        assert number_in(image[25:71, 15:81]) == frame


def test_without_being_asked_for_no_face_is_on_the_page(annotated, tmp_path) -> None:
    content, _ = content_of(tmp_path / "out")
    assert content["videos"][0]["faces"] == []


def test_a_video_that_is_gone_is_an_error_and_the_rest_is_there(annotated, tmp_path) -> None:
    (tmp_path / "talk.mp4").unlink()
    content, errors = content_of(tmp_path / "out", thumbnails=True)
    (error,) = errors
    assert error.startswith("no thumbnails of talk: ") and "is not there any more" in error
    assert content["videos"][0]["frames"] == 12


def test_blur_is_of_thumbnails(tmp_path) -> None:
    with pytest.raises(UsageError, match="add --thumbnails"):
        content_of(tmp_path, pictures=BlurOptions("faces"))
