"""Shot cuts, whatever the light does: in black and white, under flashes, through fades and dissolves.

Pictures are compared as thumbnails whose levels are replaced by their ranks, color by color: exposure,
lamps and fades change levels and leave their order. A cut is a frame from which on

- all pictures differ from all of the last ones before it (`AT_ONCE`), by far more than either differ
  among themselves, in nearly all parts of the picture; or
- the picture differs from an earlier one, and those between are mixtures of the two: a dissolve. The
  cut stands where the new picture is more than half there.

So a flash, which ends within `NEIGHBORS` frames, a camera or hand that moves, and something large that
comes before the lens begin no shot. Nor does a flat picture: what is before black is compared with what
comes out of it.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, TypeVar

import numpy as np

from videxpr.core.structures import Floats, Frame, Image

NEIGHBORS: Final = 5
"""Frames to either side of a cut that are compared; so many frames are held in memory."""

AT_ONCE: Final = 0.42
"""Distance over a cut, one less the correlation of ranks: lamps and flashes measure up to 0.41, cuts
to another person or place 0.43 to 1.3."""

STANDS_OUT: Final = 3.0
"""How much larger that is than the median distance between frames that follow each other."""

TILES: Final = 4
"""Parts of the picture in a row and in a column."""

SAME_TILE: Final = 0.85
"""Least correlation of a part that shows the same as before."""

SAME_PICTURE: Final = 0.35
"""Share of such parts over which there is no cut: over cuts it is up to 0.2, and 0.5 and more where a
box covers half of the picture."""

LAGS: Final = (6, 8, 12, 16, 24, 32)
"""Frames from one picture to another between which a dissolve is looked for."""

DISSOLVED: Final = 0.45
"""Least distance between them."""

IMPURE: Final = 0.08
"""How far those between may be from a mixture: squared, as a part of what either end has of its own.
Zooms and hands begin at 0.1."""

JUMP: Final = 0.5
"""Share of that distance that no one step makes: else a part of the picture jumped."""

SETTLED: Final = 12
"""Frames after a cut in which no dissolve begins: the rest of one belongs to the new shot."""

SHORTEST_SHOT_FRAMES: Final = 2
FLAT: Final = 3.0
"""Standard deviation of levels below which a picture is flat: black, white, or nearly so."""

FAINT: Final = 8.0
"""Below this a picture is too faint to tell a mixture."""

HEIGHT, WIDTH, SAMPLES = 24, 32, 3
"""Size of a thumbnail, each of whose pixels is the mean of `SAMPLES` by `SAMPLES` of the picture."""

Item = TypeVar("Item")


@dataclass(frozen=True)
class ShotFrame:
    """A frame and the 0-based number of its shot."""

    frame: Frame
    shot: int


@dataclass(frozen=True)
class _Thumbnail:
    """A small picture.

    Attributes:
        levels: (3, HEIGHT * WIDTH), 0 to 255.
        ranks: (3 * HEIGHT * WIDTH,), of the levels within each color, as a vector of length 1.
        contrast: the largest standard deviation of a color's levels.
    """

    levels: Floats
    ranks: Floats
    contrast: float


def with_shots(frames: Iterable[Frame]) -> Iterator[ShotFrame]:
    """Yield frames with their shots, `NEIGHBORS` - 1 frames later than they come in."""
    detector, shot = _Detector(), 0
    shown = ((frame, _thumbnail(frame.image)) for frame in frames)
    for ahead in _with_following(shown, NEIGHBORS):
        shot += detector.begins_shot([thumbnail for _, thumbnail in ahead])
        yield ShotFrame(ahead[0][0], shot)


def _with_following(items: Iterable[Item], count: int) -> Iterator[list[Item]]:
    """Yield each item with those that follow it, `count` in all or as many as there are."""
    ahead: deque[Item] = deque()
    for item in items:
        ahead.append(item)
        if len(ahead) == count:
            yield list(ahead)
            ahead.popleft()
    while ahead:
        yield list(ahead)
        ahead.popleft()


def _thumbnail(image: Image) -> _Thumbnail:
    height, width = image.shape[:2]
    rows = np.arange(HEIGHT * SAMPLES) * height // (HEIGHT * SAMPLES)
    columns = np.arange(WIDTH * SAMPLES) * width // (WIDTH * SAMPLES)
    sampled = image.take(rows, 0).take(columns, 1).reshape(HEIGHT, SAMPLES, WIDTH, SAMPLES, 3)
    sums = sampled.sum(axis=1, dtype=np.uint16).sum(
        axis=2
    )  # in one step it takes three times as long
    levels: Floats = np.ascontiguousarray(sums.reshape(-1, 3).T, np.float32)
    levels /= SAMPLES**2
    ranks = _ranks(levels)
    length = max(float(np.linalg.norm(ranks)), 1e-6)
    return _Thumbnail(levels, ranks.ravel() / length, float(levels.std(axis=1).max()))


def _ranks(levels: Floats) -> Floats:
    """Return the share of lower levels and half that of equal ones, less a half: the mean is 0."""
    numbers = levels.round().astype(np.intp) + 256 * np.arange(3)[:, None]
    counts = np.bincount(numbers.ravel(), minlength=3 * 256).reshape(3, 256)
    shares = (counts.cumsum(axis=1) - counts / 2) / levels.shape[1] - 0.5
    ranks: Floats = shares.astype(np.float32).ravel()[numbers]
    return ranks


class _Detector:
    """Tells of one frame after the other whether it begins a shot."""

    def __init__(self) -> None:
        self._last: deque[_Thumbnail] = deque(maxlen=NEIGHBORS)  # none of them flat
        self._shot: deque[_Thumbnail] = deque(maxlen=max(LAGS) + SETTLED)

    def begins_shot(self, ahead: Sequence[_Thumbnail]) -> bool:
        """Return whether the first of these begins a shot; the others follow it."""
        now = ahead[0]
        begins = now.contrast >= FLAT and len(self._shot) >= SHORTEST_SHOT_FRAMES
        if begins:
            after = [one for one in ahead if one.contrast >= FLAT]
            begins = _changes_at_once(self._last, after) or _has_dissolved(self._shot, now)
        if begins:
            self._shot.clear()
        self._shot.append(now)
        if now.contrast >= FLAT:
            self._last.append(now)
        return begins


def _changes_at_once(before: Sequence[_Thumbnail], after: Sequence[_Thumbnail]) -> bool:
    """Return whether all those before differ from all those after, more than among themselves."""
    if not before:
        return False
    earlier, later = (np.stack([one.ranks for one in side]) for side in (before, after))
    distance = 1 - (earlier @ later.T).max()
    if distance < AT_ONCE:
        return False
    steps = [1 - np.sum(side[1:] * side[:-1], axis=1) for side in (earlier, later)]
    usual = np.median(np.concatenate(steps)) if len(earlier) + len(later) > 2 else 0.0
    return bool(distance >= STANDS_OUT * usual and _same_share(before, after) < SAME_PICTURE)


def _same_share(before: Sequence[_Thumbnail], after: Sequence[_Thumbnail]) -> float:
    """Return the share of parts that show the same, in the two pictures that are most alike.

    A part counts if it shows something in both of them.
    """
    earlier, later = (np.stack([_tiles(one.levels) for one in side]) for side in (before, after))
    lengths = [np.linalg.norm(side, axis=2) for side in (earlier, later)]
    products = lengths[0][:, None] * lengths[1][None]  # (before, after, tiles)
    alike = np.einsum("itp,jtp->ijt", earlier, later) > SAME_TILE * products
    least = np.sqrt(earlier.shape[2])  # a standard deviation of one level
    told = (lengths[0] > least)[:, None] & (lengths[1] > least)[None]
    shares = (alike & told).sum(axis=2) / np.maximum(told.sum(axis=2), 1)
    return float(shares.max())


def _tiles(levels: Floats) -> Floats:
    """Return levels (TILES * TILES, pixels of a tile in three colors) less their mean in each color."""
    tiles = levels.reshape(3, TILES, HEIGHT // TILES, TILES, WIDTH // TILES)
    tiles = tiles.transpose(1, 3, 0, 2, 4).reshape(TILES * TILES, 3, -1)
    centered: Floats = (tiles - tiles.mean(axis=2, keepdims=True)).reshape(TILES * TILES, -1)
    return centered


def _has_dissolved(shot: Sequence[_Thumbnail], now: _Thumbnail) -> bool:
    """Return whether an earlier picture of the shot has turned into this one, by mixing the two."""
    for lag in LAGS:
        if len(shot) - lag < SETTLED:
            return False
        distance = 1 - float(shot[-lag].ranks @ now.ranks)
        if distance >= DISSOLVED:
            between = [shot[round(lag * part / 4) - lag] for part in (1, 2, 3)]
            way = [*(shot[n] for n in range(-lag, 0)), now]
            if _are_mixtures(between, shot[-lag], now) and _longest_step(way) < JUMP * distance:
                return True
    return False


def _longest_step(way: Sequence[_Thumbnail]) -> float:
    """Return the largest distance between pictures that follow each other."""
    return max(1 - float(one.ranks @ other.ranks) for one, other in pairwise(way))


def _are_mixtures(between: Sequence[_Thumbnail], first: _Thumbnail, last: _Thumbnail) -> bool:
    """Return whether ever less of the first and more of the last picture is in those between."""
    if min(one.contrast for one in (first, *between, last)) < FAINT:
        return False
    way = (first.levels - last.levels).ravel()
    shares: list[float] = []
    strange: list[float] = []
    for one in between:
        offset = (one.levels - last.levels).ravel()
        shares.append(float(offset @ way / (way @ way)))
        rest = offset - shares[-1] * way
        strange.append(float(rest @ rest))
    falling = shares[0] > shares[1] > shares[2]
    mixed = any(0.2 < share < 0.8 for share in shares)
    return falling and mixed and sum(strange) / len(strange) <= IMPURE * _own(first, last)


def _own(one: _Thumbnail, other: _Thumbnail) -> float:
    """Return the squared length of what no change of light makes of the other picture, of either.

    Without this a picture that fades looks like a mixture of it and the faint one.
    """
    a, b = (
        (side.levels - side.levels.mean(axis=1, keepdims=True)).ravel() for side in (one, other)
    )
    common = float(a @ b) ** 2
    return min(float(a @ a) - common / float(b @ b), float(b @ b) - common / float(a @ a))
