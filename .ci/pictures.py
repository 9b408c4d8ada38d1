"""Make the pictures of the docs anew, from real runs on the example video.

    python .ci/pictures.py

What a terminal shows is drawn as SVG: the last state of each line, with its colors. The page is one of
Chromium, which must be there.
"""

import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile
from itertools import islice
from pathlib import Path
from typing import Final

import av
from PIL import Image
from rich.console import Console
from rich.text import Text

ROOT: Final = Path(__file__).resolve().parents[1]
IMAGES: Final = ROOT / "docs" / "images"
COLUMNS: Final = 86
CURSOR: Final = re.compile(r"(\x1b\[1A|\x1b\[2K|\x1b\[\?25[lh]|\r|\n)")
FONT_FACES: Final = re.compile(r"\s*@font-face \{.*?\}", re.DOTALL)
"""Of rich's template: they would be fetched from a host."""


def main() -> None:
    """Annotate the example in a temporary folder, and draw what is seen there."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "examples").mkdir()
        (folder / "examples" / "astronaut.mp4").symlink_to(ROOT / "examples" / "astronaut.mp4")
        draw_terminal(folder, "annotate", "annotate examples/*.mp4 -o annotations")
        on_terminal(folder, "report annotations")
        on_terminal(folder, "overlay annotations")
        draw_frame(folder / "annotations" / "astronaut.overlay.mp4", "overlay", 40)
        draw_page(folder / "annotations" / "report.html", "report", 1300, 1240)


def draw_terminal(folder: Path, name: str, words: str) -> None:
    """Run a command of videxpr on a terminal, and draw the terminal's last state.

    Args:
        folder: where it runs.
        name: of the picture.
        words: what is typed behind ``videxpr``.
    """
    shown = last_state(on_terminal(folder, words))
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123
        console = Console(record=True, width=COLUMNS, file=nowhere, force_terminal=True)
        console.print(Text(f"$ videxpr {words}", style="bold"))
        console.print(Text.from_ansi(shown))
        picture = console.export_svg(title="", font_aspect_ratio=0.61)
    picture = FONT_FACES.sub("", picture).replace("Fira Code", "ui-monospace")
    lines = [line.rstrip() for line in picture.splitlines() if line.strip()]
    (IMAGES / f"{name}.svg").write_text("\n".join(lines) + "\n", encoding="utf-8")


def on_terminal(folder: Path, words: str) -> str:
    """Return everything that a command writes to a terminal of `COLUMNS` columns."""
    leader, follower = pty.openpty()
    size = {"COLUMNS": str(COLUMNS), "LINES": "30", "TERM": "xterm-256color"}
    process = subprocess.Popen(
        [sys.executable, "-m", "videxpr", *words.split()],
        cwd=folder,
        env=os.environ | size | {"PYTHONPATH": str(ROOT)},
        stdin=follower,
        stdout=follower,
        stderr=follower,
    )
    os.close(follower)
    parts = []
    while True:
        try:
            part = os.read(leader, 1 << 16)
        except OSError:  # Linux says so at the end
            break
        if not part:
            break
        parts.append(part)
    process.wait()
    os.close(leader)
    return b"".join(parts).decode()


def draw_page(page: Path, name: str, width: int, height: int) -> None:
    """Draw a page as a browser shows it.

    Args:
        page: its file.
        name: of the picture.
        width: of the window, in pixels.
        height: of the window, in pixels.
    """
    chromium = shutil.which("chromium") or "google-chrome"
    picture = page.with_suffix(".png")
    options = ["--headless=new", "--no-sandbox", "--hide-scrollbars", f"--screenshot={picture}"]
    command = [chromium, *options, f"--window-size={width},{height}", page.as_uri()]
    subprocess.run(command, check=True, capture_output=True)
    with Image.open(picture) as seen:
        seen.convert("RGB").quantize(128).save(IMAGES / f"{name}.png", optimize=True)


def draw_frame(video: Path, name: str, index: int) -> None:
    """Draw one frame of a video.

    Args:
        video: its file.
        name: of the picture.
        index: of the frame.
    """
    with av.open(video) as container:
        frame = next(islice(container.decode(video=0), index, None))
    frame.to_image().save(IMAGES / f"{name}.jpg", quality=88)


def last_state(written: str) -> str:
    """Return the lines that stand on a terminal at the end, when bars have been wiped."""
    lines, row, fresh = [""], 0, False
    for part in CURSOR.split(written):
        if part == "\n":
            row += 1
            lines += [""] * (row == len(lines))
        elif part == "\x1b[1A":
            row -= 1
        elif part == "\x1b[2K":
            lines[row] = ""
        elif part == "\r":
            fresh = True
        elif part and not part.startswith("\x1b[?"):
            lines[row] = part if fresh else lines[row] + part
            fresh = False
    return "\n".join(lines).rstrip()


if __name__ == "__main__":
    main()
