"""Golden results: what the commands answer to small inputs, kept over a refactoring.

python tests/golden/make.py [OUTPUT]

Runs the commands on clips made from the example video and writes results.json.
"""

import contextlib
import csv
import io
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any, Final
from unittest import mock

HERE: Final = Path(__file__).parent
if __name__ == "__main__":
    sys.path[:0] = [str(HERE.parents[1]), str(HERE.parent / "support"), str(HERE)]

import numpy as np  # noqa: E402
import pandas  # noqa: E402
from inputs import (  # noqa: E402
    EXAMPLE,
    FPS,
    disturbed,
    patches,
    write_clips,
    write_labels,
    write_template,
)
from interface import (  # noqa: E402
    CALIBRATION,
    CLASS,
    COMMANDS,
    EVALUATION,
    EXPRESSIONS,
    FEATURES,
    FIGURE,
    FILES,
    FLAGS,
    FORMATS,
    LOSS,
    MEASURED,
    PREDICTIONS_HEADER,
    ROW,
    SETTINGS,
    STILLS,
    SUMMARY,
    TENSORS,
    TEXT_HEADER,
    TUNED,
    VIDEO,
    main,
    read_settings,
    save_small_model,
    stated_figures,
    with_main,
)
from PIL import Image  # noqa: E402
from safetensors.numpy import load_file  # noqa: E402

GOLDEN: Final = HERE / "results.json"
STEP: Final = 8
"""Boxes, landmarks and unsmoothed probabilities are kept of every so many rows."""

DATA: Final = ("text", "predictions", "parquet")
Result = dict[str, Any]


class Workshop:
    """A folder with the inputs of all cases, where commands run and leave their results."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.clips = write_clips(root / "clips")
        self.small = str(save_small_model(root / "small.safetensors", patches()))

    def clip(self, *names: str) -> list[Path]:
        return [self.clips / name for name in names]

    def run(self, command: str, *words: object, **options: object) -> tuple[int, str]:
        """Run a command in this process; its exit code and what it said."""
        typed = [*COMMANDS[command], *map(str, words)]
        for name, value in options.items():
            flag = FLAGS[name.replace("_", " ")]
            for one in value if isinstance(value, list | tuple) else [value]:
                typed += [flag] if one is True else [flag, str(one)]
        said = io.StringIO()
        with (
            mock.patch.object(sys, "argv", ["videxpr", *typed]),
            mock.patch.dict(os.environ, {"VIDEXPR_MODELS": os.devnull,
                                         "VIDEXPR_CACHE": str(self.root / "cache")}),
            contextlib.redirect_stdout(said),
            contextlib.redirect_stderr(said),
        ):  # fmt: skip
            try:
                main()
                code = 0
            except SystemExit as stop:
                code = int(stop.code or 0)
        if code == 2:
            raise ValueError(f"{' '.join(typed)}: {said.getvalue()}")
        return code, said.getvalue()

    def annotate(self, case: str, *sources: Path, **options: object) -> Result:
        """Annotate, by default with the small model, and read all that was written."""
        out = self.root / case
        formats = options.pop("formats", DATA)
        chosen = {"model": self.small, "detector": "mtcnn", "device": "cpu", "workers": 0} | options
        code, _ = self.run(
            "annotate",
            *sources,
            format=[FORMATS[name] for name in formats],
            output_folder=out,
            **chosen,
        )
        return {"exit code": code} | self.read(out)

    def read(self, out: Path) -> Result:
        """Read what annotate wrote into a folder."""
        found: Result = {"summary": summary(out / FILES["summary"])}
        files = sorted(path for path in out.rglob("*") if path.is_file())
        for path in files:
            name = path.relative_to(out).as_posix()
            if name == FILES["predictions"]:
                found["predictions"] = predictions(path)
            elif path.suffix == ".txt":
                found.setdefault("texts", {})[name] = text(path)
            elif path.suffix == ".parquet":
                table = pandas.read_parquet(path)
                found.setdefault("rows", {})[path.stem] = rows(table)
            elif name.endswith(FILES["features"]):
                stem = name.removesuffix(FILES["features"])
                found.setdefault("features", {})[stem] = features(path)
            elif path.suffix == ".csv" and name != FILES["summary"]:
                found.setdefault("csv rows", {})[path.stem] = rows(pandas.read_csv(path))
        return found


def runs(values: Iterable[object]) -> str:
    """Write values as runs of equal ones, e.g. ``0x12 4x3``, nothing as ``-``."""
    texts = ["-" if pandas.isna(value) else str(value) for value in values]
    return " ".join(f"{value}x{len(list(group))}" for value, group in groupby(texts))


def whole(values: Iterable[Any]) -> Iterable[object]:
    """Give integers that may be missing."""
    return (None if pandas.isna(value) else int(value) for value in values)


def numbers(values: Iterable[Any], digits: int = 4) -> str:
    """Write numbers to so many digits after the point, nothing as ``-``."""
    return " ".join("-" if pandas.isna(value) else f"{value:.{digits}f}" for value in values)


def spans(frames: Sequence[int]) -> str:
    """Write whole numbers as spans that rise by one, e.g. ``0-11 15-20``."""
    ends = [0, *(np.flatnonzero(np.diff(frames) != 1) + 1), len(frames)]
    return " ".join(f"{frames[a]}-{frames[b - 1]}" for a, b in pairwise(ends) if b > a)


def text(path: Path) -> str:
    """Read the labels of a text file, whose header must be there."""
    header, *labels = path.read_text().splitlines()
    assert TEXT_HEADER.startswith(header)  # sequences of stills have no Other
    return runs(labels)


def predictions(path: Path) -> list[str]:
    """Read the rows of a file of predictions: a line a name, as they come."""
    header, *lines = path.read_text().splitlines()
    assert header == PREDICTIONS_HEADER
    split = [re.fullmatch(r"(.+)/(\d{5})\.jpg,(-?\d)", line) for line in lines]
    assert all(split)
    return [
        f"{name} {spans([int(one[2]) for one in own])} {runs(one[3] for one in own)}"
        for name, group in groupby((one for one in split if one), key=lambda one: one[1])
        for own in [list(group)]
    ]


def summary(path: Path) -> list[Result]:
    """Read a summary, a line a video, without speeds."""
    with path.open(encoding="utf-8") as stream:
        return [_summary_line(line) for line in csv.DictReader(stream)]


def _summary_line(line: dict[str, str]) -> Result:
    found: Result = {}
    for name, column in SUMMARY.items():
        found[name] = line[column] if isinstance(column, str) else [line[one] for one in column]
    found["failed"] = bool(found.pop("error"))
    return found


def rows(table: pandas.DataFrame) -> Result:
    """Keep of a table what its rows say: all first rows of a frame, then all second ones, and so on."""
    frames = table[ROW["frame"]]
    assert frames.is_monotonic_increasing
    table = with_main(table.iloc[np.argsort(frames.groupby(frames).cumcount(), kind="stable")])
    every = table.iloc[::STEP]
    found = {name: runs(whole(table[ROW[name]])) for name in ("shot", "track", "main", "label")}
    found["source"] = runs(table[ROW["source"]])
    found["frame"] = spans(table[ROW["frame"]].tolist())
    found["time"] = numbers(table[ROW["time"]], 6)
    found |= {name: numbers(table[ROW[name]]) for name in ("confidence", "score")}
    for name, digits in (("unsmoothed", 4), ("box", 2), ("landmarks", 2)):
        kept = every[list(ROW[name])].to_numpy(float)
        found[name] = [numbers(row, digits) for row in kept[~np.isnan(kept).all(axis=1)]]
    return found


def features(path: Path) -> Result:
    """Keep of the features their shape, a figure of each row, and the logits."""
    with np.load(path) as arrays:
        found = {name: arrays[key] for name, key in FEATURES.items()}
    logits = np.where(np.isfinite(found["logits"]), found["logits"], np.nan)
    return {
        "frame": spans(found["frames"].tolist()),
        "track": runs(found["tracks"]),
        "rank": runs(found["ranks"]),
        "bridged": runs(whole(found["bridged"])),
        "width": found["features"].shape[1],
        "mean feature": numbers(np.abs(found["features"]).mean(axis=1)[::STEP]),
        "logits": [numbers(row) for row in logits[::STEP]],
    }


def chosen(found: dict[str, Any], names: dict[str, str]) -> Result:
    """Take values by our names from a JSON object; floats are cut to four digits."""
    return {name: shortened(found[key]) for name, key in names.items()}


def shortened(value: Any) -> Any:
    """Round all floats in a JSON value."""
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, list):
        return [shortened(one) for one in value]
    return value


def evaluation(found: dict[str, Any]) -> Result:
    """Keep the figures of an evaluation."""
    nested = ("per class", "videos")
    figures = chosen(found, {name: key for name, key in EVALUATION.items() if name not in nested})
    classes = found[EVALUATION["per class"]]
    figures["per class"] = {name: chosen(classes[name], CLASS) for name in EXPRESSIONS}
    figures["videos"] = [chosen(one, VIDEO) for one in found[EVALUATION["videos"]]]
    return figures


def weights(path: Path) -> dict[str, float]:
    """Keep of a checkpoint, group by group, the sum of its weights' sizes."""
    tensors = load_file(path)
    sums = {
        group: sum(
            float(np.abs(tensor.astype(np.float64)).sum())
            for name, tensor in tensors.items()
            if name.startswith(start)
        )
        for group, start in TENSORS.items()
    }
    return {group: float(f"{total:.4g}") for group, total in sums.items()}


def trained(shop: Workshop, command: str, *words: object, **options: object) -> Result:
    """Train for an epoch; its figures and those of the weights."""
    output = (
        shop.root / "models" / f"{len(list(shop.root.glob('models/*.safetensors')))}.safetensors"
    )
    output.parent.mkdir(exist_ok=True)
    quick = {"epochs": 1, "learning_rate": 0.001, "seed": 7}
    code, said = shop.run(command, *words, output_file=output, device="cpu", **(quick | options))
    loss = LOSS.search(said)
    figures = {name: shortened(value) for name, value in stated_figures(output).items()}
    found = {"exit code": code, "loss": float(loss[1]) if loss else None}
    return found | figures | {"weights": weights(output)}


# The cases, in the order in which they run: later ones take what earlier ones wrote.


def defaults(shop: Workshop) -> Result:
    return shop.annotate("defaults", EXAMPLE, *shop.clip("odd.mkv"), model="starter")


def small_model(shop: Workshop) -> Result:
    formats = (*DATA, "features")
    return shop.annotate("small", shop.clips, formats=formats, workers=1)


def csv_format(shop: Workshop) -> Result:
    return shop.annotate("csv", *shop.clip("gap.mp4"), formats=("csv",))


def two_people(shop: Workshop) -> Result:
    return shop.annotate("two", *shop.clip("pair.mp4", "cut.mp4"), people=2)


def all_people(shop: Workshop) -> Result:
    formats = ("parquet", "features")
    return shop.annotate("all", *shop.clip("pair.mp4"), people="all", person="right",
                         formats=formats)  # fmt: skip


def paper_preset(shop: Workshop) -> Result:
    found = shop.annotate("paper", *shop.clip("gap.mp4"), preset="paper")
    for one in found["rows"].values():  # this preset smooths nothing
        one["unsmoothed confidence"] = one.pop("confidence")
    return found


def part_of_a_video(shop: Workshop) -> Result:
    return shop.annotate("part", *shop.clip("gap.mp4", "odd.mkv"), start="0.8", end="0:02.4")


def missing_none(shop: Workshop) -> Result:
    return shop.annotate("missing", *shop.clip("gap.mp4", "cut.mp4"), missing="none")


def two_models(shop: Workshop) -> Result:
    return shop.annotate("models", *shop.clip("gap.mp4"), model=["starter", shop.small])


def other_choices(shop: Workshop) -> Result:
    choices = {"stride": 4, "smooth": 0.1, "logit_adjustment": 0.75, "detect_every": 1}
    return shop.annotate("choices", *shop.clip("odd.mkv"), batch_size=7, **choices)


def unreadable_video(shop: Workshop) -> Result:
    broken = shop.root / "broken.mp4"
    broken.write_bytes(b"\0" * 500)
    return shop.annotate("broken", broken, *shop.clip("timeless.h264"), formats=("text",))


def template(shop: Workshop) -> Result:
    counts = {"pair_right": 71, "gap": 84, "pair_left": 71}
    rows_wanted = write_template(shop.root / "template.txt", PREDICTIONS_HEADER, counts)
    clips = shop.clip("gap.mp4", "pair.mp4")
    return shop.annotate("template", *clips, people=2, person="left", template=rows_wanted)


def crop(shop: Workshop) -> Result:
    clips = shop.clip("cut.mp4", "gap.mp4", "odd.mkv", "pair.mp4")
    out = shop.root / "tree"
    code, _ = shop.run("crop", *clips, output_folder=out, detector="mtcnn", device="cpu", people=2)
    return {"exit code": code, "crops": crops_in(out / FILES["crops"])}


def crop_a_part(shop: Workshop) -> Result:
    out = shop.root / "part of a tree"
    options = {"detector": "mtcnn", "device": "cpu", "start": 1, "end": 2, "size": 64}
    code, _ = shop.run("crop", *shop.clip("odd.mkv"), output_folder=out, **options)
    return {"exit code": code, "crops": crops_in(out / FILES["crops"])}


def crops_in(folder: Path) -> Result:
    """Tell which crops there are, and how bright each tenth is."""
    found: Result = {}
    for one in sorted(folder.iterdir()):
        files = sorted(one.iterdir())
        assert all(file.suffix == ".jpg" for file in files)
        means = [np.asarray(Image.open(file), float).mean() for file in files[::10]]
        frames = [int(file.stem) for file in files]
        found[one.name] = {"names": spans(frames), "brightness": numbers(means, 2)}
    return found


def crop_folders(shop: Workshop) -> Result:
    folder = shop.root / "tree" / FILES["crops"]
    return shop.annotate("crops", folder / "gap", folder / "pair_right", crop_fps=FPS)


def evaluate(shop: Workshop) -> Result:
    labels = shop.root / "labels"
    for number, path in enumerate(sorted((shop.root / "small").glob("*.txt"))):
        if path.name != FILES["predictions"]:
            found = [int(line) for line in path.read_text().splitlines()[1:]]
            write_labels(labels / path.name, TEXT_HEADER, disturbed(found, number))
    output = shop.root / "evaluation.json"
    code, _ = shop.run("evaluate", shop.root / "small", labels, json=output, bootstrap=200, seed=3)
    return {"exit code": code} | evaluation(json.loads(output.read_text()))


def tune(shop: Workshop) -> Result:
    output = shop.root / "settings.toml"
    code, said = shop.run(
        "tune", shop.root / "small", shop.root / "labels", output_file=output, folds=3,
        model=shop.small, device="cpu", smooth="0,0.2,0.5,1", logit_adjustment="0,0.5", stride="8,16",
    )  # fmt: skip
    settings = read_settings(output)
    found = chosen(settings, {name: key for name, key in SETTINGS.items() if name != "tuned"})
    found["tuned"] = chosen(settings[SETTINGS["tuned"]], TUNED)
    found["figures said"] = " ".join(FIGURE.findall(said))
    return {"exit code": code} | found


def tuned_settings(shop: Workshop) -> Result:
    settings = shop.root / "settings.toml"
    return shop.annotate("tuned", *shop.clip("odd.mkv"), settings=settings, formats=("text",))


def submission(shop: Workshop) -> Result:
    counts = {"gap": 86, "cut": 82, "odd": 49}
    wanted = write_template(shop.root / "submission.txt", PREDICTIONS_HEADER, counts)
    out = shop.root / "submission"
    code, _ = shop.run(
        "submission", shop.root / "small", template=wanted, edition=10, output_folder=out
    )
    made = out / FILES["predictions"]
    checked, _ = shop.run("check", made, template=wanted, edition=10)
    return {
        "exit code": code,
        "exit code of the check": checked,
        "predictions": predictions(made),
        "changes": (out / FILES["changes"]).read_text().splitlines()[1:],
    }


def train(shop: Workshop) -> Result:
    tree = shop.root / "tree"
    for number, name in enumerate(("cut", "odd", "pair_left", "gap")):
        part = "Validation_Set" if name == "gap" else "Train_Set"
        labels = [(frame // 11 + 3 * number) % 8 for frame in range(90)]
        write_labels(tree / FILES["annotations"] / part / f"{name}.txt", TEXT_HEADER, labels)
    options = {"backbone_weights": "none", "freeze": "none", "batch_size": 2, "size": 32}
    return trained(shop, "train", tree, backbone="regnet_y_400mf", **options)


def train_the_encoder(shop: Workshop) -> Result:
    options = {"backbone_weights": shop.small, "freeze": "block4", "augment": "none"}
    options |= {"backbone": "regnet_y_400mf", "batch_size": 2, "windows": "sliding"}
    return trained(shop, "train", shop.root / "tree", **options)


def train_on_stills(shop: Workshop) -> Result:
    stills = shop.root / "stills"
    lines = ["image,split"]
    for name, word in (("gap", "happiness"), ("odd", "sadness"), ("pair_right", "neutral")):
        for number, file in enumerate(
            sorted((shop.root / "tree/" / FILES["crops"] / name).iterdir())
        ):
            if number % 3 == 0:
                part = ("train", "train", "validation")[number // 3 % 3]
                (stills / word).mkdir(parents=True, exist_ok=True)
                shutil.copy(file, stills / word / file.name)
                lines.append(f"stills/{word}/{file.name},{part}")
    (shop.root / "split.csv").write_text("\n".join(lines) + "\n")
    options = {"split": shop.root / "split.csv", "batch_size": 8, "size": 32}
    return trained(shop, "train on stills", stills, **options)


def stitch(shop: Workshop) -> Result:
    out = shop.root / "stitched"
    options = {"split": shop.root / "split.csv", "videos": 2, "validation_videos": 1, "seconds": 3}
    code, _ = shop.run("stitch", shop.root / "stills", output_file=out, seed=5, **options)
    labels = sorted((out / FILES["annotations"]).rglob("*.txt"))
    return {
        "exit code": code,
        "texts": {path.name: text(path) for path in labels},
        "crops": crops_in(out / FILES["crops"]),
    }


def measure_crops(shop: Workshop) -> Result:
    output = shop.root / "measured.json"
    options = {"output_file": output, "detector": "mtcnn", "device": "cpu", "sample": 40, "seed": 2}
    code, _ = shop.run("measure", shop.root / "tree", **options)
    found = json.loads(output.read_text())
    points = found[MEASURED["landmarks"]]
    points = list(points.values()) if isinstance(points, dict) else points
    return {
        "exit code": code,
        "size": found[MEASURED["size"]],
        "landmarks": [numbers(point, 2) for point in points],
    }


def evaluate_a_model(shop: Workshop) -> Result:
    output = shop.root / "stills.json"
    code, _ = shop.run(
        "evaluate a model", images=shop.root / "stills", split=shop.root / "split.csv",
        part="train", model=shop.small, json=output, bootstrap=100, device="cpu",
    )  # fmt: skip
    found = json.loads(output.read_text())
    figures = chosen(found, {name: key for name, key in STILLS.items() if name != "calibration"})
    figures["calibration"] = chosen(found[STILLS["calibration"]], CALIBRATION)
    return {"exit code": code} | figures


CASES: Final[dict[str, Callable[[Workshop], Result]]] = {
    case.__name__.replace("_", " "): case
    for case in (
        *(defaults, small_model, csv_format, two_people, all_people, paper_preset),
        *(
            part_of_a_video,
            missing_none,
            two_models,
            other_choices,
            unreadable_video,
            template,
            crop,
            crop_a_part,
        ),
        *(crop_folders, evaluate, tune, tuned_settings, submission, train, train_the_encoder),
        *(train_on_stills, stitch, measure_crops, evaluate_a_model),
    )
}


def results(folder: Path) -> dict[str, Result]:
    """Run all cases in an empty folder."""
    shop = Workshop(folder)
    return {name: case(shop) for name, case in CASES.items()}


def written(found: dict[str, Result]) -> str:
    """Write results as JSON, lists of numbers on one line."""
    return json.dumps(found, indent=1) + "\n"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        target = Path(sys.argv[1]) if len(sys.argv) > 1 else GOLDEN
        target.write_text(written(results(Path(place) / "golden")))
