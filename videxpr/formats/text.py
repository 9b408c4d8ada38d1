"""Lines of the text files that annotators hand round."""

from pathlib import Path

from videxpr.core.errors import FormatError


def read_lines(path: Path) -> list[str]:
    """Read the lines of a UTF-8 file; a byte order mark and Windows line ends are taken off.

    Raises:
        FormatError: the file cannot be read, or is no such text.
    """
    try:
        lines = path.read_bytes().decode("utf-8-sig").split("\n")
    except OSError as exc:
        raise FormatError(f"cannot read {path}: {exc.strerror or exc}") from exc
    except UnicodeDecodeError as exc:
        raise FormatError(f"cannot read {path}: it is no UTF-8 text") from exc
    lines = [line.removesuffix("\r") for line in lines]
    return lines[:-1] if lines[-1] == "" else lines
