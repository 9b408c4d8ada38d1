"""The crops of a planned sequence: stills warped, blended, covered, lit, blurred and compressed."""

import math
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from videxpr.core.structures import Image
from videxpr.datasets.synthetic.options import SynthesisOptions
from videxpr.datasets.synthetic.script import Cover, ImageSpan, Script
from videxpr.video.images import (
    blurred,
    gray,
    jpeg_bytes,
    read_image,
    resized,
    through_jpeg,
    warped,
)

MARGIN: Final = 0.25
"""What a still is extended by beyond its edges, as a share of its side: room for the jitter."""

KEPT_QUALITY: Final = 90
"""Of the files: what a cropper saves, on top of the video's own compression."""

FAINTEST_BLUR: Final = 0.25
"""Pixels of standard deviation below which a blur cannot be seen."""

NOISE_SIDE: Final = 256


def render_sequence(plan: Script, options: SynthesisOptions) -> Iterator[tuple[int, bytes]]:
    """Each frame that has a crop, in order, with the content of its JPEG file.

    Raises:
        SourceError: a still cannot be read.
    """
    side = min(plan.look.resolution, options.size)
    noise = _Noise(plan, side)
    sources = _Sources(plan.spans, side, options.color)
    for frame in np.flatnonzero(~plan.missing).tolist():
        shift_x, shift_y, scale, turn, gain, blur = plan.walks[frame].tolist()
        matrix = _matrix(side, (shift_x, shift_y), scale, turn)
        picture = warped(sources.at(frame), matrix, side, side)
        for cover in plan.covers:
            if cover.first <= frame < cover.end:
                picture = _covered(picture, cover, frame)
        if blur * side > FAINTEST_BLUR:
            picture = blurred(picture, blur * side)
        tones = _tones(plan.look.gain * math.exp(gain), plan.look.contrast)
        picture = through_jpeg(noise.on(tones[picture]), plan.look.quality)
        yield frame, jpeg_bytes(resized(picture, options.size, options.size), KEPT_QUALITY)


class _Sources:
    """The still, or the mixture of two, that a frame shows; frames are asked for in rising order."""

    def __init__(self, spans: Sequence[ImageSpan], side: int, color: bool) -> None:
        self._image_spans = spans
        self._side = side
        self._color = color
        self._read: dict[int, Image] = {}

    def at(self, frame: int) -> Image:
        """Pixels of the still, larger than the crop by the margin on each side."""
        number = next(n for n, one in enumerate(self._image_spans) if frame < one.end)
        here = weight_of(self._image_spans[number], frame)
        if here < 1:
            return _blend(self._picture(number - 1), self._picture(number), here)
        if number + 1 < len(self._image_spans):
            coming = weight_of(self._image_spans[number + 1], frame)
            if coming > 0:
                return _blend(self._picture(number), self._picture(number + 1), coming)
        return self._picture(number)

    def _picture(self, number: int) -> Image:
        if number not in self._read:
            self._read = {n: one for n, one in self._read.items() if n >= number - 1}
            showing = self._image_spans[number]
            self._read[number] = _still(showing, self._side, self._color)
        return self._read[number]


def weight_of(showing: ImageSpan, frame: int) -> float:
    """How much of a still a frame shows against the one before it: 0 to 1, half or more from the
    change on."""
    place = (frame + 1 - showing.first + showing.fade // 2) / (showing.fade + 1)
    return min(max(place, 0.0), 1.0)


def _still(showing: ImageSpan, side: int, color: bool) -> Image:
    picture = read_image(showing.still.path)
    picture = resized(picture if color else gray(picture), side, side)
    if showing.mirrored:
        picture = picture[:, ::-1]
    margin = math.ceil(MARGIN * side)
    edges = [(margin, margin), (margin, margin), (0, 0)][: picture.ndim]
    return np.pad(picture, edges, mode="edge")


def _blend(before: Image, after: Image, share: float) -> Image:
    mixed = before * np.float32(1 - share) + after * np.float32(share)
    return (mixed + 0.5).astype(np.uint8)


def _matrix(
    side: int, shift: tuple[float, float], scale: float, turn: float
) -> NDArray[np.float64]:
    """(2, 3) from a point of the crop to a point of the still with its margin."""
    middle = side / 2
    zoom = math.exp(-scale)
    cosine, sine = zoom * math.cos(turn), zoom * math.sin(turn)
    margin = math.ceil(MARGIN * side)
    to_x = middle + margin - shift[0] * side - (cosine * middle + sine * middle)
    to_y = middle + margin - shift[1] * side - (-sine * middle + cosine * middle)
    return np.array([[cosine, sine, to_x], [-sine, cosine, to_y]])


def _covered(picture: Image, cover: Cover, frame: int) -> Image:
    """The picture behind a block of one color."""
    side = len(picture)
    spans = []
    for middle, drift, extent in zip(cover.center, cover.drift, cover.extent, strict=True):
        now = middle + drift * (frame - cover.first)
        first, end = (round((now + half) * side) for half in (-extent / 2, extent / 2))
        spans.append(slice(max(first, 0), max(end, 0)))
    red, green, blue = cover.color
    luma = round(0.299 * red + 0.587 * green + 0.114 * blue)
    result = picture.copy()
    result[spans[1], spans[0]] = cover.color if picture.ndim == 3 else luma
    return result


def _tones(gain: float, contrast: float) -> NDArray[np.uint8]:
    """(256,) what each level becomes."""
    levels = ((np.arange(256) - 127.5) * contrast + 127.5) * gain
    return levels.round().clip(0, 255).astype(np.uint8)


class _Noise:
    """Noise of a sensor: pieces of one large sheet of it, another one for each frame."""

    def __init__(self, plan: Script, side: int) -> None:
        self._generator = np.random.default_rng(plan.noise_seed)
        self._side = side
        sheet = self._generator.standard_normal((NOISE_SIDE + side,) * 2, dtype=np.float32)
        self._sheet = np.rint(plan.look.noise * sheet).astype(np.int16)

    def on(self, picture: Image) -> Image:
        """The picture with noise on it, the same in all channels."""
        x, y = self._generator.integers(0, NOISE_SIDE, 2).tolist()
        piece = self._sheet[y : y + self._side, x : x + self._side]
        noisy = picture + (piece if picture.ndim == 2 else piece[:, :, None])
        result: Image = np.clip(noisy, 0, 255).astype(np.uint8)
        return result
