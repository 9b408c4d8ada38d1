"""`videxpr overlay`, `annotate --overlay` and `videxpr sheet` as users call them."""

import os
import shutil
import signal
from pathlib import Path
from typing import Any

import av
import pytest
from PIL import Image
from pipeline import picture, write_clip

from videxpr.formats.parquet import read_annotation
from videxpr.report.overlay import overlay

EXAMPLE = Path(__file__).parents[2] / "examples" / "astronaut.mp4"


def frames_in(path: Path) -> int:
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))


def short_example(path: Path, count: int = 30) -> Path:
    """The first frames of the example, which show a face."""
    with av.open(str(EXAMPLE)) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    return write_clip(path, frames[:count])


@pytest.fixture(scope="module")
def videos(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("videos")
    short_example(folder / "face.mp4")
    write_clip(folder / "nobody.mp4", [picture(number) for number in range(12)])
    return folder


def test_annotate_draws_what_is_done_and_skips_what_is_there(videos, videxpr, tmp_path) -> None:
    out = tmp_path / "out"
    (out / "annotated").mkdir(parents=True)
    source = out / "videos"
    shutil.copytree(videos, source)
    (source / "broken.mp4").write_bytes(b"\0" * 500)
    call = ("annotate", out, "-o", out / "annotated", "--detector", "mtcnn", "--overlay")
    code, _, said = videxpr(*call)
    assert code == 1 and "broken.mp4" in said
    made = sorted(out.rglob("*.overlay.mp4"))
    assert [path.name for path in made] == ["face.overlay.mp4", "nobody.overlay.mp4"]
    assert [frames_in(path) for path in made] == [30, 12]
    assert f"{made[0]}: 30 frames" in said
    code, _, said = videxpr(*call)  # overlays are no videos, although they lie in the folder
    assert "face.overlay.mp4: skipped, it is there" in said
    assert len(list(out.rglob("*.parquet"))) == 2
    (source / "nobody.mp4").unlink()
    made[1].unlink()
    code, _, said = videxpr("overlay", out / "annotated")
    assert code == 1 and "nobody.mp4 is not there any more" in said
    assert "face.overlay.mp4: skipped" in said


def test_blur_wants_everybody_and_an_overlay(videos, videxpr, tmp_path) -> None:
    call = ("annotate", videos / "face.mp4", "-o", tmp_path, "--detector", "mtcnn")
    for words, error in (
        (("--overlay", "--blur"), "--blur wants all faces in the record"),
        (("--blur", "--people", "all"), "--blur is of overlays; add --overlay"),
        (("--overlay", "-f", "csv"), "add --format parquet"),
        (("--overlay", "-o", "s3://bucket/out"), "choose a folder here"),
    ):
        code, _, said = videxpr(*call, *words)
        assert code == 2 and error in said
    code, _, said = videxpr(*call, "--overlay", "--blur", "--people", "all")
    assert code == 0
    assert [path.name for path in tmp_path.glob("*.mp4")] == ["face.blurred.overlay.mp4"]
    assert read_annotation(tmp_path / "face.parquet").people is None
    code, _, _ = videxpr("overlay", tmp_path, "--blur", "all", "-q")
    assert code == 0 and (tmp_path / "face.all-blurred.overlay.mp4").exists()


def test_annotate_overwrites_no_source_and_says_so_at_last(videos, videxpr, tmp_path) -> None:
    talk, source = (tmp_path / name for name in ("talk.mp4", "talk.overlay.mp4"))
    for path in (talk, source):
        shutil.copy(videos / "nobody.mp4", path)
    (tmp_path / "talk.overlay.overlay.mp4").write_bytes(b"a text of mine")
    one = write_clip(tmp_path / "one.mp4", [picture(0)])
    call = ("annotate", talk, source, one, "-o", tmp_path, "--detector", "mtcnn", "--overlay")
    code, _, said = videxpr(*call)
    assert code == 1  # not the number of those that failed
    assert f"{source}: this video was annotated" in said
    assert "talk.overlay.overlay.mp4: it is no overlay that videxpr wrote" in said
    assert "one.overlay.mp4: 1 frame, " in said
    assert said.splitlines()[-1].startswith("error: overlays that could not be made: 2")
    assert source.read_bytes() == talk.read_bytes()
    assert (tmp_path / "talk.overlay.overlay.mp4").read_bytes() == b"a text of mine"


def test_what_can_have_no_overlay_is_refused_before_it_is_annotated(videxpr, tmp_path) -> None:
    crops = tmp_path / "crops"
    crops.mkdir()
    for number in range(1, 4):
        Image.new("RGB", (112, 112)).save(crops / f"{number:05}.jpg")
    out = tmp_path / "out"
    code, _, said = videxpr("annotate", crops, "-o", out, "--overlay")
    assert code == 2 and f"{crops}: crops are no video, and have no overlay" in said
    assert not out.exists()


def test_of_videos_and_crops_what_can_have_an_overlay_gets_one(videos, videxpr, tmp_path) -> None:
    for name in ("a", "b"):
        (tmp_path / "in" / name).mkdir(parents=True)
        Image.new("RGB", (112, 112)).save(tmp_path / "in" / name / "00001.jpg")
    shutil.copy(videos / "nobody.mp4", tmp_path / "in")
    out = tmp_path / "out"
    code, table, said = videxpr(
        "annotate", tmp_path / "in", "-o", out, "--detector", "mtcnn", "--overlay"
    )
    assert code == 0 and "3 annotated" in table
    assert (
        f"warning: {tmp_path / 'in' / 'a'}: crops are no video, and have no overlay (and 1" in said
    )
    assert [path.name for path in out.glob("*.mp4")] == ["nobody.overlay.mp4"]


@pytest.mark.parametrize(("words", "seen"), [(("--overlay",), "3 annotated"), ((), None)])
def test_a_stop_while_overlays_are_drawn_keeps_the_table(
    videos, videxpr, tmp_path, monkeypatch, words, seen
) -> None:
    for name in ("a.mp4", "b.mp4", "c.mp4"):
        shutil.copy(videos / "nobody.mp4", tmp_path / name)
    call = ("annotate", tmp_path, "-o", tmp_path / "out", "--detector", "mtcnn")
    draw, drawn = overlay.write_overlay, []

    def stop_at_the_second(path: Path, *arguments: Any) -> tuple[str, ...]:
        drawn.append(path)
        if len(drawn) == 2:
            os.kill(os.getpid(), signal.SIGINT)
        return draw(path, *arguments)

    if seen is None:
        videxpr(*call)
        call = ("overlay", tmp_path / "out")
    monkeypatch.setattr(overlay, "write_overlay", stop_at_the_second)
    code, table, said = videxpr(*call, *words)
    assert code == 130 and (seen is None or seen in table)
    last = "stopped: 1 of 3 overlays is done and kept; the same command draws the others"
    assert said.splitlines()[-1] == last


def test_an_overlay_elsewhere_of_a_video_that_moved(videos, videxpr, tmp_path) -> None:
    video = shutil.copy(videos / "nobody.mp4", tmp_path / "a.mp4")
    out, overlays = tmp_path / "out", tmp_path / "overlays"
    assert videxpr("annotate", video, "-o", out, "--detector", "mtcnn", "-q")[0] == 0
    moved = Path(video).rename(tmp_path / "b.mp4")
    code, _, said = videxpr("overlay", out / "a.parquet", "--video", moved, "-o", overlays)
    assert code == 0 and frames_in(overlays / "a.overlay.mp4") == 12
    assert said.startswith(f"{overlays / 'a.overlay.mp4'}: 12 frames")
    assert videxpr("overlay", out, "--video", moved, "--overwrite", "-q") == (0, "", "")
    code, _, said = videxpr("overlay", tmp_path / "nowhere")
    assert code == 2 and "no such folder" in said


def test_a_sheet_of_a_folder(videos, videxpr, tmp_path) -> None:
    videxpr("annotate", videos, "-o", tmp_path, "--detector", "mtcnn", "-q")
    path = tmp_path / "s.png"
    code, _, said = videxpr("sheet", tmp_path, "-o", path, "--columns", 5)
    with Image.open(path) as image:
        assert (code, said) == (0, f"{path}: 2 videos, {image.width} x {image.height} pixels\n")
    code, _, said = videxpr("sheet", tmp_path, "-o", path, "--blur")
    assert code == 1 and said.count("--people all first") == 2
    assert videxpr("sheet", tmp_path, "-o", tmp_path / "s.gif")[0] == 2
