"""Annotation from Python."""

from pathlib import Path

import pytest
from benchmarked import small_model
from pipeline import write_portrait

import videxpr
from videxpr.core.errors import SourceError, UsageError

QUICK = {"detector": "mtcnn", "min_face": 80}


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    return small_model(tmp_path_factory.mktemp("model") / "small.safetensors").path


@pytest.fixture(scope="module")
def clips(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("clips")
    for name in ("a.mp4", "sub/b.mp4"):
        (folder / name).parent.mkdir(exist_ok=True)
        write_portrait(folder / name, 4)
    (folder / "broken.mp4").write_bytes(b"\0" * 500)
    return folder


def test_a_video_is_annotated_by_the_options_that_a_command_line_has(clips, model):
    chosen = QUICK | {"people": "all", "smooth": 0, "start": "0:00.04"}
    annotation = videxpr.annotate(clips / "a.mp4", chosen, model=model, device="cpu")
    assert (annotation.video, len(annotation), annotation.first_frame) == ("a.mp4", 3, 1)
    assert annotation.people is None


def test_the_papers_way_is_a_preset_here_too(clips, model):
    annotation = videxpr.annotate(clips / "a.mp4", QUICK | {"preset": "paper"}, model=model)
    assert annotation.paper_probabilities is not None and len(annotation.paper_probabilities) == 4


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"smoth": 1}, "there is no option 'smoth'; did you mean 'smooth'"),
        ({"smooth": -1}, "--smooth must be at least 0"),
        ({"people": 0}, "--people must be at least 1"),
    ],
)
def test_options_that_make_no_sense_are_named(clips, model, options, message):
    with pytest.raises(UsageError, match=message):
        videxpr.annotate(clips / "a.mp4", options, model=model)


def test_one_video_is_wanted_and_a_missing_one_is_an_error(clips, model):
    with pytest.raises(SourceError, match="3 videos; give them to annotate_many"):
        videxpr.annotate(clips, QUICK, model=model)
    with pytest.raises(SourceError, match=r"nosuch\.mp4"):
        videxpr.annotate(clips / "nosuch.mp4", QUICK, model=model)


def test_of_many_videos_one_that_fails_does_not_stop_the_others(clips, model):
    a, broken, b = videxpr.annotate_many([clips], QUICK, model=model)
    assert [one.source.relative.as_posix() for one in (a, broken, b)] == [
        *("a.mp4", "broken.mp4", "sub/b.mp4")
    ]
    for one in (a, b):
        assert one.error is None and len(one.annotation) == 4
    assert broken.annotation is None and isinstance(broken.error, SourceError)


@pytest.mark.parametrize("kind", [str, Path])
def test_a_single_path_is_one_source_and_not_its_letters(clips, model, kind):
    (one,) = videxpr.annotate_many(kind(clips / "a.mp4"), QUICK, model=model, device="cpu")
    assert one.error is None and len(one.annotation) == 4
    assert videxpr.find_sources(kind(clips / "a.mp4")) == [one.source]


def test_what_cannot_begin_is_said_before_the_first_result(clips, model):
    with pytest.raises(UsageError):
        videxpr.annotate_many([clips], {"stride": 65}, model=model)


def test_a_model_that_is_given_twice_would_count_twice(clips, model):
    with pytest.raises(UsageError, match="model small is given twice"):
        videxpr.annotate(clips / "a.mp4", QUICK, model=[model, model])
