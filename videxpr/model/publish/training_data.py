"""What a checkpoint was trained on: in whose words, and who may therefore get it."""

import re
from typing import Final

from videxpr.core.errors import UsageError
from videxpr.model.header import ModelCard, TrainingSummary

FOLDER_ALONE: Final = re.compile(r"\d+ (images|videos, \d+ frames,) of (?P<folder>.+)", re.DOTALL)
"""What training writes where nobody stated the data: a number, and the folder that held them."""

AFF_WILD2: Final = re.compile(
    r"aff[ _\-\u2010-\u2015]?wild|\babaw|\bexpr_\w+_challenge|behaviou?r.{0,12} in[ -]the[ -]wild",
    re.IGNORECASE,
)
"""Names of Aff-Wild2, of the competition whose data they are, and of the folders that it hands out."""

LAYOUT: Final = re.compile(r"\bexpr_set\b", re.IGNORECASE)
"""Its folder of annotations outside the competition; data of one's own lie in such a one, too."""

ORGANIZERS: Final = "https://sites.google.com/view/dimitrioskollias/databases/aff-wild2"

AFF_WILD2_TERMS: Final = (
    "It was trained on Aff-Wild2, whose agreement restricts who may get models trained on it. "
    "Before you use these weights or pass them on, read the agreement that was signed for the data, "
    f"or ask its organizers: {ORGANIZERS}"
)


def stated_data(training: TrainingSummary) -> str:
    """Return what the data are in somebody's words; empty where training knew a folder alone."""
    words = " ".join(training.data.split())
    return "" if FOLDER_ALONE.fullmatch(words) else words


def described_data(card: ModelCard, trained_on: str) -> str:
    """Return what a model was trained on: what its owner says, and behind it what the checkpoint says.

    Args:
        card: of the model.
        trained_on: its owner's words; empty leaves it to the checkpoint.

    Raises:
        UsageError: neither says it, or it is no text.
    """
    own, trained_on = card.training.data.strip(), " ".join(trained_on.split())
    if not trained_on.isprintable():
        raise UsageError(f"--trained-on {trained_on!r} has signs that no text has; write it anew")
    if not trained_on and not stated_data(card.training):
        known = f" (only {own!r})" if own else ""
        raise UsageError(
            f"{card.name} does not say what it was trained on{known}, and its card must; name the "
            "data, and those of the weights that it began with: --trained-on 'NAME, NAME'"
        )
    if not trained_on or trained_on == own:
        return own
    return f"{trained_on} ({own})" if own else trained_on


def is_of_affwild2(words: str) -> bool:
    """Return whether words about training data name Aff-Wild2, or a folder that only it has."""
    return AFF_WILD2.search(words) is not None


def lies_as_affwild2(words: str) -> bool:
    """Return whether data lay in a folder of the layout of Aff-Wild2, which proves nothing."""
    return LAYOUT.search(words) is not None
