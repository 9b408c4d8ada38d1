"""Downloads from a server on this machine that does what servers do, good and bad."""

import socket
import zipfile
from pathlib import Path

import pytest
from downloads import CONTENT, SHA256, nobody_there, site  # noqa: F401

from videxpr.core.errors import DownloadError, OutputError
from videxpr.core.files import sha256_of
from videxpr.model.hub.download import fetch, unpack


def test_a_good_file_arrives_with_its_progress(site: str, tmp_path: Path) -> None:
    steps: list[tuple[int, int | None]] = []
    path = tmp_path / "new" / "folder" / "file"
    fetch(f"{site}/file", path, SHA256, lambda *step: steps.append(step))
    assert sha256_of(path) == SHA256
    assert path.read_bytes() == CONTENT
    assert steps == sorted(steps) and steps[-1] == (len(CONTENT), len(CONTENT))
    assert list(path.parent.iterdir()) == [path]


def test_a_redirect_is_followed(site: str, tmp_path: Path) -> None:
    fetch(f"{site}/moved", tmp_path / "file", SHA256)
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_a_server_may_not_say_how_long_the_file_is(site: str, tmp_path: Path) -> None:
    steps: list[tuple[int, int | None]] = []
    fetch(f"{site}/unmeasured", tmp_path / "file", SHA256, lambda *step: steps.append(step))
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert {total for _, total in steps} == {None}


def test_what_is_there_is_not_fetched_again(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(CONTENT)
    fetch(f"{nobody_there()}/file", tmp_path / "file", SHA256)


@pytest.mark.parametrize(
    ("page", "sha256", "message"),
    [
        ("file", "0" * 64, f"expected {'0' * 64} but got {SHA256}"),
        ("half", SHA256, f"broke off: .*{len(CONTENT) // 2} bytes read"),
        ("half-chunked", SHA256, "broke off"),
        ("other", SHA256, "answered 404 Not Found"),
    ],
)
def test_a_bad_file_is_not_kept_and_the_old_one_stays(
    site: str, tmp_path: Path, page: str, sha256: str, message: str
) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(DownloadError, match=message) as caught:
        fetch(f"{site}/{page}", path, sha256)
    assert f"{site}/{page}" in str(caught.value)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_no_server_is_said_on_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    site = nobody_there()
    with pytest.raises(DownloadError) as caught:
        fetch(f"{site}/file", tmp_path / "file", SHA256)
    assert str(caught.value) == (
        f"cannot reach {site.removeprefix('http://')}: Connection refused; check the network, or "
        f"copy {site}/file from another machine to {tmp_path / 'file'} and run this again"
    )
    assert not list(tmp_path.iterdir())


def test_a_host_without_an_address_is_said_on_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **options: object) -> None:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(DownloadError) as caught:
        fetch("https://models.invalid/file", tmp_path / "file", SHA256)
    assert str(caught.value).startswith(
        "cannot reach models.invalid: Temporary failure in name resolution; check the network"
    )
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("url", ["file:///etc/hostname", "ftp://127.0.0.1/file", "file", ""])
def test_only_http_is_spoken(tmp_path: Path, url: str) -> None:
    with pytest.raises(DownloadError, match="no http or https address"):
        fetch(url, tmp_path / "file", SHA256)


def test_a_place_that_cannot_be_written_is_no_fault_of_the_network(
    site: str, tmp_path: Path
) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(OutputError, match="cannot write .*taken"):
        fetch(f"{site}/file", tmp_path / "taken", SHA256)
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def zipped(path: Path, *members: tuple[str, str]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in members:
            archive.writestr(name, text)
    return path


def test_only_what_is_wanted_is_unpacked_and_lies_flat(tmp_path: Path) -> None:
    archive = zipped(
        tmp_path / "a.zip", ("pack/det.onnx", "new"), ("pack/in/b.onnx", "b"), ("readme", "no")
    )
    folder = tmp_path / "pack"
    folder.mkdir()
    (folder / "det.onnx").write_text("old")
    (folder / "other.onnx").write_text("other")
    assert unpack(archive, folder, ".onnx") == (folder / "b.onnx", folder / "det.onnx")
    assert (folder / "det.onnx").read_text() == "new"
    assert (folder / "other.onnx").read_text() == "other"
    assert {path.name for path in tmp_path.iterdir()} == {"a.zip", "pack"}
    assert {path.name for path in folder.iterdir()} == {"b.onnx", "det.onnx", "other.onnx"}


@pytest.mark.parametrize(
    "name", ["../out.onnx", "in/../../out.onnx", "/out.onnx", "..\\out.onnx", "C:\\out.onnx"]
)
def test_a_member_that_points_outside_stays_inside(tmp_path: Path, name: str) -> None:
    archive = zipped(tmp_path / "a.zip", ("det.onnx", "good"), (name, "odd"))
    unpack(archive, tmp_path / "models" / "pack", ".onnx")
    names = {path.name for path in (tmp_path / "models" / "pack").iterdir()}
    assert names == {"det.onnx", "out.onnx"}
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["pack"]
    assert {path.name for path in tmp_path.iterdir()} == {"a.zip", "models"}


def test_an_archive_without_the_files_that_it_should_have_is_refused(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "a.zip", ("readme", "none"))
    with pytest.raises(DownloadError, match="holds none"):
        unpack(archive, tmp_path / "pack", ".onnx")


def test_a_damaged_archive_leaves_all_as_it_was(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "a.zip", ("a.onnx", "first"), ("b.onnx", "second" * 100))
    archive.write_bytes(archive.read_bytes().replace(b"secondsecond", b"secondSECOND"))
    folder = tmp_path / "pack"
    folder.mkdir()
    (folder / "a.onnx").write_text("old")
    with pytest.raises(DownloadError, match="cannot be unpacked .*CRC"):
        unpack(archive, folder, ".onnx")
    assert [path.read_text() for path in folder.iterdir()] == ["old"]
    assert {path.name for path in tmp_path.iterdir()} == {"a.zip", "pack"}


def test_what_is_no_archive_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_text("<html>")
    with pytest.raises(DownloadError, match="not a zip file"):
        unpack(tmp_path / "a.zip", tmp_path / "pack", ".onnx")


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "a.zip", ("a.onnx", "a"))
    (tmp_path / "pack").write_text("a file")
    with pytest.raises(OutputError, match="cannot unpack"):
        unpack(archive, tmp_path / "pack", ".onnx")
