"""A detector pack published by a web server on this machine, for the tests that download."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from videxpr.faces.detection.packs import PACKS, DetectorPack


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def published(
    folder: Path, content: bytes, detector: bytes, monkeypatch: pytest.MonkeyPatch
) -> Iterator[DetectorPack]:
    """A pack named tiny with that zip file, the only one that is published."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    site = folder / "site"
    site.mkdir()
    (site / "tiny.zip").write_bytes(content)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site))) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        tiny = DetectorPack(
            name="tiny",
            size_bytes=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            model="det_tiny.onnx",
            model_sha256=hashlib.sha256(detector).hexdigest(),
            note="SCRFD-tiny",
            release=f"http://127.0.0.1:{server.server_port}",
        )
        for name in reversed(list(PACKS)):  # they come back in their order
            monkeypatch.delitem(PACKS, name)
        monkeypatch.setitem(PACKS, "tiny", tiny)
        yield tiny
        server.shutdown()
        thread.join()
