"""One source may fail in any way; the others are worked on, and the report says what happened."""

from pathlib import Path, PurePosixPath

import pytest

from videxpr.core.errors import OutputError, SourceError, UsageError
from videxpr.video.container import open_video
from videxpr.video.jobs import JobResult, failure, run_jobs
from videxpr.video.sources import Source

SOURCES = [Source(Path(name), "video", PurePosixPath(name)) for name in ("a.mp4", "b\n.mp4")]


def run(exc: Exception) -> tuple[list[JobResult], list[tuple[str, str]]]:
    """The reports, and what is taken down of failures, where the first source raises that error."""

    def work(source: Source) -> JobResult:
        if source is SOURCES[0]:
            raise exc
        return JobResult(source, "done", frames=3)

    failures: list[tuple[str, str]] = []

    def fail(source: Source, error: str) -> None:
        failures.append((source.printable, error))

    return list(run_jobs(SOURCES, work, JobResult, fail)), failures


@pytest.mark.parametrize(
    ("exc", "error"),
    [
        (SourceError("a.mp4 is no video"), "a.mp4 is no video"),
        (SourceError("no video"), "a.mp4: no video"),
        (PermissionError(13, "Permission denied"), "cannot read a.mp4: Permission denied"),
    ],
)
def test_an_error_meant_for_the_user_is_told_without_a_trace(exc: Exception, error: str) -> None:
    (first, second), lines = run(exc)
    assert (first.status, first.error, first.trace) == ("failed", error, "")
    assert (second.status, second.frames) == ("done", 3)
    assert lines == [("a.mp4", error)]


def test_a_path_is_named_in_one_line() -> None:
    def refuse(source: Source) -> JobResult:
        raise SourceError(f"{source.path} is no video" if source is SOURCES[0] else "no video")

    errors = [one.error for one in run_jobs(SOURCES, refuse, JobResult, lambda *_: None)]
    assert errors == ["a.mp4 is no video", "b\\n.mp4: no video"]


def test_a_bug_keeps_its_trace() -> None:
    (first, second), lines = run(ZeroDivisionError("oops"))
    assert first.error == "a.mp4: unexpected ZeroDivisionError: oops" and "in work" in first.trace
    assert second.status == "done" and lines == [("a.mp4", first.error)]


def test_a_wrong_call_ends_it_all() -> None:
    with pytest.raises(UsageError, match="for every source"):
        run(UsageError("wrong for every source"))


def test_sources_are_worked_on_as_reports_are_taken() -> None:
    seen: list[Source] = []

    def work(source: Source) -> JobResult:
        seen.append(source)
        return JobResult(source, "done")

    next(run_jobs(SOURCES, work, JobResult, lambda source, error: None))
    assert seen == SOURCES[:1]


def test_what_is_wrong_with_a_disk_or_with_rights_is_told_apart_from_a_bad_video(
    tmp_path: Path,
) -> None:
    (tmp_path / "bad.mp4").write_bytes(b"no video")
    found = {}
    for name in ("bad.mp4", "gone.mp4"):
        try:
            open_video(tmp_path / name)
        except SourceError as exc:
            found[name] = failure(JobResult, SOURCES[0], exc).error_class
    assert found == {"bad.mp4": "SourceError", "gone.mp4": "SourceError"}
    denied = SourceError("a.mp4: cannot be opened")
    denied.__cause__ = PermissionError(13, "Permission denied")
    assert failure(JobResult, SOURCES[0], denied).error_class == "PermissionError"
    assert failure(JobResult, SOURCES[0], OutputError("full")).error_class == "OutputError"
