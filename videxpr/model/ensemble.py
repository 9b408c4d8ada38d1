"""Several models as one: their features side by side, their probabilities averaged."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from videxpr.core.crop_template import CropTemplate
from videxpr.core.structures import Floats, Image
from videxpr.model.engine.engine import build_embedder
from videxpr.model.inference import logit_stream, probabilities, sequence_logits
from videxpr.model.logit_adjustment import adjusted
from videxpr.model.network import ExpressionModel, ModelConfig
from videxpr.temporal.options import WindowOptions
from videxpr.temporal.windows import LogitStream


@dataclass(frozen=True)
class Predictions:
    """What is known of the frames of one sequence before anything is smoothed.

    Attributes:
        probabilities: (T, 8), averaged over the models and adjusted; NaN for classes that none of
            them was trained on.
        logits: (T, 8) mean over the windows, not adjusted; None of several models.
    """

    probabilities: Floats
    logits: Floats | None

    @property
    def kept_logits(self) -> Floats:
        """Return the logits, for those who know that there is one model.

        Raises:
            ValueError: there are several.
        """
        if self.logits is None:
            raise ValueError("several models have no logits in common")
        return self.logits


class Ensemble:
    """One model or several, from crops to probabilities.

    Attributes:
        models: in the order in which they were given.
        embedders: what embeds for each of them.
        batches_at_once: how many batches are best embedded at the same time, each by a thread.
        templates: the distinct crop geometries that they want.
        shares: share of each expression among the training labels, averaged over the models; empty
            if one of them does not know.
        untrained: expressions that none of the models was trained on.
    """

    def __init__(
        self,
        models: Sequence[ExpressionModel],
        logit_adjustment: float = 0.0,
        threads: int | None = None,
    ) -> None:
        """Make ready.

        Args:
            models: at least one.
            logit_adjustment: its strength; 0 is off, others want models that know their shares.
            threads: that embed on a CPU; as many as torch has if None.
        """
        self.models = tuple(models)
        self.embedders = tuple(build_embedder(model, threads) for model in models)
        self.batches_at_once = min(one.batches_at_once for one in self.embedders)
        configs = [model.config for model in models]
        self.shares = mean_shares(configs)
        self.untrained = tuple(
            name
            for name in configs[0].untrained_expressions
            if all(name in config.untrained_expressions for config in configs)
        )
        self.templates = distinct_templates([config.crop for config in configs])
        self._strength = logit_adjustment
        self._ends = np.cumsum([model.width for model in models])[:-1].tolist()

    def embed(self, crops: Sequence[Sequence[Image]], batch_size: int) -> Floats:
        """Return features of faces, all models' side by side.

        Args:
            crops: for each of `templates` the crops of the same N faces.
            batch_size: crops that go through a network together.

        Returns:
            (N, sum of the models' widths).
        """
        chosen = [crops[_position(model.config.crop, self.templates)] for model in self.models]
        features = [
            embedder.embed(own, batch_size)
            for embedder, own in zip(self.embedders, chosen, strict=True)
        ]
        return np.concatenate(features, axis=1) if len(features) > 1 else features[0]

    def predict(self, features: Floats, options: WindowOptions) -> Predictions:
        """Return the predictions of all models together for one sequence.

        Args:
            features: (T, sum of widths), as `embed` gives them.
            options: how the sequence is cut into windows.
        """
        parts = np.split(features, self._ends, axis=1)
        logits = [
            sequence_logits(model, part, options)
            for model, part in zip(self.models, parts, strict=True)
        ]
        return self._combine(logits)

    def stream(self, options: WindowOptions) -> "PredictionStream":
        """Return what predicts a sequence that comes bit by bit."""
        streams = [logit_stream(model, options) for model in self.models]
        return PredictionStream(streams, self._ends, self._combine)

    def _combine(self, logits: Sequence[Floats]) -> Predictions:
        """Return the predictions of the logits (T, 8) of each of the models."""
        mean = mean_probabilities([probabilities(one) for one in logits])
        return Predictions(
            probabilities=adjusted(mean, self.shares, self._strength),
            logits=logits[0] if len(logits) == 1 else None,
        )


class PredictionStream:
    """Predictions for one sequence that comes bit by bit, as soon as no later frame can change them.

    They are those of `Ensemble.predict`. Models whose windows differ finalize frames at different
    times; the logits of the faster ones are buffered.
    """

    def __init__(
        self,
        streams: Sequence[LogitStream],
        ends: Sequence[int],
        combine: Callable[[Sequence[Floats]], Predictions],
    ) -> None:
        """Begin a sequence.

        Args:
            streams: one for each model.
            ends: columns where each but the last model's features end.
            combine: makes predictions of the models' logits (T, 8).
        """
        self._streams = streams
        self._ends = ends
        self._combine = combine
        self._buffered: list[list[Floats]] = [[] for _ in streams]  # logits, for each model

    @property
    def buffered(self) -> int:
        """Return the number of frames whose features are buffered."""
        return max(stream.buffered for stream in self._streams)

    def add(self, features: Floats) -> list[Predictions]:
        """Take features (T, sum of widths) of the next frames; return what is final now."""
        parts = np.split(features, self._ends, axis=1)
        for stream, part, logits in zip(self._streams, parts, self._buffered, strict=True):
            logits += stream.add(part)
        return self._finalized()

    def finish(self) -> list[Predictions]:
        """End the sequence, which has at least one frame; return the predictions that are left."""
        for stream, logits in zip(self._streams, self._buffered, strict=True):
            logits += stream.finish()
        return self._finalized()

    def _finalized(self) -> list[Predictions]:
        """Return predictions of the frames for which all models have logits, at most one batch."""
        count = min(sum(map(len, logits)) for logits in self._buffered)
        if count == 0:
            return []
        logits = [np.concatenate(one) for one in self._buffered]
        self._buffered = [[one[count:]] for one in logits]
        return [self._combine([one[:count] for one in logits])]


def mean_probabilities(predictions: Sequence[Floats]) -> Floats:
    """Return the mean over models, each class over the models that know it; rows sum to 1.

    Args:
        predictions: (T, 8) of each model, NaN for classes that it was never trained on.

    Returns:
        (T, 8) float32; NaN for classes that no model knows.
    """
    if len(predictions) == 1:
        return predictions[0]
    stacked = np.stack(predictions).astype(np.float64)
    known = ~np.isnan(stacked)
    voters = known.sum(axis=0)
    total = np.where(known, stacked, 0).sum(axis=0)
    mean = np.divide(total, voters, out=np.full(total.shape, np.nan), where=voters > 0)
    return np.asarray(mean / np.nansum(mean, axis=1, keepdims=True), dtype=np.float32)


def mean_shares(configs: Sequence[ModelConfig]) -> tuple[float, ...]:
    """Return class shares of several models, each class over the models that know it; sums to 1.

    Returns:
        8 shares, 0 for a class that no model knows; empty if a model does not state its shares.
    """
    if not all(config.class_shares for config in configs):
        return ()
    if len(configs) == 1:
        return configs[0].class_shares
    shares = np.array([config.class_shares for config in configs])
    known = np.array([[name in c.trained_expressions for name in c.expressions] for c in configs])
    total = np.where(known, shares, 0).sum(axis=0)
    mean = total / np.maximum(known.sum(axis=0), 1)
    return tuple((mean / mean.sum()).tolist())


def partly_known(configs: Sequence[ModelConfig]) -> tuple[str, ...]:
    """Return the expressions that some of the models were trained on and others were not."""
    counts = {
        name: sum(name in config.trained_expressions for config in configs)
        for name in configs[0].expressions
    }
    return tuple(name for name, count in counts.items() if 0 < count < len(configs))


def distinct_templates(templates: Sequence[CropTemplate]) -> tuple[CropTemplate, ...]:
    """Return templates of different geometry, whatever they are called; the first of each."""
    distinct: list[CropTemplate] = []
    for template in templates:
        if all(_geometry(template) != _geometry(other) for other in distinct):
            distinct.append(template)
    return tuple(distinct)


def _position(template: CropTemplate, templates: Sequence[CropTemplate]) -> int:
    return [_geometry(other) for other in templates].index(_geometry(template))


def _geometry(template: CropTemplate) -> CropTemplate:
    return replace(template, name="")
