"""What ``videxpr models`` tells of a model: labels and texts."""

from collections.abc import Iterator

from videxpr.model.catalog import PACK_LICENSE, PACK_TERMS, ListedModel
from videxpr.model.header import ModelCard
from videxpr.model.hub.registry import RegisteredModel
from videxpr.model.hub.resolve import A_FILE
from videxpr.model.publish.describe import (
    describe_crop,
    describe_epochs,
    describe_input,
    describe_position,
    describe_temperature,
    describe_unit,
    describe_variant,
    macro_f1s,
)


def listed_row(model: ListedModel) -> tuple[str, ...]:
    """The fields of the table of all models."""
    size, file = megabytes(model.size_bytes), str(model.path or "")
    return model.name, model.kind, model.state, size, model.license, model.note, file


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
    yield "license", card.license
    yield "variant", describe_variant(config)
    yield "backbone", config.backbone
    yield "position", describe_position(config)
    yield "window", f"{config.window} frames"
    yield "trained", ", ".join(config.trained_expressions)
    yield "untrained", ", ".join(config.untrained_expressions) or "none"
    if config.class_shares:
        shares = zip(config.expressions, config.class_shares, strict=True)
        yield "shares", ", ".join(f"{each} {share:.1%}" for each, share in shares)
    if config.logit_adjustment:
        yield "adjustment", f"{config.logit_adjustment:g} was best; applied only when asked for"
    yield "calibrated", describe_temperature(config)
    yield "crop", describe_crop(config.crop)
    yield "input", describe_input(config)
    yield "landmarks", ", ".join(f"({x:g}, {y:g})" for x, y in config.crop.landmarks)
    yield "data", training.data
    yield "recipe", training.recipe
    unit = describe_unit(config, training)
    epochs = f", {describe_epochs(config, training)} epochs" if training.epochs else ""
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
    yield "license", model.license
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
    yield "license", model.license
    if model.license == PACK_LICENSE:
        yield "terms", PACK_TERMS


def megabytes(size: int | None) -> str:
    """A size as it is shown, nothing where it is unknown."""
    return "" if size is None else f"{size / 1e6:.1f} MB"


def _validated(figures: str, unit: str) -> str:
    return f"{figures}, on the validation part's {unit}" if figures else "not measured"
