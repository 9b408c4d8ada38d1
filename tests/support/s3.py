"""A store on this machine that speaks S3 (moto's server), and counts what is fetched from it.

Nothing here is a mock: real requests go through a socket, signed with made-up keys.
"""

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any, Final
from urllib.request import Request, urlopen

import pytest

pytest.importorskip("s3fs", reason="S3 IS NOT TESTED: pip install '.[test]'")
pytest.importorskip("moto", reason="S3 IS NOT TESTED: pip install '.[test]'")

import fsspec
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from s3fs import S3FileSystem
from werkzeug.serving import make_server

KEY: Final = "AKIAMADEUP0NOTREAL00"
SECRET: Final = "made-up-and-never-to-be-seen"
BUCKET: Final = "bucket"
DENIED: Final = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"


@dataclass
class Store:
    """The server and its one bucket.

    Attributes:
        endpoint: its address.
        requests: method, path, and bytes of the answer of each request.
        tamper: what is done to the bytes of a range, if anything.
        is_closed: whether it denies everything.
    """

    endpoint: str = ""
    requests: list[tuple[str, str, int]] = field(default_factory=list)
    tamper: Callable[[bytes], bytes] | None = None
    is_closed: bool = False

    def __post_init__(self) -> None:
        self._backend = DomainDispatcherApplication(create_backend_app)
        # moto looks whether there is an object and then writes it; S3 does both at once
        self._one_at_a_time = threading.Lock()

    @property
    def fetched(self) -> int:
        """Bytes of all answers so far."""
        return sum(size for _, _, size in self.requests)

    def answer(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        if self.is_closed:
            start("403 Forbidden", [("Content-Type", "application/xml")])
            return [] if environ["REQUEST_METHOD"] == "HEAD" else [DENIED]
        head: list[Any] = []
        if length := int(environ.get("CONTENT_LENGTH") or 0):
            # before it is this request's turn: who sends it may be stopped in the middle
            environ["wsgi.input"] = BytesIO(environ["wsgi.input"].read(length))
        with self._one_at_a_time:
            body = b"".join(self._backend(environ, lambda *words: head.extend(words)))
        if self.tamper and "HTTP_RANGE" in environ:
            body = self.tamper(body)
            head[1] = [one for one in head[1] if one[0] != "Content-Length"]
        start(head[0], head[1])
        self.requests.append((environ["REQUEST_METHOD"], environ["PATH_INFO"], len(body)))
        return [body]

    def put(self, key: str, content: bytes | Path) -> str:
        """Make an object; its address."""
        data = content.read_bytes() if isinstance(content, Path) else content
        fsspec.filesystem("s3").pipe_file(f"{BUCKET}/{key}", data)
        return f"s3://{BUCKET}/{key}"


@contextmanager
def running_store() -> Iterator[Store]:
    """A store that runs while the block does, and which s3fs uses in it."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    store = Store()
    server = make_server("127.0.0.1", 0, store.answer, threaded=True)
    store.endpoint = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment(store.endpoint).items():
            patch.setenv(name, value)
        S3FileSystem.clear_instance_cache()
        urlopen(Request(f"{store.endpoint}/moto-api/reset", method="POST")).close()
        fsspec.filesystem("s3").mkdir(BUCKET)
        yield store
        S3FileSystem.clear_instance_cache()
    server.shutdown()
    server.server_close()


def environment(endpoint: str) -> dict[str, str]:
    """What a process needs to use a store."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "no_proxy": "127.0.0.1",
    }
