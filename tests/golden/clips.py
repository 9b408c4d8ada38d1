"""Golden labels of real clips, which are not in the repository.

python tests/golden/clips.py --write | --check [--clips FOLDER] [--detector-dir FOLDER]

Runs ``videxpr annotate`` over a folder of clips with MTCNN and with SCRFD, and writes clips.json or
compares with it.
"""

import argparse
import csv
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import pyarrow.compute
import pyarrow.parquet

HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parents[1]
GOLDEN: Final = HERE / "clips.json"
SHARED: Final = ROOT.parent / "shared"
DETECTORS: Final = ("mtcnn", "scrfd:buffalo_sc")

sys.path[:0] = [str(ROOT)]

from interface import COMMANDS, FILES, FLAGS, FORMATS, ROW, SUMMARY  # noqa: E402


def runs(labels: list[str]) -> str:
    """Write labels as runs, e.g. ``0x12 4x3``."""
    return " ".join(f"{label}x{len(list(group))}" for label, group in groupby(labels))


def unrolled(text: str) -> list[str]:
    """Read such runs."""
    pairs = (run.split("x") for run in text.split())
    return [label for label, count in pairs for _ in range(int(count))]


def annotate(detector: str, clips: Path, packs: Path, out: Path) -> None:
    """Annotate the folder by the command; one clip of it cannot be read, so that it may end with 1."""
    words = [*COMMANDS["annotate"], clips, FLAGS["output folder"], out]
    words += [FLAGS["detector"], detector, FLAGS["detector dir"], packs, FLAGS["device"], "cpu"]
    for name in ("text", "parquet"):
        words += [FLAGS["format"], FORMATS[name]]
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
        "VIDEXPR_MODELS": os.devnull,
    }
    command = [sys.executable, "-m", "videxpr", *map(str, words)]
    done = subprocess.run(command, env=environment, check=False)
    if done.returncode not in (0, 1):
        raise SystemExit(f"annotate ended with {done.returncode}")


def figures(out: Path) -> dict[str, dict[str, Any]]:
    """Gather what is kept of each clip that could be read."""
    with (out / FILES["summary"]).open(encoding="utf-8") as stream:
        lines = sorted(csv.DictReader(stream), key=lambda line: line[SUMMARY["video"]])
    videos = groupby(lines, key=lambda line: line[SUMMARY["video"]])
    people = {video: list(own) for video, own in videos}
    return {
        video: _clip(out, *own) for video, own in people.items() if not own[0][SUMMARY["error"]]
    }


def _clip(out: Path, line: dict[str, str], *others: dict[str, str]) -> dict[str, Any]:
    """Gather what is kept of a clip, from a line of the summary for each person."""
    coverage = sum(float(one[SUMMARY["coverage"]]) for one in (line, *others))
    text = (out / line[SUMMARY["video"]]).with_suffix(".txt")
    table = pyarrow.parquet.read_table(text.with_suffix(".parquet"))
    confidence = pyarrow.compute.mean(table[ROW["confidence"]]).as_py()
    return {
        "frames": int(line[SUMMARY["frames"]]),
        "rows": len(table),
        "coverage": round(coverage, 4),
        "tracks": len(table[ROW["track"]].drop_null().unique()),
        "mean confidence": None if confidence is None else round(confidence, 4),
        "labels": runs(text.read_text().splitlines()[1:]),
        "sha256": hashlib.sha256(text.read_bytes()).hexdigest(),
    }


def compare(found: dict[str, Any], golden: dict[str, Any]) -> Iterator[tuple[str, int, int, str]]:
    """Compare clip by clip: its name, equal labels, labels in all, and what else differs."""
    for clip in sorted(found.keys() | golden.keys()):
        if clip not in found or clip not in golden:
            known = found.get(clip) or golden[clip]
            where = "only found now" if clip in found else "no longer read"
            yield clip, 0, known["frames"], where
            continue
        now, before = found[clip], golden[clip]
        labels, wanted = unrolled(now["labels"]), unrolled(before["labels"])
        equal = sum(one == other for one, other in zip(labels, wanted, strict=False))
        differing = [
            f"{name} {before[name]} -> {now[name]}"
            for name in before
            if name not in ("labels", "sha256") and now[name] != before[name]
        ]
        if now["sha256"] != before["sha256"]:
            differing.append("another text file")
        yield clip, equal, max(len(labels), len(wanted)), ", ".join(differing)


def report(detector: str, found: dict[str, Any], golden: dict[str, Any]) -> bool:
    """Print a table of the comparison; whether all is equal."""
    rows = list(compare(found, golden))
    width = max(len(clip) for clip, *_ in rows)
    lines = [f"\n{detector}"]
    for clip, equal, count, differing in rows:
        share = 100 * equal / max(count, 1)
        lines.append(
            f"  {clip:{width}}  {equal:5} of {count:5}  {share:6.2f}%  {differing or 'equal'}"
        )
    equal, count = (sum(row[n] for row in rows) for n in (1, 2))
    changed = sum(bool(differing) for *_, differing in rows)
    lines.append(
        f"  {equal} of {count} rows equal ({100 * equal / max(count, 1):.3f}%), "
        f"{changed} of {len(rows)} clips differ"
    )
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()
    return not changed and equal == count


def run() -> int:
    """Write or check; the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--write", action="store_true", help="replace clips.json")
    what.add_argument("--check", action="store_true", help="compare with clips.json")
    parser.add_argument("--clips", type=Path, default=SHARED / "data" / "clips")
    parser.add_argument("--detector-dir", type=Path, default=SHARED / "models" / "insightface")
    parser.add_argument("--only", choices=DETECTORS, help="one detector instead of both")
    chosen = parser.parse_args()
    golden = json.loads(GOLDEN.read_text()) if GOLDEN.is_file() else {}
    equal = True
    for detector in [chosen.only] if chosen.only else DETECTORS:
        with tempfile.TemporaryDirectory() as folder:
            annotate(detector, chosen.clips, chosen.detector_dir, Path(folder))
            found = figures(Path(folder))
        if chosen.write:
            golden[detector] = found
            GOLDEN.write_text(json.dumps(golden, indent=1) + "\n")
        else:
            equal &= report(detector, found, golden.get(detector, {}))
    return 0 if equal else 1


if __name__ == "__main__":
    sys.exit(run())
