"""Videos in a store are annotated as those on a disk are."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Run
from pipeline import write_portrait
from s3 import BUCKET, KEY, SECRET, Store, running_store

from videxpr.core.remote_folder import RemoteFolder

OPTIONS = ("--detector", "mtcnn", "--device", "cpu", "-f", "aff-wild2,parquet", "-o")


@pytest.fixture
def store() -> Iterator[Store]:
    with running_store() as running:
        yield running


def test_from_a_store_into_a_store_and_only_once(
    store: Store, videxpr: Run, tmp_path: Path
) -> None:
    write_portrait(here := tmp_path / "a.mp4", 3)
    address, out = store.put("videos/deep/a.mp4", here), f"s3://{BUCKET}/out"
    code, table, err = videxpr("annotate", f"s3://{BUCKET}/videos", *OPTIONS, out)
    said = [table, err]
    assert code == 0 and f"results in {out}" in table
    folder = RemoteFolder(out)
    content = folder.read(folder.files())
    assert len(content["deep/a.txt"].splitlines()) == 1 + 3
    assert {name for name in content if not name.startswith(".")} == {
        *("deep/a.txt", "deep/a.parquet", "summary.csv", "run.jsonl")
    }
    events = map(json.loads, content["run.jsonl"].splitlines())
    (outcome,) = (event for event in events if event["event"] == "done")
    assert outcome["source_path"] == address
    assert outcome["source_size"] == here.stat().st_size
    assert outcome["source_sha256"].startswith("etag:")

    store.put("videos/deep/a.mp4", here)  # with a new time, and the same bytes
    code, _, err = videxpr("annotate", f"s3://{BUCKET}/videos", *OPTIONS, out)
    said.append(err)
    assert code == 0 and f"{address}: skipped" in err

    for secret in (KEY, SECRET):
        assert not any(secret.encode() in one for one in content.values())
        assert not any(secret in one for one in said)


@pytest.mark.parametrize(
    ("out", "problem"),
    [
        (
            "https://host/out",
            "--output-dir https://host/out: give a path on this machine, or s3://",
        ),
        ("s3://no-bucket/out", "s3://no-bucket/out: no such bucket"),
    ],
)
def test_where_results_cannot_go_is_said_before_any_work(
    store: Store, videxpr: Run, tmp_path: Path, out: str, problem: str
) -> None:
    write_portrait(tmp_path / "a.mp4", 1)
    code, _, err = videxpr("annotate", tmp_path / "a.mp4", *OPTIONS, out)
    assert code and problem in err and "Traceback" not in err


def test_what_is_not_there_fails_alone_with_its_address(
    store: Store, videxpr: Run, tmp_path: Path
) -> None:
    address = store.put("bad.mp4", b"no video")
    code, _, err = videxpr("annotate", address, f"s3://{BUCKET}/gone.mp4", *OPTIONS, tmp_path)
    assert code == 1
    assert f"{address}: text, not a video" in err
    assert f"s3://{BUCKET}/gone.mp4: no such bucket, folder or file" in err
