"""The bytes of a source, which are known again, and the options that made something of them."""

import json
from dataclasses import replace
from pathlib import Path, PurePosixPath

import fsspec
from pipeline import ScriptedDetector

from videxpr.annotation.fingerprint import SourceState, modified_ns, path_of, resolved_record
from videxpr.annotation.options import AnnotationOptions
from videxpr.annotation.provenance import fingerprint
from videxpr.core.files import sha256_of
from videxpr.core.remote import Location, RemoteFile
from videxpr.faces.options import DetectionOptions, FaceOptions
from videxpr.video.search import find_sources
from videxpr.video.sources import Source


def video(path: Location) -> Source:
    return Source(path, "video", PurePosixPath(path.name))


def state_of(source: Source) -> SourceState:
    return SourceState(path_of(source), *_sized(source))


def _sized(source: Source) -> tuple[int, int, str]:
    size, identity = fingerprint(source)
    return size, modified_ns(source), identity


IN_STORE = RemoteFile("s3://bucket/a.mp4", 10, 5, "abc")


def test_a_file_in_a_store_is_known_by_the_stores_name_of_its_bytes_without_reading() -> None:
    state = state_of(video(IN_STORE))
    assert state == SourceState("s3://bucket/a.mp4", 10, 5, "etag:abc")
    assert state.fits(video(replace(IN_STORE, modified_ns=6)))
    assert not state.fits(video(replace(IN_STORE, etag="def")))
    assert not state.fits(video(replace(IN_STORE, size=11)))


def test_a_file_that_was_moved_in_its_store_is_the_same_and_one_from_a_disk_is_another(
    tmp_path: Path,
) -> None:
    state = state_of(video(IN_STORE))
    assert not state.is_another(video(replace(IN_STORE, address="s3://other/a.mp4")))
    assert state.is_another(video(replace(IN_STORE, address="s3://other/a.mp4", etag="def")))
    here = tmp_path / "a.mp4"
    here.write_bytes(bytes(10))
    assert state.is_another(video(here))
    assert state_of(video(here)).is_another(video(IN_STORE))


def test_where_a_store_has_no_name_for_bytes_they_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"content")
    memory = fsspec.filesystem("memory")
    memory.pipe_file("/kept/a.mp4", b"content")
    state = state_of(find_sources(["memory://kept/a.mp4"])[0])
    assert (state.size, state.sha256) == (7, sha256_of(tmp_path / "a.mp4"))
    assert state.fits(find_sources(["memory://kept/a.mp4"])[0])
    memory.pipe_file("/kept/a.mp4", b"CONTENT")
    assert not state.fits(find_sources(["memory://kept/a.mp4"])[0])


def test_a_choice_of_what_the_detector_decides_anyway_is_no_other_record() -> None:
    detector = ScriptedDetector(lambda _: [])
    faces = FaceOptions(DetectionOptions(min_score=detector.min_score))
    chosen = resolved_record(AnnotationOptions(faces), detector)
    assert json.dumps(chosen) == json.dumps(resolved_record(AnnotationOptions(), detector))
