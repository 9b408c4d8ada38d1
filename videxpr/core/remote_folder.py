"""Folders in S3: an object is put only where none is, or over the very one that was seen.

So two who write never take each other's place unawares, though nothing can be locked or renamed. Other
kinds of stores have other conditions, or none.
"""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from videxpr.core.errors import OutputError
from videxpr.core.remote import REQUESTS, S3, RemoteFile, explained, located

REFUSED: Final = ("PreconditionFailed", "NoSuchKey")
CONFLICT: Final = "ConditionalRequestConflict"
"""S3's answers if a condition does not hold, and if another put is going on: then one tries again."""

ATTEMPTS: Final = 5


class RemoteFolder:
    """A folder in S3, whose objects are called by the rest of their keys.

    Attributes:
        address: e.g. ``s3://bucket/annotations``.

    Raises:
        OutputError: from every method, if the store does not answer, or not to us.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        if address.partition("://")[0] not in S3:
            raise OutputError(f"{address}: results can be put on this machine or into S3 (s3://)")
        with explained(address, OutputError):
            self._system, path = located(address)
        self._bucket, _, folder = path.partition("/")
        self._above = f"{folder}/" if folder else ""

    def files(self, beginning: str = "") -> dict[str, RemoteFile]:
        """Return the objects whose names begin so, by name."""
        found: dict[str, RemoteFile] = {}
        more: dict[str, str] = {}
        while True:
            page = self._call("list_objects_v2", Prefix=self._above + beginning, **more)
            for one in page.get("Contents", ()):
                name = one["Key"].removeprefix(self._above)
                modified_ns = round(one["LastModified"].timestamp() * 1e9)
                address = f"{self.address}/{name}"
                found[name] = RemoteFile(address, one["Size"], modified_ns, one["ETag"].strip('"'))
            if not page.get("IsTruncated"):
                return found
            more = {"ContinuationToken": page["NextContinuationToken"]}

    def read(self, names: Iterable[str]) -> dict[str, bytes]:
        """Return what is in objects, by name; several are fetched at the same time."""
        wanted = list(names)

        def content(name: str) -> bytes:
            data: bytes = self._system.cat_file(f"{self._bucket}/{self._above}{name}")
            return data

        with explained(self.address, OutputError), ThreadPoolExecutor(REQUESTS) as pool:
            return dict(zip(wanted, pool.map(content, wanted), strict=True))

    def create(self, name: str, content: bytes | Path, seen: RemoteFile | None = None) -> bool:
        """Put an object unless there is one; return whether it is there.

        It also is if it was there with this content: an answer may be lost on the way, and asked again.

        Args:
            name: of the object.
            content: of it, or a file with it.
            seen: what it may take the place of.
        """
        over = {"IfMatch": seen.etag} if seen else {"IfNoneMatch": "*"}
        for _ in range(ATTEMPTS):
            try:
                self._put(name, content, **over)
            except OutputError as exc:
                if _code(exc) == CONFLICT:
                    continue
                if _code(exc) in REFUSED:
                    break
                raise
            return True
        there = self.read([name])[name] if name in self.files(name) else None
        return there == (content.read_bytes() if isinstance(content, Path) else content)

    def replace(self, name: str, content: bytes | Path) -> None:
        """Put an object, whatever is there."""
        self._put(name, content)

    def remove(self, name: str) -> None:
        """Remove an object, if it is there."""
        self._call("delete_object", Key=self._above + name)

    def _put(self, name: str, content: bytes | Path, **conditions: str) -> None:
        # in one request, of up to 5 GB: S3 decides who was first when it ends
        body = content.read_bytes() if isinstance(content, Path) else content
        self._call("put_object", Key=self._above + name, Body=body, **conditions)

    def _call(self, method: str, **options: Any) -> Mapping[str, Any]:
        call: Callable[..., Mapping[str, Any]] = self._system.call_s3
        with explained(self.address, OutputError):
            return call(method, Bucket=self._bucket, **options)


def _code(error: BaseException | None) -> str:
    """Return S3's own name of an error."""
    while error is not None:
        if answer := getattr(error, "response", None):
            return str(answer.get("Error", {}).get("Code", ""))
        error = error.__cause__
    return ""
