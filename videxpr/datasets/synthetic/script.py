"""What happens in a sequence, frame by frame, before anything is rendered."""

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from videxpr.core.expressions import EXPRESSIONS, NOT_ANNOTATED
from videxpr.core.structures import Floats
from videxpr.datasets.image_folder import LabeledImage
from videxpr.datasets.synthetic.options import IntRange, Jitter, Range, SynthesisOptions
from videxpr.datasets.synthetic.sampler import ImageSampler

WALKS: Final = ("shift_x", "shift_y", "scale", "rotation", "gain", "blur")
"""Columns of a script's walks: shares of the side, logarithm, radians, logarithm, share of the side."""

MOST_IMAGES: Final = 3
"""Images that a segment shows at most."""

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Segment:
    """Frames [first, end) of one label, -1 where voters disagree."""

    label: int
    first: int
    end: int


@dataclass(frozen=True)
class ImageSpan:
    """Frames [first, end) that show one image.

    Attributes:
        image: which.
        first: the first frame in which it is more visible than the one before it.
        end: the first frame that shows the next one more.
        mirrored: whether left and right change places.
        fade: frames of the cross-fade from the image before, about `first`; 0 is a hard change.
    """

    image: LabeledImage
    first: int
    end: int
    mirrored: bool
    fade: int


@dataclass(frozen=True)
class Occlusion:
    """Something before the face in frames [first, end): a block of one color.

    Attributes:
        first: frame.
        end: frame.
        center: x and y as shares of the side.
        extent: width and height as shares of the side.
        drift: what the center moves a frame.
        color: red, green and blue.
    """

    first: int
    end: int
    center: tuple[float, float]
    extent: tuple[float, float]
    drift: tuple[float, float]
    color: tuple[int, int, int]


@dataclass(frozen=True)
class Appearance:
    """What does not change in a sequence.

    Attributes:
        resolution: pixels along the crop's side that the video had.
        quality: of JPEG at that resolution.
        gain: factor of the brightness.
        contrast: factor of the contrast.
        noise: standard deviation of a pixel's noise, of 255.
    """

    resolution: int
    quality: int
    gain: float
    contrast: float
    noise: float


@dataclass(frozen=True)
class Script:
    """A whole sequence.

    Attributes:
        segments: in order, without gaps; neighbors may have the same label.
        spans: in order, without gaps.
        missing: (T,) frames that have no crop; the last one always has.
        occlusions: in order of drawing.
        appearance: what does not change.
        walks: (T, 6) jitter in the order of `WALKS`.
        noise_seed: of the pixels' noise.
    """

    segments: tuple[Segment, ...]
    spans: tuple[ImageSpan, ...]
    missing: Flags
    occlusions: tuple[Occlusion, ...]
    appearance: Appearance
    walks: NDArray[np.float64]
    noise_seed: int

    @property
    def labels(self) -> NDArray[np.int64]:
        """(T,) label of every frame, those without a crop too."""
        labels = [one.label for one in self.segments]
        return np.repeat(labels, [one.end - one.first for one in self.segments]).astype(np.int64)

    @property
    def shares(self) -> Floats:
        """(T, 8) of the voters who named each expression on the image that a frame shows most of."""
        shares = np.stack([one.image.shares for one in self.spans])
        return np.repeat(shares, [one.end - one.first for one in self.spans], axis=0)

    @property
    def voted(self) -> bool:
        """Whether people voted on one of the images."""
        return any(one.image.votes for one in self.spans)


def write_script(
    sampler: ImageSampler, options: SynthesisOptions, generator: np.random.Generator
) -> Script:
    """Draw all that happens in a sequence.

    Args:
        sampler: of the images that it may show.
        options: what sequences are like.
        generator: that draws.
    """
    if options.one_person > 0 and sampler.varied and generator.random() < options.one_person:
        sampler = sampler.of_one_person(generator, options)
    segments = _segments(sampler, options, generator)
    return Script(
        segments=segments,
        spans=_image_spans(segments, sampler, options, generator),
        missing=_missing(options, generator),
        occlusions=_occlusions(options, generator),
        appearance=_appearance(options, generator),
        walks=random_walks(options.frames, options.fps, options.jitter, generator),
        noise_seed=int(generator.integers(2**32)),
    )


def random_walks(
    frames: int, fps: float, jitter: Jitter, generator: np.random.Generator
) -> NDArray[np.float64]:
    """Return (T, 6) stationary autoregressive walks of first order, with a little white noise.

    Each walk has a time constant of its own: what it was so many seconds ago still counts for 1/e.

    Args:
        frames: T.
        fps: frames a second.
        jitter: deviations and time constants.
        generator: that draws.
    """
    low, high = np.log(jitter.memory_seconds)
    memory = np.exp(generator.uniform(low, high, len(WALKS)))
    keeps = np.exp(-1 / (fps * memory))
    steps = generator.standard_normal((frames, len(WALKS)))
    steps[1:] *= np.sqrt(1 - keeps**2)
    for frame in range(1, frames):
        steps[frame] += keeps * steps[frame - 1]
    steps += jitter.white * generator.standard_normal(steps.shape)
    return steps * jitter.deviations


def _segments(
    sampler: ImageSampler, options: SynthesisOptions, generator: np.random.Generator
) -> tuple[Segment, ...]:
    """Draw segments up to the sequence's end; a remainder too short for one belongs to the last."""
    shortest = max(round(options.segment_seconds[0] * options.fps), 1)
    ends = [0]
    while ends[-1] < options.frames:
        seconds = _log_uniform(options.segment_seconds, generator)
        end = ends[-1] + max(round(seconds * options.fps), 1)
        ends.append(options.frames if options.frames - end < shortest else end)
    labels = generator.choice(len(sampler.shares), len(ends) - 1, p=sampler.shares).tolist()
    return tuple(
        Segment(label if label < len(EXPRESSIONS) else NOT_ANNOTATED, first, end)
        for label, (first, end) in zip(labels, pairwise(ends), strict=True)
    )


def _image_spans(
    segments: tuple[Segment, ...],
    sampler: ImageSampler,
    options: SynthesisOptions,
    generator: np.random.Generator,
) -> tuple[ImageSpan, ...]:
    spans: list[ImageSpan] = []
    for segment in segments:
        for first, end in _image_ranges(segment, options, generator):
            before = spans[-1] if spans else None
            shown = None if before is None else before.image
            image = sampler.draw(segment.label, shown, generator, options.same_person)
            fade = 0
            if before is not None and generator.random() < options.fades:
                room = min(before.end - before.first, end - first)
                fewest, most = options.fade_frames
                fade = min(int(generator.integers(fewest, most, endpoint=True)), room)
            mirrored = bool(generator.random() < 0.5)
            spans.append(ImageSpan(image, first, end, mirrored, fade))
    return tuple(spans)


def _image_ranges(
    segment: Segment, options: SynthesisOptions, generator: np.random.Generator
) -> list[tuple[int, int]]:
    """Draw frames [first, end) of each image of a segment; none shorter than the shortest segment."""
    shortest = max(round(options.segment_seconds[0] * options.fps), 1)
    length = segment.end - segment.first
    most = min(MOST_IMAGES, length // shortest)
    changes = generator.random() < options.change_within
    if not changes or most < 2 or length < options.changes_from * options.fps:
        return [(segment.first, segment.end)]
    count = int(generator.integers(2, most, endpoint=True))
    spare = np.sort(generator.integers(0, length - count * shortest, count - 1, endpoint=True))
    inner = segment.first + spare + shortest * np.arange(1, count)
    ends = [segment.first, *inner.tolist(), segment.end]
    return list(pairwise(ends))


def _missing(options: SynthesisOptions, generator: np.random.Generator) -> Flags:
    missing = np.zeros(options.frames, np.bool_)
    for first, end in _runs(options.missing, options.missing_frames, options.frames, generator):
        missing[first:end] = True
    missing[-1] = False  # a folder of crops is as long as its last crop says
    return missing


def _occlusions(options: SynthesisOptions, generator: np.random.Generator) -> tuple[Occlusion, ...]:
    return tuple(
        _occlusion(first, end, generator)
        for first, end in _runs(
            options.occluded, options.occluded_frames, options.frames, generator
        )
    )


def _occlusion(first: int, end: int, generator: np.random.Generator) -> Occlusion:
    x, y = generator.uniform(0.1, 0.9, 2).tolist()
    width, height = generator.uniform(0.15, 0.5, 2).tolist()
    across, down = generator.normal(0, 0.008, 2).tolist()
    shade = generator.uniform(0.25, 1)
    skin = generator.random() < 0.5
    red, green, blue = (
        (np.array((235, 190, 160) if skin else (220,) * 3) * shade).astype(int).tolist()
    )
    return Occlusion(first, end, (x, y), (width, height), (across, down), (red, green, blue))


def _runs(
    share: float, lengths: IntRange, frames: int, generator: np.random.Generator
) -> list[tuple[int, int]]:
    """Draw runs [first, end) of frames that make up a share of all, on an average over sequences."""
    shortest, longest = lengths
    mean = (shortest + longest) / 2
    count = int(generator.poisson(-math.log1p(-min(share, 0.99)) * frames / mean))
    firsts = generator.integers(-longest, frames, count).tolist()
    sizes = generator.integers(shortest, longest, count, endpoint=True).tolist()
    runs = [
        (max(first, 0), min(first + size, frames))
        for first, size in zip(firsts, sizes, strict=True)
    ]
    return [(first, end) for first, end in runs if first < end]


def _appearance(options: SynthesisOptions, generator: np.random.Generator) -> Appearance:
    low, high = options.quality
    gain, contrast = np.exp(generator.uniform(-1, 1, 2) * math.log1p(options.light)).tolist()
    return Appearance(
        resolution=round(_log_uniform(options.resolution, generator)),
        quality=int(generator.integers(low, high, endpoint=True)),
        gain=gain,
        contrast=contrast,
        noise=generator.uniform(0, options.noise),
    )


def _log_uniform(ends: Range, generator: np.random.Generator) -> float:
    return math.exp(generator.uniform(math.log(ends[0]), math.log(ends[1])))
