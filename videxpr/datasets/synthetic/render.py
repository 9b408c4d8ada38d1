"""The crops of a sequence by its script: images warped, blended, occluded, lit, blurred, compressed."""

import math
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from videxpr.core.structures import Image
from videxpr.datasets.synthetic.options import SynthesisOptions
from videxpr.datasets.synthetic.script import ImageSpan, Occlusion, Script
from videxpr.video.images import (
    gaussian_blur,
    jpeg_bytes,
    read_image,
    resize,
    through_jpeg,
    to_gray,
    warp,
)

MARGIN: Final = 0.25
"""What an image is extended by beyond its edges, as a share of its side: room for the jitter."""

KEPT_QUALITY: Final = 90
"""Of the files: what a cropper saves, on top of the video's own compression."""

FAINTEST_BLUR: Final = 0.25
"""Pixels of standard deviation below which a blur cannot be seen."""

NOISE_SIDE: Final = 256


def render_sequence(script: Script, options: SynthesisOptions) -> Iterator[tuple[int, bytes]]:
    """Yield each frame that has a crop, in order, with the content of its JPEG file.

    Raises:
        SourceError: an image cannot be read.
    """
    side = min(script.appearance.resolution, options.size)
    noise = _Noise(script, side)
    sources = _Sources(script.spans, side, options.color)
    for frame in np.flatnonzero(~script.missing).tolist():
        shift_x, shift_y, scale, rotation, gain, blur = script.walks[frame].tolist()
        matrix = _matrix(side, (shift_x, shift_y), scale, rotation)
        picture = warp(sources.at(frame), matrix, side, side)
        for occlusion in script.occlusions:
            if occlusion.first <= frame < occlusion.end:
                picture = _occluded(picture, occlusion, frame)
        if blur * side > FAINTEST_BLUR:
            picture = gaussian_blur(picture, blur * side)
        tones = _tones(script.appearance.gain * math.exp(gain), script.appearance.contrast)
        picture = through_jpeg(noise.on(tones[picture]), script.appearance.quality)
        yield frame, jpeg_bytes(resize(picture, options.size, options.size), KEPT_QUALITY)


class _Sources:
    """The image, or the mixture of two, that a frame shows; frames are asked for in rising order."""

    def __init__(self, spans: Sequence[ImageSpan], side: int, color: bool) -> None:
        self._spans = spans
        self._side = side
        self._color = color
        self._read: dict[int, Image] = {}

    def at(self, frame: int) -> Image:
        """Return the pixels of the image, larger than the crop by the margin on each side."""
        number = next(n for n, one in enumerate(self._spans) if frame < one.end)
        here = weight_of(self._spans[number], frame)
        if here < 1:
            return _blend(self._picture(number - 1), self._picture(number), here)
        if number + 1 < len(self._spans):
            following = weight_of(self._spans[number + 1], frame)
            if following > 0:
                return _blend(self._picture(number), self._picture(number + 1), following)
        return self._picture(number)

    def _picture(self, number: int) -> Image:
        if number not in self._read:
            self._read = {n: one for n, one in self._read.items() if n >= number - 1}
            self._read[number] = _read(self._spans[number], self._side, self._color)
        return self._read[number]


def weight_of(span: ImageSpan, frame: int) -> float:
    """Return how much of an image a frame shows against the one before it.

    Returns:
        0 to 1; half or more from the change on.
    """
    place = (frame + 1 - span.first + span.fade // 2) / (span.fade + 1)
    return min(max(place, 0.0), 1.0)


def _read(span: ImageSpan, side: int, color: bool) -> Image:
    picture = read_image(span.image.path)
    picture = resize(picture if color else to_gray(picture), side, side)
    if span.mirrored:
        picture = picture[:, ::-1]
    margin = math.ceil(MARGIN * side)
    edges = [(margin, margin), (margin, margin), (0, 0)][: picture.ndim]
    return np.pad(picture, edges, mode="edge")


def _blend(before: Image, after: Image, share: float) -> Image:
    mixed = before * np.float32(1 - share) + after * np.float32(share)
    return (mixed + 0.5).astype(np.uint8)


def _matrix(
    side: int, shift: tuple[float, float], scale: float, rotation: float
) -> NDArray[np.float64]:
    """Return (2, 3) from a point of the crop to a point of the image with its margin."""
    middle = side / 2
    zoom = math.exp(-scale)
    cosine, sine = zoom * math.cos(rotation), zoom * math.sin(rotation)
    margin = math.ceil(MARGIN * side)
    to_x = middle + margin - shift[0] * side - (cosine * middle + sine * middle)
    to_y = middle + margin - shift[1] * side - (-sine * middle + cosine * middle)
    return np.array([[cosine, sine, to_x], [-sine, cosine, to_y]])


def _occluded(picture: Image, occlusion: Occlusion, frame: int) -> Image:
    """Return the picture behind a block of one color."""
    side = len(picture)
    spans = []
    for middle, drift, extent in zip(
        occlusion.center, occlusion.drift, occlusion.extent, strict=True
    ):
        now = middle + drift * (frame - occlusion.first)
        first, end = (round((now + half) * side) for half in (-extent / 2, extent / 2))
        spans.append(slice(max(first, 0), max(end, 0)))
    red, green, blue = occlusion.color
    luma = round(0.299 * red + 0.587 * green + 0.114 * blue)
    result = picture.copy()
    result[spans[1], spans[0]] = occlusion.color if picture.ndim == 3 else luma
    return result


def _tones(gain: float, contrast: float) -> NDArray[np.uint8]:
    """Return (256,) what each level becomes."""
    levels = ((np.arange(256) - 127.5) * contrast + 127.5) * gain
    return levels.round().clip(0, 255).astype(np.uint8)


class _Noise:
    """Noise of a sensor: pieces of one large sheet of it, another one for each frame."""

    def __init__(self, script: Script, side: int) -> None:
        self._generator = np.random.default_rng(script.noise_seed)
        self._side = side
        sheet = self._generator.standard_normal((NOISE_SIDE + side,) * 2, dtype=np.float32)
        self._sheet = np.rint(script.appearance.noise * sheet).astype(np.int16)

    def on(self, picture: Image) -> Image:
        """Return the picture with noise on it, the same in all channels."""
        x, y = self._generator.integers(0, NOISE_SIDE, 2).tolist()
        piece = self._sheet[y : y + self._side, x : x + self._side]
        noisy = picture + (piece if picture.ndim == 2 else piece[:, :, None])
        result: Image = np.clip(noisy, 0, 255).astype(np.uint8)
        return result
