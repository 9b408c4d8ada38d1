"""Makes up videos of which people, cuts and times are known, out of real clips, for measuring.

    python examples/made_up_videos.py -o made                # every kind, in some minutes
    python examples/made_up_videos.py -o made --only fading gray
    python examples/score_cuts.py made                       # precision and recall of cuts

`truth.json` beside the videos holds an object a video: `name` of the file, `kind`, `recipe`, `half`
(videos of the halves `fix` and `test` share no person), `frames`, `fps`, `cuts` and `visible`. A cut is
a pair [first, last] of frames, in one of which a new shot begins: the same frame twice unless the
change is gradual. `visible` has an object a frame: people whose face is plainly there, by name, each
with about where it is: x and y of the center and the height, in pixels.
"""

import argparse
import io
import json
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from fractions import Fraction
from functools import lru_cache, partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from videxpr.core.structures import Image
from videxpr.video.reader import Video

CLIPS = Path(__file__).parents[2] / "shared" / "data" / "clips"
WIDTH, HEIGHT, FPS = 480, 360, 25
KEPT_FRAMES = 120
"""Of a clip; the others are not used."""


# ---- what there is


@dataclass(frozen=True)
class Person:
    """Somebody in some clips: the face's center (x, y) and height as parts of the clip's picture."""

    name: str
    face: tuple[float, float, float]
    clips: tuple[str, ...]


def _one(clip: str, *face: float) -> Person:
    return Person(Path(clip).stem, face, (clip,))  # type: ignore[arg-type]


_CREMAD = tuple(f"label-{one}-cremad-1001.flv" for one in ("neutral", "anger", "happiness"))

PEOPLE = {
    "fix": (
        _one("child-talking.mp4", 0.51, 0.56, 0.61),
        _one("single-face.mp4", 0.46, 0.51, 0.61),
        Person("cremad-1001", (0.45, 0.37, 0.41), _CREMAD),
        _one("label-happiness-mead-w036-1080p.mp4", 0.51, 0.52, 0.54),
        _one("man-expressions-20s.mp4", 0.70, 0.51, 0.84),
        _one("man-laugh-anger.mp4", 0.51, 0.56, 0.69),
        _one("man-portrait-phone.mp4", 0.52, 0.46, 0.40),
        _one("woman-15s.mp4", 0.49, 0.44, 0.42),
        _one("man-singing.mp4", 0.48, 0.43, 0.52),
        _one("label-disgust-mead-m003-1080p.mp4", 0.49, 0.59, 0.55),
        _one("woman-zoom-out.mp4", 0.42, 0.30, 0.22),
        _one("signer-start33.mkv", 0.50, 0.23, 0.19),
    ),
    "test": (
        _one("dropped-frames-vfr-start507.mp4", 0.55, 0.33, 0.38),
        _one("label-anger-mead-m030-1080p.mp4", 0.49, 0.60, 0.56),
        _one("woman-surprise.mp4", 0.49, 0.52, 0.67),
        _one("man-grin.mp4", 0.50, 0.55, 0.61),
        _one("label-surprise-mead-w023-1080p.mp4", 0.53, 0.50, 0.49),
        _one("man-happy-wmv2.wmv", 0.48, 0.52, 0.58),
        _one("man-sar-15-16.mp4", 0.50, 0.52, 0.64),
        _one("woman-face-fills-frame.mp4", 0.53, 0.59, 0.75),
        _one("man-smirk-vp9.webm", 0.51, 0.53, 0.65),
        _one("woman-side-light-720p.mp4", 0.52, 0.48, 0.41),
        _one("one-missing-frame.mp4", 0.55, 0.46, 0.59),
        _one("vfr-24.mp4", 0.57, 0.22, 0.44),
        _one("dancer-small-face.mp4", 0.51, 0.10, 0.10),
    ),
}
"""Nobody is in both halves, and of several clips of a person the others are left out."""

BACKGROUNDS = {"fix": "people-from-behind-139s.mp4", "test": "no-person-40s.mp4"}


@lru_cache(maxsize=6)
def _frames(path: Path, count: int = KEPT_FRAMES) -> list[Image]:
    """The first frames of a clip, no more than 480 pixels high unless it is upright."""
    images = []
    with Video(path) as video:
        for frame in video:
            height, width = frame.image.shape[:2]
            scale = min(1.0, 480 / min(height, width))
            size = (round(width * scale), round(height * scale))
            images.append(cv2.resize(frame.image, size, interpolation=cv2.INTER_AREA))
            if len(images) == count:
                break
    return images


# ---- scenes: pictures, and what is true of them

Faces = dict[str, tuple[int, int, int]]


@dataclass(frozen=True)
class Scene:
    """Pictures of a size, the faces in each, and where shots begin: see `cuts` above."""

    images: list[Image]
    faces: list[Faces]
    cuts: list[tuple[int, int]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, part: slice) -> "Scene":
        """Some of the frames of a scene without cuts."""
        return Scene(self.images[part], self.faces[part])


@dataclass(frozen=True)
class Stage:
    """Whom and what a recipe may use, and its own random numbers."""

    clips: Path
    people: tuple[Person, ...]
    background: str
    random: np.random.Generator

    def shot(
        self,
        person: int,
        frames: int = 40,
        share: float | None = None,
        at: tuple[float, float] | None = None,
        size: tuple[int, int] = (WIDTH, HEIGHT),
        step: int = 1,
        plain: bool = False,
    ) -> Scene:
        """A person of the half, by number: any part of a clip, in any place, size and light.

        Args:
            person: number, from 0, round and round.
            frames: how many.
            share: of the picture's height that the face takes at least.
            at: where the face is to be, as parts of the picture.
            size: width and height of the picture.
            step: from each frame of the clip to the next one taken; at its end it runs backwards.
            plain: in the clip's own light.
        """
        who, random = self.people[person % len(self.people)], self.random
        clip = _frames(self.clips / who.clips[random.integers(len(who.clips))])
        share = share or random.uniform(0.35, 0.6)
        at = at or (random.uniform(0.35, 0.65), random.uniform(0.4, 0.55))
        window, face = _window(clip[0].shape[1::-1], who.face, share, at, size)
        there_and_back = [*range(len(clip)), *range(len(clip) - 2, 0, -1)] or [0]
        first = int(random.integers(len(there_and_back)))
        light = 1.0 if plain else random.uniform(0.7, 1.25)
        tint = np.ones(3) if plain else random.uniform(0.85, 1.15, 3)
        images = [
            lit(_cropped(clip[there_and_back[n % len(there_and_back)]], window, size), light * tint)
            for n in range(first, first + step * frames, step)
        ]
        return Scene(images, [{who.name: face}] * frames)

    def still(self, frames: int) -> Scene:
        """The background, without anybody."""
        first = _frames(self.clips / self.background, 1)[0]
        window, _ = _window(first.shape[1::-1], (0.5, 0.5, 0.5), 0.5, (0.5, 0.5), (WIDTH, HEIGHT))
        return Scene([_cropped(first, window, (WIDTH, HEIGHT))] * frames, [{}] * frames)


def _window(
    clip: Sequence[int],
    face: tuple[float, float, float],
    share: float,
    at: tuple[float, float],
    size: tuple[int, int],
) -> tuple[tuple[int, int, int, int], tuple[int, int, int]]:
    """The part (x0, y0, x1, y1) of a clip's picture to show, and the face (x, y, height) in it."""
    scale = max(share * size[1] / (face[2] * clip[1]), size[0] / clip[0], size[1] / clip[1])
    corner = [
        min(max(face[n] * clip[n] - at[n] * size[n] / scale, 0), clip[n] - size[n] / scale)
        for n in (0, 1)
    ]
    place = [(face[n] * clip[n] - corner[n]) * scale for n in (0, 1)]
    x, y = round(corner[0]), round(corner[1])
    window = (x, y, x + round(size[0] / scale), y + round(size[1] / scale))
    return window, (round(place[0]), round(place[1]), round(face[2] * clip[1] * scale))


def _cropped(image: Image, window: tuple[int, int, int, int], size: tuple[int, int]) -> Image:
    x0, y0, x1, y1 = window
    return cv2.resize(image[y0:y1, x0:x1], size, interpolation=cv2.INTER_AREA)


def lit(image: Image, gain: Any, lift: float = 0.0) -> Image:
    """Brighter or darker by a factor, one for all or one a color, and by levels."""
    levels = np.arange(256)[:, None] * np.broadcast_to(gain, 3) + lift
    return cv2.LUT(image, np.clip(levels, 0, 255).astype(np.uint8)[None])


def join(*scenes: Scene) -> Scene:
    """One after the other, with a cut where each begins."""
    joined = Scene([], [])
    for scene in scenes:
        start = len(joined)
        cuts = [(start, start)] * (start > 0)
        cuts += [(first + start, last + start) for first, last in scene.cuts]
        joined = Scene(joined.images + scene.images, joined.faces + scene.faces, joined.cuts + cuts)
    return joined


def dissolve(one: Scene, other: Scene, frames: int) -> Scene:
    """The end of one turns into the beginning of the other within so many frames."""
    start, shares = len(one) - frames, (np.arange(frames) + 1) / (frames + 1)
    images = [
        cv2.addWeighted(a, 1 - share, b, share, 0)
        for a, b, share in zip(one.images[start:], other.images, shares, strict=False)
    ]
    plain = [one.faces[-1] if s < 0.3 else other.faces[0] if s > 0.7 else {} for s in shares]
    return Scene(
        one.images[:start] + images + other.images[frames:],
        one.faces[:start] + plain + other.faces[frames:],
        [*one.cuts, (start, start + frames), *((a + start, b + start) for a, b in other.cuts)],
    )


def fade(scene: Scene, gains: np.ndarray, color: int = 0) -> Scene:
    """Towards black or another gray: 1 leaves a picture, 0 is the gray alone."""
    images = [lit(image, g, color * (1 - g)) for image, g in zip(scene.images, gains, strict=True)]
    faces = [one if g >= 0.5 else {} for one, g in zip(scene.faces, gains, strict=True)]
    return replace(scene, images=images, faces=faces)


def through(one: Scene, other: Scene, frames: int, hold: int, color: int = 0) -> Scene:
    """One fades to a gray, which holds, and the other comes out of it: a single gradual cut."""
    ramp = np.linspace(1, 0, frames + 1)[1:]
    gains = np.concatenate([np.ones(len(one) - frames), ramp])
    blank = Scene([np.full_like(one.images[0], color)] * hold, [{}] * hold)
    back = np.concatenate([ramp[::-1], np.ones(len(other) - frames)])
    joined = join(fade(one, gains, color), blank, fade(other, back, color))
    return replace(joined, cuts=[(len(one) - frames, len(one) + hold + frames)])


def flash(scene: Scene, gains: Sequence[Any], lifts: Sequence[float]) -> Scene:
    """The light of each frame; a picture with hardly anything left in it shows no face."""
    light = list(zip(scene.images, gains, lifts, strict=True))
    seen = [float(np.mean(g)) >= 0.2 and abs(lift) < 130 for _, g, lift in light]
    return replace(
        scene,
        images=[lit(*one) for one in light],
        faces=[one if there else {} for one, there in zip(scene.faces, seen, strict=True)],
    )


def beside(left: Scene, right: Scene) -> Scene:
    """Two scenes of half the width in one picture."""
    images = [np.hstack(pair) for pair in zip(left.images, right.images, strict=True)]
    shift = left.images[0].shape[1]
    moved = [{who: (x + shift, y, h) for who, (x, y, h) in one.items()} for one in right.faces]
    return Scene(images, [a | b for a, b in zip(left.faces, moved, strict=True)])


def hide(scene: Scene, frames: range) -> Scene:
    """A gray box before the face."""
    images, faces = list(scene.images), list(scene.faces)
    for n in frames:
        ((x, y, height),) = faces[n].values()
        corner = (round(x - 0.55 * height), round(y - 0.7 * height))
        other = (round(x + 0.55 * height), round(y + 0.7 * height))
        images[n] = cv2.rectangle(images[n].copy(), corner, other, (128, 128, 128), -1)
        faces[n] = {}
    return replace(scene, images=images, faces=faces)


def put(scene: Scene, panel: Scene, first: int, x: int, slide: int = 8) -> Scene:
    """A panel slides in from the nearer side to `x`, stands there, and slides out again."""
    images, faces = list(scene.images), list(scene.faces)
    height, width = panel.images[0].shape[:2]
    away = -width if x + width / 2 < WIDTH / 2 else WIDTH
    for n, (image, seen) in enumerate(zip(panel.images, panel.faces, strict=True)):
        part = min(1.0, (n + 1) / slide, (len(panel) - n) / slide)
        left = round(away + (x - away) * part)
        wide = np.zeros((HEIGHT, WIDTH + 2 * width, 3), np.uint8)
        wide[:, width:-width] = images[first + n]
        wide[HEIGHT - height :, left + width : left + 2 * width] = image
        images[first + n] = wide[:, width:-width]
        if part == 1.0:
            moved = {w: (a + x, b + HEIGHT - height, h) for w, (a, b, h) in seen.items()}
            faces[first + n] = faces[first + n] | moved
    return replace(scene, images=images, faces=faces)


def gray(scene: Scene) -> Scene:
    """Black and white."""
    images = [cv2.cvtColor(cv2.cvtColor(one, 7), 8) for one in scene.images]  # RGB to gray to RGB
    return replace(scene, images=images)


def camera(scene: Scene, moves: np.ndarray) -> Scene:
    """A camera that moves by (x, y) pixels and zooms by a factor, (N, 3), in each frame."""
    images, faces = [], []
    for image, seen, (x, y, zoom) in zip(scene.images, scene.faces, moves, strict=True):
        view = cv2.getRotationMatrix2D((WIDTH / 2, HEIGHT / 2), 0, zoom)
        view[:, 2] += (x, y)
        images.append(cv2.warpAffine(image, view, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT))
        place = {w: (*(view @ (a, b, 1)), h * zoom) for w, (a, b, h) in seen.items()}
        faces.append({w: (round(a), round(b), round(h)) for w, (a, b, h) in place.items()})
    return replace(scene, images=images, faces=faces)


# ---- recipes

HALF_WIDTH = (WIDTH // 2, HEIGHT)
Recipe = Callable[[Stage, int], "Scene | Timed"]


@dataclass(frozen=True)
class Timed:
    """A scene at a rate of its own, or whose clock goes elsewhere: (frame, second) each time."""

    scene: Scene
    fps: Fraction = Fraction(FPS)
    clock: tuple[tuple[int, float], ...] = ()


def cut_back(stage: Stage, n: int) -> Scene:
    return join(stage.shot(n), stage.shot(n + 1 + n // 4), stage.shot(n))


def other_parts(stage: Stage, n: int) -> Scene:
    shares = [0.3, 0.62, 0.42]
    return join(*(stage.shot(n, 35, shares[(n + one) % 3]) for one in range(3)))


def dissolved(stage: Stage, n: int) -> Scene:
    return dissolve(stage.shot(n, 50), stage.shot(n + 2, 50), 12 + 6 * (n % 3))


def hidden(stage: Stage, n: int) -> Scene:
    gone = round(FPS * (1, 3, 6.5, 9)[n % 4])
    return hide(stage.shot(n, gone + 60, share=0.4, plain=True), range(30, 30 + gone))


def elsewhere(stage: Stage, n: int) -> Scene:
    one, other = (stage.shot(n, 50, 0.5, (0.5, 0.5), (180, 240), plain=True) for _ in range(2))
    return put(put(stage.still(145), one, 5, 30), other, 92, 270)


def replaced(stage: Stage, n: int) -> Scene:
    one, other = (stage.shot(n + m, 50, 0.5, (0.5, 0.5), (180, 240)) for m in (0, 3))
    return put(put(stage.still(145), one, 5, 150), other, 92, 150)


def side_by_side(stage: Stage, n: int) -> Scene:
    one, other = (stage.shot(n + m, 110, 0.4, (0.5, 0.5), HALF_WIDTH) for m in (0, 1))
    return beside(one, hide(other, range(35, 60 + 15 * (n % 3))))


def two_a_second(stage: Stage, n: int) -> Timed:
    return Timed(join(stage.shot(n, 16, step=12), stage.shot(n + 3, 10, step=12)), Fraction(2))


def now_and_then(stage: Stage, n: int) -> Timed:
    return Timed(stage.shot(n, 24, step=9), Fraction(1, 3))


def clock_goes(stage: Stage, n: int) -> Timed:
    return Timed(stage.shot(n, 100, plain=True), clock=((50, (42.0, 0.5)[n % 2]),))


IDENTITY = (
    *(cut_back, other_parts, hidden, dissolved, side_by_side, elsewhere, replaced),
    *(cut_back, other_parts, hidden, dissolved, side_by_side, elsewhere, replaced),
    *(cut_back, other_parts, hidden, dissolved, side_by_side, elsewhere, replaced),
    *(cut_back, other_parts, hidden, two_a_second, now_and_then, clock_goes),
    *(two_a_second, now_and_then, clock_goes),
)


def several(stage: Stage, n: int) -> Scene:
    """Five shots of half a second and more; some come nearer to the same person."""
    lengths = stage.random.integers(13, 45, 5)
    shots = [stage.shot(n + one, int(length)) for one, length in enumerate(lengths)]
    wide = stage.shot(n + 5, 20, 0.3)
    ((_, _, height),) = wide.faces[0].values()
    near = [stage.shot(n + 5, 20, 1.8 * height / HEIGHT)] * (height < HEIGHT / 2)
    return join(*shots, wide, *near)


def concert(stage: Stage, n: int) -> Scene:
    """Real cuts between dark pictures; the hand that waves before them at frame 60 is none."""
    images = [
        cv2.resize(one, (WIDTH, 270))
        for one in _frames(stage.clips / "stage-many-people-cuts.mp4", 275)
    ]
    return Scene(images, [{}] * len(images), [(20, 20), (82, 82), (211, 211)])


def in_gray(recipe: Callable[[Stage, int], Scene], stage: Stage, n: int) -> Scene:
    return gray(recipe(stage, n))


def _cuts_if(stage: Stage, n: int) -> Scene:
    """One shot, or three."""
    return join(*(stage.shot(n + one, 40) for one in range(3))) if n % 2 else stage.shot(n, 90)


def strobe(stage: Stage, n: int) -> Scene:
    scene, half = _cuts_if(stage, n), 1 + n % 5
    on = np.arange(len(scene)) // half % 2
    return flash(scene, 1 - 0.3 * (n % 3) * on, on * (127, 60, 0)[n % 3])


def camera_flashes(stage: Stage, n: int) -> Scene:
    scene = _cuts_if(stage, n)
    lifts = np.zeros(len(scene))
    for start in stage.random.choice(np.arange(5, len(scene) - 5, 9), 5, replace=False):
        if all(abs(start - first) > 3 for first, _ in scene.cuts):
            lifts[start : start + 1 + n % 3] = stage.random.uniform(70, 255)
    return flash(scene, np.ones(len(scene)), lifts)


def light_switched(stage: Stage, n: int) -> Scene:
    scene = _cuts_if(stage, n)
    dark = np.sin(np.arange(len(scene)) / (4 + 2 * n)) > 0.3
    return flash(scene, np.where(dark, 0.2 + 0.1 * (n % 3), 1.0), np.zeros(len(scene)))


def colored_light(stage: Stage, n: int) -> Scene:
    scene = _cuts_if(stage, n)
    lamps = stage.random.uniform(0.3, 1.3, (len(scene) // (2 + n % 4) + 1, 3))
    return flash(scene, np.repeat(lamps, 2 + n % 4, axis=0)[: len(scene)], np.zeros(len(scene)))


def black_frames(stage: Stage, n: int) -> Scene:
    scene = _cuts_if(stage, n)
    gone = np.arange(len(scene)) % 17 == 9
    return flash(scene, np.where(gone, 0.0, 1.0), np.where(gone, 4 + 12 * (n % 2), 0.0))


def dissolves(stage: Stage, n: int) -> Scene:
    frames = (6, 10, 16, 25, 40)[n % 5]
    first = dissolve(stage.shot(n, 35 + frames), stage.shot(n + 1, 40 + frames), frames)
    return join(first, stage.shot(n + 2, 30))


def through_black(stage: Stage, n: int) -> Scene:
    frames, hold = (3, 6, 12, 20, 30)[n % 5], (0, 2, 5, 12)[n % 4]
    return through(stage.shot(n, 35 + frames), stage.shot(n + 1, 35 + frames), frames, hold)


def through_white(stage: Stage, n: int) -> Scene:
    frames = (5, 10, 20)[n % 3]
    one, other = (stage.shot(n + m, 35 + frames) for m in (0, 3))
    return through(one, other, frames, n % 4, color=255)


def in_and_out(stage: Stage, n: int) -> Scene:
    frames, scene = (8, 15, 30)[n % 3], stage.shot(n, 100)
    ramp = np.linspace(0, 1, frames)
    gains = np.concatenate([ramp, np.ones(100 - 2 * frames), ramp[::-1]])
    return fade(scene, gains, (0, 255)[n % 2])


def slow_light(stage: Stage, n: int) -> Scene:
    scene = stage.shot(n, 100)
    return fade(scene, 0.65 + 0.35 * np.cos(np.arange(100) / (4 + 3 * (n % 4))))


def panned(stage: Stage, n: int) -> Scene:
    path = np.cumsum(np.where(np.arange(75) // 20 % 2, -1, 1) * (8 + 8 * (n % 3)))
    return camera(stage.shot(n, 75), np.stack([path, path * 0, path * 0 + 1.2], 1))


def zoomed(stage: Stage, n: int) -> Scene:
    zoom = 1.6 + 0.6 * np.sin(np.arange(75) / (3 + 3 * (n % 4)))
    return camera(stage.shot(n, 75), np.stack([zoom * 0, zoom * 0, zoom], 1))


def shaken(stage: Stage, n: int) -> Scene:
    moves = stage.random.normal(0, 5 + 4 * (n % 3), (75, 3))
    return camera(stage.shot(n, 75), np.where([True, True, False], moves, 1.15))


def waved_at(stage: Stage, n: int) -> Scene:
    """A hand before the lens, half of the picture large."""
    scene, skin = stage.shot(n, 80), tuple(stage.random.uniform(40, 200, 3))
    x = WIDTH * (0.5 + np.sin(np.arange(80) / (4 + 3 * (n % 3)))) + WIDTH / 3
    images = [
        cv2.ellipse(one.copy(), (round(at), 220), (110, 190), 15, 0, 360, skin, -1)
        for one, at in zip(scene.images, x.tolist(), strict=True)
    ]
    return replace(scene, images=images, faces=[{}] * 80)


def at_low_rate(stage: Stage, n: int) -> Timed:
    scene = join(*(stage.shot(n + one, 9, step=12) for one in range(1 + 2 * (n % 2))))
    return Timed(scene, (Fraction(2), Fraction(1), Fraction(1, 3), Fraction(5))[n % 4])


def near_ends(stage: Stage, n: int) -> Scene:
    few = 2 + n % 4
    return join(stage.shot(n, few), stage.shot(n + 1, 45), stage.shot(n + 2, few))


COLOR = (several, several, several, several, concert)
RECIPES: dict[str, Sequence[Recipe]] = {
    "identity": IDENTITY,
    "color": COLOR,
    "gray": [partial(in_gray, recipe) for recipe in COLOR],
    "flashing": [strobe] * 6
    + [camera_flashes] * 5
    + [light_switched] * 4
    + [colored_light] * 4
    + [black_frames] * 2,
    "fading": [dissolves] * 5
    + [through_black] * 5
    + [through_white] * 3
    + [in_and_out] * 3
    + [slow_light] * 2,
    "moving": [panned] * 3 + [zoomed] * 4 + [shaken] * 3 + [waved_at] * 3,
    "low-rate": [at_low_rate] * 8,
    "ends": [near_ends] * 4,
}


# ---- files


@dataclass(frozen=True)
class Truth:
    """A line of truth.json: see above."""

    name: str
    kind: str
    recipe: str
    half: str
    frames: int
    fps: float
    cuts: list[tuple[int, int]]
    visible: list[Faces]


@dataclass(frozen=True)
class Order:
    """One video to be made."""

    half: str
    kind: str
    number: int

    @property
    def name(self) -> str:
        return f"{self.kind}-{self.half}-{self.number:02}"


def make(order: Order, clips: Path, output: Path) -> Truth:
    """Makes one video, the same each time."""
    # gray videos are the colored ones without their colors
    seed = zlib.crc32(order.name.replace("gray", "color").encode())
    people, background = PEOPLE[order.half], BACKGROUNDS[order.half]
    stage = Stage(clips, people, background, np.random.default_rng(seed))
    recipe = RECIPES[order.kind][order.number]
    made = recipe(stage, order.number)
    timed = made if isinstance(made, Timed) else Timed(made)
    name = f"{order.name}.{'ts' if timed.clock else 'mp4'}"
    (output / name).write_bytes(b"".join(_encoded(timed)))
    called = recipe.args[0] if isinstance(recipe, partial) else recipe
    scene = timed.scene
    return Truth(
        *(name, order.kind, called.__name__, order.half, len(scene), float(timed.fps)),
        *(scene.cuts, scene.faces),
    )


def _encoded(timed: Timed) -> Iterator[bytes]:
    """H.264; streams of other clocks one behind the other, as receivers of broadcasts leave them."""
    parts = [(0, 0.0), *timed.clock, (len(timed.scene), 0.0)]
    for (first, second), (last, _) in pairwise(parts):
        file = io.BytesIO()
        with av.open(file, "w", format="mpegts" if timed.clock else "mp4") as container:
            options = {"crf": "20", "preset": "veryfast", "threads": "1", "bf": "0"}
            stream = container.add_stream("libx264", rate=timed.fps, options=options)
            images = timed.scene.images[first:last]
            stream.height, stream.width = images[0].shape[:2]
            stream.pix_fmt = "yuv420p"
            for number, image in enumerate(images):
                frame = av.VideoFrame.from_ndarray(image, format="rgb24")
                frame.pts, frame.time_base = number + round(second * timed.fps), 1 / timed.fps
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        yield file.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser(description="Make up videos of which the truth is known.")
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--clips", type=Path, default=CLIPS, help="a folder of real clips")
    parser.add_argument("--only", nargs="+", choices=RECIPES, default=list(RECIPES))
    parser.add_argument("--jobs", type=int, default=2, help="videos made at the same time")
    arguments = parser.parse_args()
    if not arguments.clips.is_dir():
        raise SystemExit(f"there is no folder {arguments.clips} of clips; name one with --clips")
    arguments.output.mkdir(parents=True, exist_ok=True)
    orders = [
        Order(half, kind, number)
        for half in PEOPLE
        for kind in arguments.only
        for number in range(len(RECIPES[kind]))
    ]
    one = partial(make, clips=arguments.clips, output=arguments.output)
    with ProcessPoolExecutor(arguments.jobs) as pool:
        truths = [asdict(truth) for truth in pool.map(one, orders)]
    (arguments.output / "truth.json").write_text(json.dumps(truths))
    print(f"{len(truths)} videos, {sum(one['frames'] for one in truths)} frames")


if __name__ == "__main__":
    main()
