"""The Hub's client as it is, in a process of its own, against a server that stands in for the Hub."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hub import Fault, Hub, stand_in

from videxpr.core.errors import UsageError
from videxpr.model.hub.huggingface import Reference, parse_reference

WEIGHTS = bytes(range(256)) * 400
SHA256 = hashlib.sha256(WEIGHTS).hexdigest()
FETCH = """
import json, sys
from videxpr.core.errors import VidexprError
from videxpr.model.hub.huggingface import fetch_weights, parse_reference
steps = []
try:
    found = fetch_weights(parse_reference(sys.argv[1]), lambda *step: steps.append(step))
    answer = {"path": str(found.path), "sha256": found.sha256, "commit": found.commit}
except VidexprError as exc:
    answer = {"error": type(exc).__name__, "text": str(exc)}
print(json.dumps(answer | {"steps": steps}))
"""


@dataclass(frozen=True)
class JobResult:
    path: str = ""
    sha256: str = ""
    commit: str = ""
    error: str = ""
    text: str = ""
    steps: tuple[tuple[int, int | None], ...] = ()


@pytest.fixture
def hub() -> Iterator[Hub]:
    with stand_in() as server:
        yield server


def fetch(hub: Hub, home: Path, asked: str, **environment: str) -> JobResult:
    """What a process makes of it; it may print nothing else, and whatever it says is one line."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", FETCH, asked],
        capture_output=True,
        text=True,
        check=True,
        env=hub.environment(home, **environment),
    )
    assert done.stderr == ""
    outcome = JobResult(**json.loads(done.stdout))
    assert "\n" not in outcome.text
    return outcome


def files_in(folder: Path) -> list[Path]:
    """Files and links with weights in them."""
    return [path for path in folder.rglob("*") if path.is_file() and path.stat().st_size > 250]


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("hf:lab/abaw", Reference("lab/abaw")),
        ("hf:a.b/c_d-e@v1.0", Reference("a.b/c_d-e", "v1.0")),
        ("hf:lab/abaw@refs/pr/1", Reference("lab/abaw", "refs/pr/1")),
        ("hf:lab/abaw@a--b", Reference("lab/abaw", "a--b")),
        ("hf:lab/abaw@" + "a" * 40, Reference("lab/abaw", "a" * 40)),
    ],
)
def test_a_reference_is_read_and_written(text: str, reference: Reference) -> None:
    assert parse_reference(text) == reference
    assert str(reference) == text


@pytest.mark.parametrize(
    "text",
    [
        *(
            "hf:",
            "hf:abaw",
            "hf:lab/",
            "hf:/abaw",
            "hf:lab/abaw/more",
            "hf:lab/abaw@",
            "hf:lab/a b",
        ),
        *("hf:lab/abaw@v1@v2", "hf:lab/../abaw", "hf:lab/a..b", "hf:lab/a--b", "hf:-lab/abaw"),
        *("hf:lab/abaw.git", "hf:lab/äbaw", "hf: lab/abaw", "lab/abaw", "hf:lab/" + "a" * 97),
    ],
)
def test_what_is_no_reference_is_refused_with_the_form(text: str) -> None:
    with pytest.raises(UsageError, match="hf:OWNER/REPO@REVISION") as caught:
        parse_reference(text)
    assert repr(text) in str(caught.value)


def test_the_right_file_comes_and_nothing_else(hub: Hub, tmp_path: Path) -> None:
    commit = hub.add(
        "lab/abaw", model_safetensors=WEIGHTS, model_bin=b"pickle" * 50, config_json=b"{}" * 200
    )
    found = fetch(hub, tmp_path, "hf:lab/abaw", TQDM_DISABLE="1")  # which hides bars, not steps
    assert (found.error, found.sha256, found.commit) == ("", SHA256, commit)
    assert Path(found.path).read_bytes() == WEIGHTS
    assert found.steps[-1] == [len(WEIGHTS), len(WEIGHTS)]
    assert {path.resolve() for path in files_in(tmp_path)} == {Path(found.path).resolve()}
    assert {line.split("/")[-1] for line in hub.asked} == {"model.safetensors"}


def test_a_branch_a_tag_and_a_commit_are_resolved(hub: Hub, tmp_path: Path) -> None:
    old = hub.add("lab/abaw", model_safetensors=WEIGHTS)
    new = hub.add("lab/abaw", model_safetensors=WEIGHTS[::-1])
    hub.repositories["lab/abaw"].revisions |= {"v1": old, "refs/pr/1": old}
    for revision, commit in (("v1", old), ("main", new), (old, old), ("refs/pr/1", old)):
        found = fetch(hub, tmp_path, f"hf:lab/abaw@{revision}")
        assert found.commit == commit
        assert Path(found.path).read_bytes() == (WEIGHTS if commit == old else WEIGHTS[::-1])


def test_after_one_download_no_network_is_needed(hub: Hub, tmp_path: Path) -> None:
    hub.add("lab/abaw", model_safetensors=WEIGHTS)
    first = fetch(hub, tmp_path, "hf:lab/abaw")
    assert first.sha256 == SHA256
    hub.asked.clear()
    assert fetch(hub, tmp_path, "hf:lab/abaw", HF_HUB_OFFLINE="1").path == first.path
    assert not hub.asked
    assert fetch(hub, tmp_path, "hf:lab/abaw", HF_ENDPOINT="http://127.0.0.1:9").path == first.path
    assert fetch(hub, tmp_path, f"hf:lab/abaw@{first.commit}").path == first.path
    assert not hub.asked
    faults: tuple[Fault, ...] = ("broken", "private")
    for fault in faults:
        hub.repositories["lab/abaw"].fault = fault
        assert fetch(hub, tmp_path, "hf:lab/abaw").path == first.path


def test_a_branch_that_moved_on_is_followed_when_the_hub_can_tell(hub: Hub, tmp_path: Path) -> None:
    hub.add("lab/abaw", model_safetensors=WEIGHTS)
    fetch(hub, tmp_path, "hf:lab/abaw")
    commit = hub.add("lab/abaw", model_safetensors=WEIGHTS[::-1])
    assert fetch(hub, tmp_path, "hf:lab/abaw").commit == commit
    assert fetch(hub, tmp_path, "hf:lab/abaw", HF_HUB_OFFLINE="1").commit == commit


def test_a_connection_that_is_cut_is_resumed(hub: Hub, tmp_path: Path) -> None:
    large = WEIGHTS * 300  # the client writes in pieces of 10 MiB
    hub.add("lab/abaw", "cut", model_safetensors=large)
    found = fetch(hub, tmp_path, "hf:lab/abaw")
    assert found.sha256 == hashlib.sha256(large).hexdigest()
    assert " bytes=" in hub.asked[-1]
    assert found.steps[-1] == [len(large), len(large)]


def test_a_connection_that_is_cut_at_once_is_made_again(hub: Hub, tmp_path: Path) -> None:
    hub.add("lab/abaw", "cut", model_safetensors=WEIGHTS)
    assert fetch(hub, tmp_path, "hf:lab/abaw").sha256 == SHA256
    assert len([line for line in hub.asked if line.startswith("GET")]) == 2


def test_a_file_that_ends_early_is_not_kept(hub: Hub, tmp_path: Path) -> None:
    hub.add("lab/abaw", "short", model_safetensors=WEIGHTS)
    found = fetch(hub, tmp_path, "hf:lab/abaw")
    assert found.error == "DownloadError"
    assert found.text.startswith("hf:lab/abaw broke off: ") and found.text.endswith("try again")
    assert str(len(WEIGHTS)) in found.text
    assert not files_in(tmp_path)
    assert fetch(hub, tmp_path, "hf:lab/abaw", HF_HUB_OFFLINE="1").error == "DownloadError"
    hub.repositories["lab/abaw"].fault = ""
    assert fetch(hub, tmp_path, "hf:lab/abaw").sha256 == SHA256


def test_another_file_than_the_hub_states_is_not_kept(hub: Hub, tmp_path: Path) -> None:
    hub.add("lab/abaw", "other bytes", model_safetensors=WEIGHTS)
    found = fetch(hub, tmp_path, "hf:lab/abaw")
    other = hashlib.sha256(bytes(255 - byte for byte in WEIGHTS)).hexdigest()
    assert found.error == "DownloadError"
    assert f"hf:lab/abaw has SHA-256 {other}, not {SHA256} as the Hub states" in found.text
    assert not files_in(tmp_path)
    hub.repositories["lab/abaw"].fault = ""
    assert fetch(hub, tmp_path, "hf:lab/abaw").sha256 == SHA256


def test_a_file_that_was_damaged_in_the_cache_is_fetched_again(hub: Hub, tmp_path: Path) -> None:
    hub.add("lab/abaw", model_safetensors=WEIGHTS)
    path = Path(fetch(hub, tmp_path, "hf:lab/abaw").path)
    path.resolve().write_bytes(WEIGHTS[::-1])
    assert "was not kept" in fetch(hub, tmp_path, "hf:lab/abaw", HF_HUB_OFFLINE="1").text
    assert fetch(hub, tmp_path, "hf:lab/abaw").sha256 == SHA256


@pytest.mark.parametrize(
    ("fault", "asked", "error", "words"),
    [
        ("", "hf:lab/none", "DownloadError", "does not exist or is private: look at {}/lab/none"),
        ("private", "hf:lab/abaw", "DownloadError", "set HF_TOKEN"),
        (
            "gated",
            "hf:lab/abaw",
            "DownloadError",
            "is gated: ask for access at {}/lab/abaw, then log",
        ),
        ("disabled", "hf:lab/abaw", "DownloadError", "{} answered 403"),
        ("broken", "hf:lab/abaw", "DownloadError", "{} answered 500; try again later"),
        ("", "hf:lab/abaw@v9", "CheckpointError", "no branch, tag or commit 'v9'"),
    ],
)
def test_a_refusal_names_what_was_asked_for_and_the_way_out(
    hub: Hub, tmp_path: Path, fault: Fault, asked: str, error: str, words: str
) -> None:
    hub.add("lab/abaw", fault, model_safetensors=WEIGHTS)
    found = fetch(hub, tmp_path, asked)
    assert found.error == error
    assert words.format(hub.address) in found.text
    assert asked.removeprefix("hf:").partition("@")[0] in found.text


def test_a_repository_of_pickles_is_refused_and_none_is_fetched(hub: Hub, tmp_path: Path) -> None:
    hub.add("lab/abaw", pytorch_model_bin=b"pickle" * 50, model_ckpt=b"pickle" * 50)
    found = fetch(hub, tmp_path, "hf:lab/abaw")
    assert found.error == "CheckpointError"
    assert "hf:lab/abaw holds no model.safetensors, and videxpr reads no other" in found.text
    assert not files_in(tmp_path) and not [line for line in hub.asked if line.startswith("GET")]


def test_no_network_is_said_at_once(hub: Hub, tmp_path: Path) -> None:
    found = fetch(hub, tmp_path, "hf:lab/abaw", HF_ENDPOINT="http://127.0.0.1:9")
    assert found.error == "DownloadError"
    assert "hf:lab/abaw is not in the cache" in found.text
    assert "http://127.0.0.1:9 cannot be reached" in found.text and "give the PATH" in found.text
    offline = fetch(hub, tmp_path, "hf:lab/abaw", HF_HUB_OFFLINE="1")
    assert offline.error == "DownloadError"
    assert "HF_HUB_OFFLINE forbids to fetch it" in offline.text and not hub.asked


def test_a_server_that_is_no_hub_is_told_from_no_network(hub: Hub, tmp_path: Path) -> None:
    page = f"{hub.address}/blobs"
    found = fetch(hub, tmp_path, "hf:lab/abaw", HF_ENDPOINT=page)
    assert found.error == "DownloadError" and page in found.text
