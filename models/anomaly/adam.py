"""Adam, the optimiser of Kingma and Ba (2015), ICLR, algorithm 1, in numpy."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from models.anomaly.robust_scale import Floats

_MEAN: Final = 0.9
_SQUARE: Final = 0.999
_EPSILON: Final = 1e-8
"""The three constants of the paper."""


class Adam:
    """Changes `parameters` in place. The learning rate falls to zero along half a cosine over `steps`."""

    def __init__(self, parameters: Sequence[Floats], rate: float, steps: int) -> None:
        self._parameters = parameters
        self._rate = rate
        self._steps = steps
        self._done = 0
        self._means = [np.zeros_like(each) for each in parameters]
        self._squares = [np.zeros_like(each) for each in parameters]

    def step(self, gradients: Sequence[Floats]) -> None:
        """Goes one step against the gradients."""
        rate = self._rate * 0.5 * (1.0 + np.cos(np.pi * self._done / self._steps))
        self._done += 1
        rate *= np.sqrt(1.0 - _SQUARE**self._done) / (1.0 - _MEAN**self._done)
        groups = zip(self._parameters, gradients, self._means, self._squares, strict=True)
        for parameter, gradient, mean, square in groups:
            mean += (1.0 - _MEAN) * (gradient - mean)
            square += (1.0 - _SQUARE) * (gradient * gradient - square)
            parameter -= np.float32(rate) * mean / (np.sqrt(square) + np.float32(_EPSILON))
