"""What would be written over something else is known before anything runs."""

from pathlib import Path

import pytest

from videxpr.annotation.collisions import find_collisions
from videxpr.video.sources import Source, find_sources


def found(folder: Path, *names: str) -> list[Source]:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return find_sources([str(folder)])


def refused(sources: list[Source], people: int = 1) -> dict[str, str]:
    reasons = find_collisions(sources, people)
    return {source.relative.as_posix(): reason for source, reason in reasons.items()}


def test_all_videos_of_one_stem_are_refused_and_the_others_go_on(tmp_path: Path) -> None:
    reasons = refused(found(tmp_path, "clip.mp4", "clip.avi", "b/clip.mp4", "other.mp4"))
    assert set(reasons) == {"clip.mp4", "clip.avi"}
    assert "clip.avi" in reasons["clip.mp4"] and "clip.mp4" in reasons["clip.avi"]


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_second_person_and_a_video_of_that_name_are_refused(tmp_path: Path, side: str) -> None:
    sources = found(tmp_path, "subj.mp4", f"subj_{side}.mp4", "other.mp4")
    assert refused(sources) == {}
    assert set(refused(sources, people=2)) == {"subj.mp4", f"subj_{side}.mp4"}


def test_crops_show_one_person(tmp_path: Path) -> None:
    sources = found(tmp_path, "video2/00001.jpg", "video2_left/00001.jpg")
    assert refused(sources, people=2) == {}


def test_names_of_the_runs_own_files_are_refused(tmp_path: Path) -> None:
    reasons = refused(found(tmp_path, "summary.mp4", "predictions/00001.jpg", "a/summary.mp4"))
    assert set(reasons) == {"summary.mp4", "predictions"}
    assert "own files" in reasons["summary.mp4"]


def test_missing_sources_claim_nothing(tmp_path: Path) -> None:
    sources = found(tmp_path, "a.mp4") + find_sources([str(tmp_path / "gone" / "a.mp4")])
    assert refused(sources) == {}
