"""What ``videxpr models`` tells of a model: labels and texts."""

from collections.abc import Iterator

from videxpr.catalogue import PACK_LICENCE, PACK_TERMS, ListedModel
from videxpr.checkpoint import ModelCard
from videxpr.model_files.finding import A_FILE
from videxpr.model_files.registry import RegisteredModel
from videxpr.packing.words import (
    crop_in_words,
    epochs_in_words,
    input_in_words,
    macro_f1s,
    position_in_words,
    temperature_in_words,
    unit_in_words,
    variant_in_words,
)


def listed_row(model: ListedModel) -> tuple[str, ...]:
    """The fields of the table of all models."""
    size, file = megabytes(model.size_bytes), str(model.path or "")
    return model.name, model.kind, model.state, size, model.licence, model.note, file


def expression_facts(card: ModelCard) -> Iterator[tuple[str, str]]:
    """What a checkpoint says of itself."""
    config, training = card.config, card.training
    yield "name", card.name
    yield "for", "expressions"
    if card.origin != A_FILE:
        yield "from", card.origin
    yield "file", str(card.path)
    yield "size", megabytes(card.path.stat().st_size)
    yield "SHA-256", card.sha256
    yield "licence", card.licence
    yield "variant", variant_in_words(config)
    yield "backbone", config.backbone
    yield "position", position_in_words(config)
    yield "window", f"{config.window} frames"
    yield "trained", ", ".join(config.trained_expressions)
    yield "untrained", ", ".join(config.untrained_expressions) or "none"
    if config.class_shares:
        shares = zip(config.expressions, config.class_shares, strict=True)
        yield "shares", ", ".join(f"{each} {share:.1%}" for each, share in shares)
    if config.logit_adjustment:
        yield "adjustment", f"{config.logit_adjustment:g} was best; applied only when asked for"
    yield "calibrated", temperature_in_words(config)
    yield "crop", crop_in_words(config.crop)
    yield "input", input_in_words(config)
    yield "landmarks", ", ".join(f"({x:g}, {y:g})" for x, y in config.crop.landmarks)
    yield "data", training.data
    yield "recipe", training.recipe
    unit = unit_in_words(config, training)
    epochs = f", {epochs_in_words(config, training)} epochs" if training.epochs else ""
    yield unit, f"{training.images or 'not stated'}{epochs}"
    accuracy = training.validation_accuracy
    yield "accuracy", _validated("" if accuracy is None else f"{accuracy:.3f}", unit)
    found = [f"{value:.3f} over {classes}" for classes, value in macro_f1s(config, training)]
    yield "macro F1", _validated(", ".join(found), unit)


def absent_facts(model: RegisteredModel) -> Iterator[tuple[str, str]]:
    """What a registry says of a model that nobody downloaded yet."""
    yield "name", model.name
    yield "for", "expressions"
    yield "state", "not installed"
    yield "get it by", f"videxpr models download {model.name}"
    yield "from", str(model.url)
    yield "size", megabytes(model.size_bytes)
    yield "SHA-256", str(model.sha256)
    if model.note:
        yield "note", model.note
    yield "licence", model.licence
    yield "registry", str(model.registry)


def detector_facts(model: ListedModel) -> Iterator[tuple[str, str]]:
    """What is known of a detector."""
    yield "name", model.name
    yield "for", "finding faces"
    yield "state", model.state
    if model.state == "not installed":
        yield "get it by", f"videxpr models download {model.name}"
    if model.path:
        yield "file", str(model.path)
    if model.size_bytes:
        yield "size", megabytes(model.size_bytes)
    if model.sha256:
        yield "SHA-256", model.sha256
    yield "note", model.note
    yield "licence", model.licence
    if model.licence == PACK_LICENCE:
        yield "terms", PACK_TERMS


def megabytes(size: int | None) -> str:
    """A size as it is shown, nothing where it is unknown."""
    return "" if size is None else f"{size / 1e6:.1f} MB"


def _validated(figures: str, unit: str) -> str:
    return f"{figures}, on the validation part's {unit}" if figures else "not measured"
