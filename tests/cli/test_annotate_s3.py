"""Videos in a store are annotated as those on a disk are."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Run
from pipeline import write_portrait
from s3 import BUCKET, KEY, SECRET, Store, running_store

OPTIONS = ("--detector", "mtcnn", "--device", "cpu", "-f", "aff-wild2,parquet", "-o")


@pytest.fixture
def store() -> Iterator[Store]:
    with running_store() as running:
        yield running


def test_videos_of_a_store_are_annotated_once(store: Store, videxpr: Run, tmp_path: Path) -> None:
    here, out = tmp_path / "videos" / "deep" / "a.mp4", tmp_path / "out"
    here.parent.mkdir(parents=True)
    write_portrait(here, 3)
    address = store.put("videos/deep/a.mp4", here)
    assert videxpr("annotate", here.parents[1], *OPTIONS, tmp_path / "local")[0] == 0
    code, _, err = videxpr("annotate", f"s3://{BUCKET}/videos", *OPTIONS, out)
    said = [err]
    assert code == 0
    label_file = Path("deep") / "a.txt"
    assert (out / label_file).read_bytes() == (tmp_path / "local" / label_file).read_bytes()
    events = map(json.loads, (out / "run.jsonl").read_text().splitlines())
    (outcome,) = (event for event in events if event["event"] == "done")
    assert outcome["source_path"] == address
    assert outcome["source_size"] == here.stat().st_size
    assert outcome["source_sha256"].startswith("etag:")

    store.put("videos/deep/a.mp4", here)  # with a new time, and the same bytes
    code, _, err = videxpr("annotate", f"s3://{BUCKET}/videos", *OPTIONS, out)
    said.append(err)
    assert code == 0 and f"{address}: skipped" in err

    written = [file.read_bytes() for file in out.rglob("*") if file.is_file()]
    for secret in (KEY, SECRET):
        assert not any(secret.encode() in one for one in written)
        assert not any(secret in one for one in said)


def test_what_is_not_there_fails_alone_with_its_address(
    store: Store, videxpr: Run, tmp_path: Path
) -> None:
    address = store.put("bad.mp4", b"no video")
    code, _, err = videxpr("annotate", address, f"s3://{BUCKET}/gone.mp4", *OPTIONS, tmp_path)
    assert code == 1
    assert f"{address}: text, not a video" in err
    assert f"s3://{BUCKET}/gone.mp4: no such bucket, folder or file" in err
