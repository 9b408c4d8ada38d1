"""Does memory grow, or speed fall, with a video's length? Makes long videos, and measures one.

    python examples/long_video.py make CLIP MINUTES OUTPUT.mp4
    python examples/long_video.py measure VIDEO [-m MODEL] [--detector NAME] [--detector-dir FOLDER]

`make` plays a clip (its first ten seconds) forwards and backwards, over and over, so that there is no
cut: one shot as long as the video, which is the hardest case. Only one round is encoded. `measure`
annotates a video as `videxpr annotate` does, in its default formats, and prints the peak memory of the
process, and in each tenth of the video frames a second, and the cores' time a frame, which does not
depend on what else the machine does. Measure a short and a long video of the same
clip, each in a process of its own, on a machine that does nothing else.
"""

import argparse
import math
import tempfile
from array import array
from pathlib import Path
from time import perf_counter, process_time
from typing import Final

import av
import numpy as np

SECONDS: Final = 10
"""Of the clip, all of whose frames are in memory when it is turned round."""


def make_long(clip: Path, minutes: float, output: Path) -> None:
    """Write a video of about so many minutes."""
    with tempfile.TemporaryDirectory() as folder:
        there_and_back = Path(folder) / "round.mp4"
        seconds = encode_round(clip, there_and_back)
        repeat(there_and_back, math.ceil(minutes * 60 / seconds), output)


def encode_round(clip: Path, path: Path) -> float:
    """Write the clip's beginning forwards and backwards; its length in seconds."""
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        rate = stream.average_rate
        frames = []
        for frame in container.decode(stream):
            frames.append(frame)
            if len(frames) >= SECONDS * rate:
                break
    frames += frames[-2:0:-1]
    with av.open(str(path), "w") as container:
        options = {"crf": "20", "preset": "veryfast", "bf": "0"}
        out = container.add_stream("libx264", rate=rate, options=options)
        out.width, out.height, out.pix_fmt = frames[0].width, frames[0].height, "yuv420p"
        for number, frame in enumerate(frames):
            frame.pts, frame.time_base = number, 1 / rate
            frame.pict_type = av.video.frame.PictureType.NONE
            container.mux(out.encode(frame))
        container.mux(out.encode())
    return float(len(frames) / rate)


def repeat(path: Path, times: int, output: Path) -> None:
    """Copy the packets of a video over and over, each time behind those before."""
    with av.open(str(path)) as source, av.open(str(output), "w") as target:
        stream = source.streams.video[0]
        out = target.add_stream_from_template(stream)
        for number in range(times):
            source.seek(0)
            for packet in source.demux(stream):
                if packet.dts is None:
                    continue  # the last one only says that there are no more
                packet.pts += number * stream.duration
                packet.dts += number * stream.duration
                packet.stream = out
                target.mux(packet)


def measure(arguments: argparse.Namespace) -> None:
    """Annotate a video, and print what it took."""
    from videxpr.annotation.fingerprint import modified_ns
    from videxpr.annotation.load import load_annotator
    from videxpr.annotation.options import AnnotationOptions, OutputOptions
    from videxpr.annotation.summary import main_people
    from videxpr.annotation.writer import Outputs
    from videxpr.core.memory import peak_memory_bytes
    from videxpr.core.threads import stage_threads
    from videxpr.faces.options import DetectionOptions, FaceOptions
    from videxpr.model.hub.resolve import resolve_model
    from videxpr.video.search import find_sources

    detection = DetectionOptions(arguments.detector, root=arguments.detector_dir)
    options = AnnotationOptions(FaceOptions(detection))
    models = [resolve_model(arguments.model)]
    annotator = load_annotator(models, options, "cpu", stage_threads())
    counts, times, work = array("q"), array("d"), array("d")  # frames done, when, after what work
    with tempfile.TemporaryDirectory() as folder:
        outputs = Outputs(OutputOptions(Path(folder)))
        (source,) = find_sources(arguments.video)

        def note(done: int, total: int) -> None:
            counts.append(done)
            times.append(perf_counter())
            work.append(process_time())

        begun, idle, before = perf_counter(), process_time(), peak_memory_bytes() or 0
        annotation = annotator.annotate(source, note)
        outputs.write(source, annotation, modified_ns(source))
        outputs.finish()
        seconds = perf_counter() - begun
    peak, frames = peak_memory_bytes() or 0, len(annotation)
    coverage = sum(one.frames for one in main_people(annotation)) / frames
    print(f"{frames} frames, a face in {coverage:.0%}, {seconds:.1f} s")
    print(f"peak memory {peak / 1e6:.0f} MB, {before / 1e6:.0f} MB before the first frame")
    tenths = np.linspace(0, frames, 11)
    edges = np.interp(tenths, [0, *counts], [begun, *times])
    speeds = frames / 10 / np.diff(edges)
    print("frames/s by tenths:", " ".join(f"{speed:.1f}" for speed in speeds))
    spent = np.diff(np.interp(tenths, [0, *counts], [idle, *work])) * 1e4 / frames
    print("ms of all cores a frame, by tenths:", " ".join(f"{each:.2f}" for each in spent))
    print(
        f"last tenth / first tenth: {speeds[-1] / speeds[0]:.3f}, work {spent[-1] / spent[0]:.3f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True)
    making = commands.add_parser("make", help="a long video from a clip")
    making.add_argument("clip", type=Path)
    making.add_argument("minutes", type=float)
    making.add_argument("output", type=Path)
    making.set_defaults(run=lambda given: make_long(given.clip, given.minutes, given.output))
    measuring = commands.add_parser("measure", help="peak memory and speed by tenths")
    measuring.add_argument("video", type=Path)
    measuring.add_argument("-m", "--model", default="starter")
    measuring.add_argument("--detector", default="mtcnn")
    measuring.add_argument("--detector-dir", type=Path)
    measuring.set_defaults(run=measure)
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
