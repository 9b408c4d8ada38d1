"""A web server on this machine that stands in for the Hugging Face Hub, well or badly."""

import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Literal

Fault = Literal["", "private", "gated", "disabled", "broken", "cut", "short", "other bytes"]


@dataclass
class Repository:
    """What the Hub has under one name.

    Attributes:
        files: by commit and name.
        revisions: the commit of each branch and tag.
        fault: what goes wrong; ``cut`` is a connection that ends in the middle, once; ``short`` one
            that always ends early, in good order; ``other bytes`` as many as there should be.
    """

    files: dict[str, dict[str, bytes]]
    revisions: dict[str, str]
    fault: Fault = ""


@dataclass
class Hub:
    """The server: its address, what it has, and what was asked of it."""

    address: str
    repositories: dict[str, Repository] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def add(self, name: str, fault: Fault = "", **files: bytes) -> str:
        """A repository whose branch main has these files; the commit."""
        content = {key.replace("_", "."): value for key, value in files.items()}
        commit = hashlib.sha1(repr(content).encode()).hexdigest()
        known = self.repositories.setdefault(name, Repository({}, {}))
        known.files[commit] = content
        known.revisions["main"] = commit
        known.fault = fault
        return commit

    def environment(self, home: Path, **more: str) -> dict[str, str]:
        """For a process that takes this server for the Hub and keeps its cache under `home`."""
        hidden = ("HF_", "TRANSFORMERS_", "XDG_", "VIDEXPR_")
        kept = {name: text for name, text in os.environ.items() if not name.startswith(hidden)}
        own = {"HF_ENDPOINT": self.address, "HF_HOME": str(home), "VIDEXPR_MODELS": os.devnull}
        own["VIDEXPR_CACHE"] = str(home / "videxpr")
        return kept | own | {"no_proxy": "127.0.0.1,localhost"} | more


class Handler(BaseHTTPRequestHandler):
    """Predictions as the Hub does: a redirect to a storage of blobs, with the hash in its headers."""

    def __init__(self, hub: Hub, *args: object, **options: object) -> None:
        self.hub = hub
        super().__init__(*args, **options)

    def do_HEAD(self) -> None:
        self.hub.asked.append(f"HEAD {self.path}")
        owner, _, rest = self.path.strip("/").partition("/resolve/")
        revision, _, file = rest.partition("/")
        known = self.hub.repositories.get(owner)
        if known is None or known.fault == "private":
            return self.refuse(401, "RepoNotFound" if known is None else "")
        if known.fault == "gated":
            return self.refuse(403, "GatedRepo")
        if known.fault == "disabled":
            return self.refuse(403, "", "Access to this resource is disabled.")
        if known.fault == "broken":
            return self.refuse(500, "")
        revision = revision.replace("%2F", "/")
        commit = known.revisions.get(revision, revision)
        if commit not in known.files:
            return self.refuse(404, "RevisionNotFound")
        if file not in known.files[commit]:
            return self.refuse(404, "EntryNotFound", commit=commit)
        content = known.files[commit][file]
        self.send_response(302)
        storage = self.hub.address.replace("127.0.0.1", "localhost")  # another host, as in life
        self.send_header("Location", f"{storage}/blobs/{owner}/{commit}/{file}")
        self.send_header("X-Repo-Commit", commit)
        self.send_header("X-Linked-Etag", f'"{hashlib.sha256(content).hexdigest()}"')
        self.send_header("X-Linked-Size", str(len(content)))
        self.send_header("Content-Length", "0")
        return self.end_headers()

    def do_GET(self) -> None:
        if not self.path.startswith("/blobs/"):  # what the client asks for its own sake
            return self.refuse(404, "EntryNotFound")
        span = self.headers.get("Range", "")
        self.hub.asked.append(f"GET {self.path} {span}".strip())
        owner, repo, commit, file = self.path.removeprefix("/blobs/").split("/")
        known = self.hub.repositories[f"{owner}/{repo}"]
        content = known.files[commit][file]
        first = int(span.removeprefix("bytes=").rstrip("-")) if span else 0
        if known.fault == "other bytes":
            content = bytes(255 - byte for byte in content)
        self.send_response(206 if span else 200)
        if known.fault != "short":
            self.send_header("Content-Length", str(len(content) - first))
        if span:
            self.send_header("Content-Range", f"bytes {first}-{len(content) - 1}/{len(content)}")
        self.end_headers()
        half = known.fault in ("short", "cut")
        if known.fault == "cut":
            known.fault = ""
        self.wfile.write(content[first : len(content) // 2] if half else content[first:])
        self.close_connection = True
        return None

    def refuse(self, status: int, code: str, message: str = "", commit: str = "") -> None:
        self.send_response(status)
        headers = {"X-Error-Code": code, "X-Error-Message": message, "X-Repo-Commit": commit}
        for name, text in headers.items():
            if text:
                self.send_header(name, text)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def stand_in() -> Iterator[Hub]:
    """The server, while a block runs."""
    hub = Hub("")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, hub)) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        hub.address = f"http://127.0.0.1:{server.server_port}"
        yield hub
        server.shutdown()
        thread.join()
