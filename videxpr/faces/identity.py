"""Which tracks of a video are one person.

A track's best crops give it a vector, by a recognition model; tracks are joined by the mean of their
vectors' cosines, never two that are seen in one frame. To join wrongly is worse than not to join, so
the threshold is strict.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from videxpr.core.crop_template import ARCFACE, CropTemplate
from videxpr.core.errors import DetectorError
from videxpr.core.files import sha256_of
from videxpr.core.onnx_runtime import open_session
from videxpr.core.structures import Floats, Image, Integers
from videxpr.faces.detection.packs import find_pack
from videxpr.faces.options import DetectionOptions

MOST_CROPS: Final = 5
"""Crops of a track that are looked at: more change its vector hardly, and cost as much each."""

CROP_SECONDS: Final = 0.5
"""Crops of one track lie at least so far apart at first; neighbors in time show the same."""

BATCH_SIZE: Final = 16

PACK_THRESHOLD: Final = 0.5
"""Of insightface's recognition models: people who use them join from 0.4 to 0.5 on, and the strict end
is taken. Not measured here: docs/log/identity.md."""

OWN: Final = Path(__file__).parents[1] / "weights" / "recognizer.onnx"
"""For detectors whose pack has none: the first stages of the starter model and a projection. They know
a face again in another shot of the same day; in another year's photograph they hardly ever do."""

OWN_THRESHOLD: Final = 0.7
"""On the half of the made-up videos that it was chosen on, different people reach 0.58, in whatever
video; the most alike of 22,000 pairs of tracks of the clips, cut and relit, 0.67."""


class Recognizer(Protocol):
    """What tells people apart by crops of their faces.

    Attributes:
        name: what it is, for the record.
        sha256: hash of its weights.
        template: geometry of the crops that it wants.
        threshold: cosine of two tracks' vectors from which on they are one person.
    """

    name: str
    sha256: str
    template: CropTemplate
    threshold: float

    def embed(self, crops: Sequence[Image]) -> Floats:
        """Return vectors (N, D) of length 1 of crops (size, size, 3) uint8, RGB."""
        ...


@dataclass(frozen=True)
class RecognizerChoice:
    """The recognition model that options mean on this machine, known before it is loaded.

    Attributes:
        name: what it is called.
        file: that holds it.
        threshold: from which cosine on two tracks are one person.
    """

    name: str
    file: Path
    threshold: float

    @property
    def sha256(self) -> str:
        """Hash of its file.

        Raises:
            DetectorError: it cannot be read.
        """
        try:
            return sha256_of(self.file)
        except OSError as exc:
            raise DetectorError(f"cannot read {self.file}: {exc.strerror}") from exc


class OnnxRecognizer:
    """A network in an ONNX file that takes crops as ArcFace's do (Deng et al., CVPR 2019)."""

    template = ARCFACE

    def __init__(self, choice: RecognizerChoice, options: DetectionOptions) -> None:
        """Load the network.

        Args:
            choice: which.
            options: where it runs, and with how many threads.

        Raises:
            DetectorError: the file cannot be read, or its network takes no such crops.
        """
        self.name, self.threshold, file = choice.name, choice.threshold, choice.file
        try:
            self._session = open_session(file, options.threads, options.device)
            self.sha256 = choice.sha256
        except (ValueError, OSError) as exc:
            raise DetectorError(f"cannot load the recognition model {file}: {exc}") from exc
        (taken, *more), given = self._session.get_inputs(), self._session.get_outputs()
        shape, side = taken.shape, self.template.size
        if more or len(given) != 1 or len(shape) != 4 or list(shape[1:]) != [3, side, side]:
            raise DetectorError(f"{file} is no model that recognizes faces of {side} pixels")
        self._input = taken.name
        self._batch = shape[0] if isinstance(shape[0], int) else BATCH_SIZE  # some files pin it

    def embed(self, crops: Sequence[Image]) -> Floats:
        """Return vectors (N, D) of length 1."""
        parts = [
            self._run(crops[first : first + self._batch])
            for first in range(0, len(crops), self._batch)
        ]
        return unit(np.concatenate(parts)) if parts else np.zeros((0, 0), np.float32)

    def _run(self, crops: Sequence[Image]) -> Floats:
        pixels = (np.stack(crops).astype(np.float32) - 127.5) / 127.5
        (vectors,) = self._session.run(None, {self._input: pixels.transpose(0, 3, 1, 2)})
        return np.asarray(vectors, np.float32)


def choose_recognizer(options: DetectionOptions) -> RecognizerChoice:
    """Return the recognition model of the pack that the detector is from, or else the package's own.

    Args:
        options: as `load_detector` takes them.
    """
    kind, _, name = options.detector.partition(":")
    pack = find_pack(name, options.root) if kind != "mtcnn" else None
    if pack is None or pack.recognition is None:
        return RecognizerChoice("starter", OWN, OWN_THRESHOLD)
    called = f"{pack.name}/{pack.recognition.stem}"
    return RecognizerChoice(called, pack.recognition, PACK_THRESHOLD)


def load_recognizer(options: DetectionOptions) -> Recognizer:
    """Return the recognition model that the options mean, loaded.

    Args:
        options: as `load_detector` takes them.

    Raises:
        DetectorError: it cannot be read.
    """
    return OnnxRecognizer(choose_recognizer(options), options)


def unit(vectors: Floats) -> Floats:
    """Return vectors (..., D) brought to length 1; one of zeros stays."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(length, 1e-9), dtype=np.float32)


@dataclass
class BestCrops:
    """The best crops of one track while it grows: at most five, spread over its time.

    Time is cut into equal spans, and the best crop of each is kept. Spans double, and neighbors are
    merged, when there are more than five of them.
    """

    _start: float = 0.0
    _span: float = CROP_SECONDS
    _best: dict[int, tuple[float, Image]] = field(default_factory=dict)

    def add(self, seconds: float, quality: float, crop: Image) -> None:
        """Take a crop if it is the best of its span.

        Args:
            seconds: its time; never less than that of the one before.
            quality: how good it is, e.g. the face's size times the detector's score.
            crop: the face, aligned to the recognizer's template.
        """
        if not self._best:
            self._start = seconds
        place = int((seconds - self._start) / self._span)
        while place >= MOST_CROPS:
            self._double()
            place //= 2
        if place not in self._best or quality > self._best[place][0]:
            self._best[place] = (quality, crop)

    @property
    def crops(self) -> list[Image]:
        """The crops in order of time."""
        return [crop for _, (_, crop) in sorted(self._best.items())]

    def vector(self, recognizer: Recognizer) -> Floats | None:
        """Return the mean (D,) of the crops' vectors, of length 1; None without any crop."""
        if not self._best:
            return None
        return unit(recognizer.embed(self.crops).mean(axis=0))

    def _double(self) -> None:
        self._span *= 2
        merged: dict[int, tuple[float, Image]] = {}
        for place, own in self._best.items():
            if place // 2 not in merged or own[0] > merged[place // 2][0]:
                merged[place // 2] = own
        self._best = merged


@dataclass(frozen=True)
class Appearance:
    """What is known of a track when people are told apart.

    Attributes:
        frames: (N,) indices of the frames in which it is seen, rising, at least one.
        vector: (D,) of length 1, of its best crops; None where nobody looked.
    """

    frames: Integers
    vector: Floats | None = None


def join(
    tracks: Sequence[Appearance],
    links: Iterable[tuple[int, int]] = (),
    threshold: float | None = None,
) -> Integers:
    """Return the number of each track's person, from 1 in order of appearance.

    Links come first, in their order; then the two groups of tracks whose vectors' mean cosine is the
    highest are joined, as long as it reaches the threshold (average linkage). Groups are never joined
    if a track of one is seen in a frame with a track of the other.

    Args:
        tracks: of a whole video.
        links: pairs of positions in `tracks` that are one person by time and place.
        threshold: of the recognizer that gave the vectors; None joins by links alone.

    Returns:
        (len(tracks),) int64.
    """
    groups = _Groups(tracks)
    for one, other in links:
        groups.join(one, other)
    if threshold is not None:
        groups.join_alike(threshold)
    return groups.numbers([int(track.frames[0]) for track in tracks])


class _Groups:
    """Groups of tracks; each is known by the first of its tracks."""

    def __init__(self, tracks: Sequence[Appearance]) -> None:
        """Put each track into a group of its own."""
        vectors = [track.vector for track in tracks]
        known = np.array([vector is not None for vector in vectors], dtype=bool)
        self._of = np.arange(len(tracks))
        self._apart = _seen_together(tracks)
        self._counts = known.astype(np.int64)  # of vectors
        self._cosines = np.zeros((len(tracks), len(tracks)))  # summed over all pairs of two groups
        if known.any():
            stacked = np.stack([vector for vector in vectors if vector is not None])
            self._cosines[np.ix_(known, known)] = stacked @ stacked.T

    def join(self, one: int, other: int) -> None:
        """Join the groups of two tracks, unless they are one or are seen together."""
        kept, gone = sorted((self._of[one], self._of[other]))
        if kept == gone or self._apart[kept, gone]:
            return
        self._of[self._of == gone] = kept
        for table in (self._apart, self._cosines):
            table[kept] += table[gone]
            table[:, kept] += table[:, gone]
        self._counts[kept] += self._counts[gone]

    def join_alike(self, threshold: float) -> None:
        """Join the two groups that are most alike, until no two are alike enough."""
        while len(self._of):
            alike = self._alike()
            one, other = np.unravel_index(int(alike.argmax()), alike.shape)
            if alike[one, other] < threshold:
                break
            self.join(int(one), int(other))

    def numbers(self, first_frames: Sequence[int]) -> Integers:
        """Return the person of each track, numbered by first frames, then by position."""
        number: dict[int, int] = {}
        for at in sorted(range(len(first_frames)), key=lambda at: first_frames[at]):
            number.setdefault(int(self._of[at]), len(number) + 1)
        return np.array([number[int(group)] for group in self._of], dtype=np.int64)

    def _alike(self) -> NDArray[np.float64]:
        """Return the mean cosine (T, T) of groups that may be joined, above the diagonal; else -inf."""
        first = self._of == np.arange(len(self._of))
        counts = np.outer(self._counts * first, self._counts * first)
        alike = np.full(counts.shape, -np.inf)
        possible = np.triu((counts > 0) & ~self._apart, 1)
        np.divide(self._cosines, counts, out=alike, where=possible)
        return alike


def _seen_together(tracks: Sequence[Appearance]) -> NDArray[np.bool_]:
    """Return (T, T): whether two tracks share a frame."""
    together = np.zeros((len(tracks), len(tracks)), dtype=bool)
    for one, first in enumerate(tracks):
        for other in range(one):
            second = tracks[other]
            if first.frames[0] <= second.frames[-1] and second.frames[0] <= first.frames[-1]:
                shared = np.isin(first.frames, second.frames, assume_unique=True).any()
                together[one, other] = together[other, one] = shared
    return together
