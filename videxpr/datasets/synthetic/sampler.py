"""The images of one part of a split, to be drawn by label and by person."""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from videxpr.core.errors import UsageError
from videxpr.core.expressions import EXPRESSIONS, NEUTRAL
from videxpr.datasets.image_folder import LabeledImage, class_counts
from videxpr.datasets.synthetic.options import SynthesisOptions

CLASSES: Final = len(EXPRESSIONS)


def find_people(images: Sequence[LabeledImage], pattern: str | None) -> dict[str, str]:
    """Return who is on an image, by the image's name, as far as names tell.

    Args:
        images: all of them.
        pattern: a regular expression that a file's name is searched for; its first group is the
            person. None: nobody is known.

    Raises:
        UsageError: it is none, has no group, or is found in no name.
    """
    if pattern is None:
        return {}
    try:
        expression = re.compile(pattern)
    except re.error as exc:
        raise UsageError(f"--person {pattern!r} is no regular expression: {exc}") from exc
    if not expression.groups:
        raise UsageError(
            f"--person {pattern!r} has no group (...) around the part that names people"
        )
    found = {image.name: expression.search(image.path.name) for image in images}
    people = {name: match[1] for name, match in found.items() if match and match[1]}
    if not people:
        raise UsageError(
            f"--person {pattern!r} is in no file's name; the first one is {images[0].path.name!r}"
        )
    return people


@dataclass(frozen=True)
class ImageSampler:
    """What sequences of one part are made of.

    Attributes:
        images: by label; the last ones are of none, because voters disagree.
        shares: (9,) probability of a segment's label; 0 where there is no image of it.
        people: who is on an image, by its name; only those who are known.
        by_person: images of a label and a person.
        varied: people of whom there are images of several labels, in order of name.
    """

    images: tuple[tuple[LabeledImage, ...], ...]
    shares: NDArray[np.float64]
    people: Mapping[str, str]
    by_person: dict[tuple[int, str], tuple[LabeledImage, ...]]
    varied: tuple[str, ...]

    def of_one_person(
        self, generator: np.random.Generator, options: SynthesisOptions
    ) -> "ImageSampler":
        """Return a sampler of the images of one person who shows several labels."""
        person = self.varied[int(generator.integers(len(self.varied)))]
        theirs = [
            image
            for (_, name), images in self.by_person.items()
            if name == person
            for image in images
        ]
        return image_sampler(theirs, self.people, options)

    def draw(
        self,
        label: int,
        before: LabeledImage | None,
        generator: np.random.Generator,
        same_person: float,
    ) -> LabeledImage:
        """Draw an image of a label, never the one before it if there is another.

        Args:
            label: of the image, -1 for none.
            before: the image before it, None at the beginning.
            generator: that draws.
            same_person: probability that it is of the person before it, where one is known.
        """
        chosen = self.images[label]
        person = None if before is None else self.people.get(before.name)
        if person is not None and generator.random() < same_person:
            theirs = self.by_person.get((label, person), ())
            chosen = tuple(image for image in theirs if image != before) or chosen
        place = int(generator.integers(len(chosen)))
        return chosen[place] if chosen[place] != before else chosen[place - 1]


def image_sampler(
    images: Sequence[LabeledImage], people: Mapping[str, str], options: SynthesisOptions
) -> ImageSampler:
    """Sort the images of a part by label and person.

    Args:
        images: of the part.
        people: who is on an image, by its name.
        options: by which labels are drawn.
    """
    by_label: list[list[LabeledImage]] = [[] for _ in (*EXPRESSIONS, None)]
    by_person: dict[tuple[int, str], list[LabeledImage]] = defaultdict(list)
    for image in images:
        by_label[image.label].append(image)
        if image.name in people:
            by_person[image.label, people[image.name]].append(image)
    labels = Counter(person for _, person in by_person)
    return ImageSampler(
        tuple(map(tuple, by_label)),
        label_shares([*class_counts(images), len(by_label[-1])], options),
        people,
        {key: tuple(those) for key, those in by_person.items()},
        tuple(sorted(person for person, count in labels.items() if count > 1)),
    )


def label_shares(counts: Sequence[int], options: SynthesisOptions) -> NDArray[np.float64]:
    """Return (9,) probabilities of a segment's label, the last one of none.

    Neutral's is as chosen, the others' are by their counts to 1 minus the balance.

    Args:
        counts: (9,) images of each label, and of none.
        options: Neutral's share, and the balance.
    """
    numbers = np.array(counts, dtype=np.float64)
    shares = np.where(numbers > 0, numbers.clip(min=1) ** (1 - options.balance), 0.0)
    neutral, shares[NEUTRAL] = shares[NEUTRAL], 0.0
    if not shares.any():
        shares[NEUTRAL] = neutral
    elif neutral:
        shares *= (1 - options.neutral) / shares.sum()
        shares[NEUTRAL] = options.neutral
    normal: NDArray[np.float64] = shares / shares.sum()
    return normal
