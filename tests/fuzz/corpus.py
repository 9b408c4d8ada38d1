"""Small sound files of every kind that videxpr reads, from which the mutations start."""

import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from publish_reports import ON_IMAGES, ON_VIDEOS, written
from records import annotation, changed, nobody
from videos import Recipe, Track, write_tracks, write_video

from videxpr.core.crop_template import ARCFACE
from videxpr.core.expressions import EXPRESSIONS
from videxpr.datasets.crops.geometry_file import write_crop_geometry
from videxpr.formats.affwild2 import write_labels
from videxpr.formats.npz import write_features
from videxpr.formats.parquet import write_parquet
from videxpr.formats.predictions import Block, write_predictions
from videxpr.formats.summary import write_summary
from videxpr.model.checkpoint import save_checkpoint
from videxpr.model.header import TrainingSummary
from videxpr.model.network import ExpressionModel, ModelConfig

AT_25 = Fraction(1, 25)
GIF = Recipe(codec="gif", pix_fmt="rgb8", time_base=Fraction(1, 100))
MPEG2 = Recipe(codec="mpeg2video", time_base=AT_25)
QUIET = {"x265-params": "log-level=none"}
VIDEOS = {
    "h264.mp4": Recipe(grain=8),
    "turned.mov": Recipe(rotation=90, aspect=Fraction(4, 3)),
    "mpeg4.3gp": Recipe(codec="mpeg4", time_base=AT_25, form="mov"),
    "h264.mkv": Recipe(grain=8),
    "hevc.mkv": Recipe(codec="libx265", options=QUIET),
    "vp8.webm": Recipe(codec="libvpx"),
    "vp9.webm": Recipe(codec="libvpx-vp9"),
    "ffv1.nut": Recipe(codec="ffv1"),
    "mpeg4.avi": Recipe(codec="mpeg4", time_base=AT_25),
    "mjpeg.avi": Recipe(codec="mjpeg", pix_fmt="yuvj420p", time_base=AT_25),
    "png.avi": Recipe(codec="png", pix_fmt="rgb24", time_base=AT_25),
    "h264.ts": Recipe(),
    "mpeg2.mpg": MPEG2,
    "mpeg2.m2v": MPEG2,
    "mpeg2.wtv": MPEG2,
    "mpeg2.mxf": MPEG2,
    "flv1.flv": Recipe(codec="flv"),
    "h264.flv": Recipe(),
    "wmv2.wmv": Recipe(codec="wmv2"),
    "rv20.rm": Recipe(codec="rv20", time_base=AT_25),
    "plain.gif": GIF,
    "plain.apng": Recipe(codec="apng", pix_fmt="rgb24", time_base=AT_25),
    "plain.y4m": Recipe(codec="wrapped_avframe", time_base=AT_25),
    "vp8.ivf": Recipe(codec="libvpx", time_base=AT_25),
    "plain.264": Recipe(time_base=AT_25),
    "plain.265": Recipe(codec="libx265", options=QUIET, time_base=AT_25),
}
FRAMES = 12

VOTES = "image,neutral,anger,happiness,unknown\nanger/a.png,1,8,0,1\nneutral/b.png,9,0,0,1\n"
SPLIT = "image,split\nanger/a.png,train\nneutral/b.png,validation\nother/c.png,test\n"
SHARES = ",".join(EXPRESSIONS) + "\n" + "0.5,0.5,0,0,0,0,0,0\n" * 3
REGISTRY = f"""[lab]
url = "https://example.org/a.safetensors"
sha256 = "{"0" * 64}"
size = 100
license = "research only"

[here]
file = "a.safetensors"
"""
CONFIG = """min-face = 40
detector = "mtcnn"
smooth = 0.5
stride = 16
people = 2
format = ["parquet", "csv"]
start = "0:01"
max-pixels = 1000000
model = ["starter"]
workers = 1
"""
LIST = "video.mp4\n# a comment\nfolder\n*.mkv\nfolder/../video.mp4\n@other.txt\n"
LOG = {"event": "failed", "key": "a", "video": "a.mp4", "error": "x", "source_path": "a.mp4"}


def write_corpus(folder: Path) -> None:
    """Write the files, those of a target in a folder of its name."""
    for target, write in WRITERS.items():
        (folder / target).mkdir(parents=True)
        write(folder / target)


def _videos(folder: Path) -> None:
    for name, recipe in VIDEOS.items():
        step = 4 if name.endswith(".gif") else (40 if recipe.time_base.denominator == 1000 else 1)
        write_video(folder / name, range(0, FRAMES * step, step), recipe)
    tracks = [Track([0, 40, 80], Recipe(32, 24)), Track([0], Recipe())]
    write_tracks(folder / "tracks.mkv", *tracks, sound=True)
    write_tracks(folder / "sound.mp4", tracks[0], sound=True)


def _labels(folder: Path) -> None:
    write_labels(folder / "a.txt", np.arange(-1, 8))


def _predictions(folder: Path) -> None:
    blocks = [Block(name, np.arange(3), np.array([0, 1, 7])) for name in ("a", "b_left")]
    write_predictions(folder / "predictions.txt", blocks)


def _templates(folder: Path) -> None:
    _predictions(folder)
    (folder / "names.txt").write_text("a\nb_left\nc/d\n")


def _submissions(folder: Path) -> None:
    _predictions(folder)
    with zipfile.ZipFile(folder / "texts.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("a", "b_left"):
            archive.writestr(f"{name}.txt", ",".join(EXPRESSIONS) + "\n0\n1\n7\n")


def _parquet(folder: Path) -> None:
    write_parquet(folder / "a.parquet", annotation())
    write_parquet(folder / "nobody.parquet", nobody())


def _features(folder: Path) -> None:
    faces = annotation().faces
    wide = np.ones((len(faces), 8), np.float32)
    whole = changed(annotation(), faces=replace(faces, features=wide, logits=wide))
    write_features(folder / "a.features.npz", whole)
    write_features(folder / "nobody.features.npz", nobody())


def small_model(path: Path) -> None:
    """Write a model of random weights that is as small as they get."""
    torch.manual_seed(1)
    config = ModelConfig("backbone", "regnet_y_400mf", input_size=32)
    model = ExpressionModel(config)
    save_checkpoint(path, model, TrainingSummary("noise", "none", 0, 0), "none")


def _checkpoints(folder: Path) -> None:
    small_model(folder / "small.safetensors")


def _pickles(folder: Path) -> None:
    state = {"layer.weight": torch.zeros(3, 3), "layer.bias": torch.zeros(3)}
    torch.save({"state_dict": state, "epoch": 3}, folder / "zip.ckpt")
    torch.save({"state_dict": state}, folder / "old.pth", _use_new_zipfile_serialization=False)


def _images(folder: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 4, (112, 112, 3), np.uint8) * np.uint8(60)
    for name in ("a.jpg", "a.png", "a.webp", "a.bmp"):
        Image.fromarray(noise).save(folder / name)
    Image.fromarray(noise).convert("P").save(folder / "palette.png")


def _geometry(folder: Path) -> None:
    write_crop_geometry(folder / "crop_geometry.json", ARCFACE, {"faces": 3})


def _summary(folder: Path) -> None:
    rows = [{"video": "a.mp4", "frames": 3, "error": ""}, {"video": "=b.mp4", "frames": 0}]
    write_summary(folder / "summary.csv", ["video", "frames", "error"], rows)


def _reports(folder: Path) -> None:
    written(folder / "images.json", ON_IMAGES)
    written(folder / "videos.json", ON_VIDEOS)


def _text(name: str, text: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_text(text)


WRITERS: dict[str, Callable[[Path], object]] = {
    "video": _videos,
    "labels": _labels,
    "predictions": _predictions,
    "template": _templates,
    "parquet": _parquet,
    "features": _features,
    "checkpoint": _checkpoints,
    "pickle": _pickles,
    "image": _images,
    "geometry": _geometry,
    "summary": _summary,
    "votes": _text("votes.csv", VOTES),
    "split": _text("split.csv", SPLIT),
    "shares": _text("shares.csv", SHARES),
    "registry": _text("models.toml", REGISTRY),
    "config": _text("run.toml", CONFIG),
    "list": _text("list.txt", LIST),
    "report": _reports,
    "submission": _submissions,
    "run-log": _text("run.jsonl", "".join(json.dumps(LOG | {"key": key}) + "\n" for key in "ab")),
}
