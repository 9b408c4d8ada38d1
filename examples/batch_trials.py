"""Try what a batch withstands, on many small videos; each trial prints what it found.

    python examples/batch_trials.py kills CLIPS WORK       # 200 videos, 20 SIGKILLs at random moments
    python examples/batch_trials.py share CLIPS WORK       # 200 videos, two runs on one output folder
    python examples/batch_trials.py scheduler CLIPS WORK   # 10,000 videos: listed, annotated, resumed
    python examples/batch_trials.py workers CLIPS WORK     # ten clips with -j 1 and -j 2, paired
    python examples/batch_trials.py process CLIPS WORK     # what a process costs, for one clip

CLIPS is a folder of videos with faces, from which small ones are cut; WORK takes all files. Options of
videxpr annotate may follow.
"""

import json
import os
import random
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import av
import psutil

SEED = 18
FRAMES = 12
WIDTH = 320


def main() -> int:
    trial, clips, work, *options = sys.argv[1:]
    trials = {one.__name__: one for one in (kills, share, scheduler, workers, process)}
    return trials[trial](Path(clips), Path(work), options)


def kills(clips: Path, work: Path, options: list[str]) -> int:
    """Kill workers and parents at random moments, and compare with an unbroken run."""
    videos = small_videos(clips, work / "videos", 200)
    out, drawn = work / "killed", random.Random(SEED)
    begun = time.monotonic()
    annotate(videos, work / "unbroken", options)
    whole = time.monotonic() - begun
    victims = Counter()
    for number in range(20):
        run = start(videos, out, options)
        size = (out / "run.jsonl").stat().st_size if out.exists() else 0
        while run.poll() is None and not grown(out / "run.jsonl", size):  # models are being loaded
            time.sleep(0.01)
        time.sleep(drawn.uniform(0, 0.06) * whole)
        victim = "parent" if number % 2 else "worker"
        children = psutil.Process(run.pid).children() if run.poll() is None else []
        for one in children if victim == "worker" else [run]:
            one.kill()
        victims[victim] += len(children) if victim == "worker" else bool(children)
        if victim == "worker":
            # the run has replaced it and goes on: end it politely when that shows
            while run.poll() is None and not ended_again(out):
                time.sleep(0.01)
            run.send_signal(signal.SIGTERM)
        run.wait()
    annotate(videos, out, options)
    same = contents(out) == contents(work / "unbroken")
    done = Counter(one["key"] for one in events(out) if one["event"] == "done")
    once = set(done.values()) == {1} and len(done) == 200
    starts = Counter(one["event"] for one in events(out))["started"]
    print(f"200 videos, killed: {dict(victims)}, begun {starts} times")
    print(f"outputs, summary and predictions as in the unbroken run: {same}")
    print(f"every video done once by run.jsonl: {once}")
    return int(not (same and once))


def grown(log: Path, size: int) -> bool:
    return log.exists() and log.stat().st_size > size


def ended_again(out: Path) -> bool:
    """Whether the video whose worker was killed is done, by another one."""
    last = [one for one in events(out) if one["event"] in ("started", "done")]
    again = [one["key"] for one in last if one.get("attempt") == 2]
    return bool(again) and any(one["event"] == "done" and one["key"] == again[-1] for one in last)


def share(clips: Path, work: Path, options: list[str]) -> int:
    """Let two runs share one output folder."""
    videos = small_videos(clips, work / "videos", 200)
    runs = [start(videos, work / "shared", options) for _ in range(2)]
    codes = [run.wait() for run in runs]
    done = Counter(one["key"] for one in events(work / "shared") if one["event"] == "done")
    shares = Counter(one["process"] for one in events(work / "shared") if one["event"] == "started")
    once = set(done.values()) == {1} and len(done) == 200
    print(
        f"200 videos, shares {sorted(shares.values())}, each done once: {once}, exit codes {codes}"
    )
    return int(not once or any(codes))


def scheduler(clips: Path, work: Path, options: list[str]) -> int:
    """Annotate 10,000 videos of two frames; measure listing and resuming by themselves."""
    videos = tiny_videos(work / "tiny", 10_000)
    out = work / "ten-thousand"
    for what, more in (
        ("listing (--dry-run, nothing done)", ["--dry-run"]),
        ("annotating", []),
        ("resuming, all done", []),
        ("resuming, all done, --verify", ["--verify"]),
        ("listing (--dry-run, all done)", ["--dry-run"]),
    ):
        seconds, parent, code = watched(start(videos, out, [*options, *more]))
        print(
            f"{what}: {seconds:.1f} s, parent {parent / 1e6:.0f} MB, exit code {code}", flush=True
        )
    done = Counter(one["key"] for one in events(out) if one["event"] == "done")
    print(f"done once: {set(done.values()) == {1} and len(done) == 10_000}")
    return 0


def workers(clips: Path, work: Path, options: list[str]) -> int:
    """Annotate ten clips with one worker and with two, in turn, three times."""
    videos = readable(clips)[:10]
    ratios = []
    for turn in range(3):
        speeds = []
        for count in (1, 2):
            out = work / f"workers-{count}-{turn}"
            run = start(videos, out, [*options, "-j", str(count)])
            begun = time.monotonic()
            run.wait()
            seconds = time.monotonic() - begun
            frames = sum(one["frames"] for one in events(out) if one["event"] == "done")
            speeds.append(frames / seconds)
        ratios.append(speeds[1] / speeds[0])
        print(f"-j 1: {speeds[0]:.1f} frames/s, -j 2: {speeds[1]:.1f}, ratio {ratios[-1]:.2f}")
    print(f"median ratio {statistics.median(ratios):.2f}")
    return 0


def process(clips: Path, work: Path, options: list[str]) -> int:
    """Annotate one clip in this process and in a worker, in turn, five times."""
    video = readable(clips)[:1]
    costs = []
    for turn in range(5):
        seconds = []
        for count in (0, 1):
            out = work / f"process-{count}-{turn}"
            run = start(video, out, [*options, "-j", str(count)])
            seconds.append(watched(run)[0])
        costs.append(seconds[1] - seconds[0])
        print(f"-j 0: {seconds[0]:.2f} s, -j 1: {seconds[1]:.2f} s, cost {costs[-1]:+.2f} s")
    print(f"median cost {statistics.median(costs):+.2f} s")
    return 0


def start(videos: list[Path], out: Path, options: list[str]) -> subprocess.Popen:
    sources = [videos[0].parent] if len(videos) > 20 else videos
    command = [
        sys.executable,
        "-m",
        "videxpr",
        "annotate",
        *sources,
        "-o",
        out,
        "--quiet",
        *options,
    ]
    return subprocess.Popen([str(word) for word in command], stdout=subprocess.DEVNULL)


def annotate(videos: list[Path], out: Path, options: list[str]) -> None:
    if code := start(videos, out, options).wait():
        raise SystemExit(f"videxpr annotate ended with {code}")


def watched(run: subprocess.Popen) -> tuple[float, int, int]:
    """Seconds, the most memory of the process itself, and its exit code."""
    begun, most = time.monotonic(), [0]

    def watch() -> None:
        while run.poll() is None:
            try:
                most[0] = max(most[0], psutil.Process(run.pid).memory_info().rss)
            except psutil.Error:
                return
            time.sleep(0.02)

    watcher = threading.Thread(target=watch)
    watcher.start()
    code = run.wait()
    seconds = time.monotonic() - begun
    watcher.join()
    return seconds, most[0], code


def events(out: Path) -> list[dict]:
    text = (out / "run.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def contents(out: Path) -> dict[str, bytes]:
    """All files but the log, by name."""
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in out.rglob("*")
        if path.is_file() and path.name != "run.jsonl"
    }


def small_videos(clips: Path, folder: Path, count: int) -> list[Path]:
    """Pieces of a few frames of the clips, each from another place."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{number:03d}.mp4" for number in range(count)]
    if not all(path.exists() for path in paths):
        found = readable(clips)
        pieces = (piece for turn in range(count) for piece in cut(found, turn))
        for path, frames in zip(paths, pieces, strict=False):
            write(path, frames)
    return paths


def readable(clips: Path) -> list[Path]:
    """Clips that can be opened: some are damaged on purpose."""
    paths = []
    for path in sorted(clips.glob("*.mp4")):
        with suppress(av.error.FFmpegError, IndexError), av.open(str(path)) as container:
            next(container.decode(video=0))
            paths.append(path)
    return paths


def cut(clips: list[Path], turn: int) -> Iterator[list[av.VideoFrame]]:
    """Yield the piece of each clip that is its turn, of those that are long enough."""
    for clip in clips:
        with av.open(str(clip)) as container:
            frames = []
            for index, frame in enumerate(container.decode(video=0)):
                if index >= turn * FRAMES:
                    height = round(frame.height * WIDTH / frame.width / 2) * 2
                    frames.append(frame.reformat(WIDTH, height, "yuv420p"))
                if len(frames) == FRAMES:
                    yield frames
                    break


def tiny_videos(folder: Path, count: int) -> list[Path]:
    """Copies of a video of two gray frames, each with a byte of its own behind it."""
    folder.mkdir(parents=True, exist_ok=True)
    first = folder / "00000.mp4"
    write(first, [av.VideoFrame(64, 48, "yuv420p") for _ in range(2)])
    content = first.read_bytes()
    paths = [folder / f"{number:05d}.mp4" for number in range(count)]
    for number, path in enumerate(paths):
        path.write_bytes(content + b"\0\0\0\x0cfree" + number.to_bytes(4, "big"))
    return paths


def write(path: Path, frames: list[av.VideoFrame]) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = frames[0].width, frames[0].height, "yuv420p"
        for number, frame in enumerate(frames):
            frame.pts = number
            frame.time_base = Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    sys.exit(main())
