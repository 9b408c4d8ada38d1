"""Which image a segment gets, and which label."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from videxpr.core.errors import UsageError
from videxpr.datasets.image_folder import LabeledImage
from videxpr.datasets.synthetic.options import SynthesisOptions
from videxpr.datasets.synthetic.sampler import find_people, image_sampler, label_shares


def labeled(name: str, label: int) -> LabeledImage:
    return LabeledImage(Path(name), name, label)


IMAGES = [labeled(f"Ann_{n}.png", 0) for n in range(2)] + [labeled("Ann_2.png", 4)]
IMAGES += [labeled(f"fer{n}.png", label) for label in (0, 4) for n in range(6)]
PATTERN = r"(.+)_\d"


def test_a_third_is_neutral_and_the_others_go_by_the_root_of_their_counts():
    shares = label_shares([50, 400, 0, 0, 0, 0, 0, 0, 100], SynthesisOptions())
    np.testing.assert_allclose(shares, [1 / 3, 4 / 9, 0, 0, 0, 0, 0, 0, 2 / 9])
    alike = label_shares([50, 400, 100, 0, 0, 0, 0, 0, 0], SynthesisOptions(balance=1, neutral=0.5))
    np.testing.assert_allclose(alike[:3], [0.5, 0.25, 0.25])


@pytest.mark.parametrize("label", [0, 3])
def test_a_single_class_is_always_drawn(label):
    counts = np.eye(9, dtype=int)[label] * 7
    np.testing.assert_array_equal(label_shares(counts.tolist(), SynthesisOptions()), counts / 7)


def test_no_neutral_images_leave_the_others_everything():
    shares = label_shares([0, 9, 0, 0, 1, 0, 0, 0, 0], SynthesisOptions())
    np.testing.assert_allclose(shares, [0, 0.75, 0, 0, 0.25, 0, 0, 0, 0])


def test_people_are_known_where_names_tell():
    assert find_people(IMAGES, None) == {}
    assert find_people(IMAGES, PATTERN) == dict.fromkeys(
        ["Ann_0.png", "Ann_1.png", "Ann_2.png"], "Ann"
    )


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("(", "is no regular expression: missing"),
        ("Ann", "has no group"),
        ("(Zoe)", "is in no file's name; the first one is 'Ann_0.png'"),
    ],
)
def test_a_pattern_that_names_nobody_is_refused(pattern, message):
    with pytest.raises(UsageError, match=message):
        find_people(IMAGES, pattern)


def drawn(same_person: float, before: LabeledImage, label: int) -> Counter[str]:
    sampler = image_sampler(IMAGES, find_people(IMAGES, PATTERN), SynthesisOptions())
    generator = np.random.default_rng(3)
    return Counter(sampler.draw(label, before, generator, same_person).name for _ in range(2000))


def test_the_same_person_stays_as_often_as_asked():
    assert set(drawn(1, IMAGES[0], 4)) == {"Ann_2.png"}
    assert set(drawn(1, IMAGES[0], 0)) == {"Ann_1.png"}  # never the same picture again
    # where a known person need not stay, Ann is one of seven
    assert drawn(0.5, IMAGES[0], 4)["Ann_2.png"] == pytest.approx(2000 * (0.5 + 0.5 / 7), rel=0.1)


def test_after_somebody_unknown_every_other_image_of_the_label_may_come():
    found = drawn(1, IMAGES[-1], 4)
    assert set(found) == {one.name for one in IMAGES if one.label == 4} - {IMAGES[-1].name}


def test_a_person_without_the_label_gives_way():
    sampler = image_sampler(IMAGES[:2] + IMAGES[-6:], {"Ann_0.png": "Ann"}, SynthesisOptions())
    assert sampler.draw(4, IMAGES[0], np.random.default_rng(0), 1).name.startswith("fer")


def test_the_only_image_of_a_label_comes_again():
    sampler = image_sampler(IMAGES[:1], {}, SynthesisOptions())
    assert sampler.draw(0, IMAGES[0], np.random.default_rng(0), 1) == IMAGES[0]


def test_one_persons_sampler_has_their_images_alone():
    people = find_people(IMAGES, PATTERN)
    more = [labeled(f"Bob_{n}.png", 4) for n in range(5)]
    sampler = image_sampler(IMAGES + more, people | dict.fromkeys([one.name for one in more], "Bob"),
                     SynthesisOptions())  # fmt: skip
    assert sampler.varied == ("Ann",)  # Bob only smiles
    own = sampler.of_one_person(np.random.default_rng(0), SynthesisOptions())
    names = {one.name for images in own.images for one in images}
    assert names == {"Ann_0.png", "Ann_1.png", "Ann_2.png"}
    np.testing.assert_allclose(own.shares[[0, 4]], [1 / 3, 2 / 3])
