"""Trains a small autoencoder in numpy: rows that it reconstructs badly are unlike those it has learned."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from models.anomaly.adam import Adam
from models.anomaly.robust_scale import Doubles, Floats

MAX_HIDDEN: Final = 16
MAX_CODE: Final = 16
STEPS: Final = 400
BATCH: Final = 128
LEARNING_RATE: Final = 5e-3
WEIGHT_DECAY: Final = 0.1
"""Without it the network reconstructs far rows as well as near ones, if only they lie along a direction that it knows: see
decision 69."""

TRIMMED: Final = 0.1
"""Share of the rows, those reconstructed worst, that the second training leaves out: what is odd must not be learned."""


@dataclass(frozen=True, slots=True)
class Autoencoder:
    """Weights and biases of four layers: features, hidden (tanh), code, hidden (tanh), features."""

    weights: tuple[Floats, ...]
    biases: tuple[Floats, ...]

    def residuals(self, squashed: Doubles) -> Doubles:
        """Returns value minus reconstruction; NaN where the value is unknown, which the network reads as the median."""
        values = np.where(np.isnan(squashed), 0.0, squashed)
        for layer, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            values = values @ weight + bias
            if layer % 2 == 0:
                values = np.tanh(values)
        residuals: Doubles = squashed - values
        return residuals

    def errors(self, squashed: Doubles) -> Doubles:
        """Returns the root of the mean squared residual over the known features; NaN for a row without any."""
        residuals = self.residuals(squashed)
        known = ~np.isnan(residuals)
        squares = np.where(known, residuals, 0.0) ** 2
        with np.errstate(invalid="ignore"):
            errors: Doubles = np.sqrt(squares.sum(axis=1) / known.sum(axis=1))
        return errors


def fit_autoencoder(squashed: Doubles, seed: int) -> Autoencoder:
    """Trains on the rows, then anew without the tenth that came out worst. The same rows and seed give the same network.

    Rows of which nothing is known are left out. Raises ValueError where none is left.
    """
    squashed = squashed[~np.isnan(squashed).all(axis=1)]
    if len(squashed) == 0:
        raise ValueError("no row has a known feature that varies")
    first = _train(squashed, seed)
    errors = first.errors(squashed)
    return _train(squashed[errors <= np.quantile(errors, 1.0 - TRIMMED)], seed)


def layer_sizes(features: int) -> tuple[int, int]:
    """Sizes of the hidden layers and the code: a code of a third of the features must leave something out.

    >>> layer_sizes(10), layer_sizes(1)
    ((10, 3), (4, 1))
    """
    return min(max(features, 4), MAX_HIDDEN), min(max(features // 3, 1), MAX_CODE)


def _train(squashed: Doubles, seed: int) -> Autoencoder:
    random = np.random.default_rng(seed)
    features = squashed.shape[1]
    hidden, code = layer_sizes(features)
    sizes = (features, hidden, code, hidden, features)
    weights = [(random.normal(size=(ins, outs)) / np.sqrt(ins)).astype(np.float32) for ins, outs in pairwise(sizes)]
    biases = [np.zeros(outs, dtype=np.float32) for outs in sizes[1:]]
    known = (~np.isnan(squashed)).astype(np.float32)
    values = np.nan_to_num(squashed).astype(np.float32)
    optimiser = Adam([*weights, *biases], LEARNING_RATE, STEPS)
    for _ in range(STEPS):
        chosen = random.integers(0, len(values), BATCH)
        slopes = _gradients(weights, biases, values[chosen], known[chosen])
        for weight, slope in zip(weights, slopes, strict=False):
            slope += np.float32(WEIGHT_DECAY) * weight
        optimiser.step(slopes)
    return Autoencoder(tuple(weights), tuple(biases))


def _gradients(weights: list[Floats], biases: list[Floats], batch: Floats, known: Floats) -> list[Floats]:
    """Gradients of the mean squared residual of known features: of the weights, then of the biases."""
    ways = [batch]
    for layer, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
        values = ways[-1] @ weight + bias
        ways.append(np.tanh(values) if layer % 2 == 0 else values)
    slope = (ways[-1] - batch) * known * np.float32(2.0 / batch.size)
    of_weights: list[Floats] = []
    of_biases: list[Floats] = []
    for layer in range(len(weights) - 1, -1, -1):
        if layer % 2 == 0:
            slope = slope * (1.0 - ways[layer + 1] ** 2)
        of_weights.append(ways[layer].T @ slope)
        of_biases.append(slope.sum(axis=0))
        slope = slope @ weights[layer].T
    return [*reversed(of_weights), *reversed(of_biases)]
