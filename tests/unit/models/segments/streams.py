"""Streams of rows with planted groups, made here; the seeds below 400 served to choose limits, those above judge."""

import numpy as np
from numpy.typing import NDArray

from models.segments.columns import Column

COLUMNS = tuple(Column(name, "count", f"low {name}", f"high {name}", 1e-6, name) for name in "abcd")


def planted(seed: int, rows: int, groups: int = 5) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Normal groups in four columns of very different units, the nearest two between 4 and 5 standard deviations apart."""
    generator = np.random.default_rng(seed)
    deviations = np.exp(generator.normal(size=4) * 1.5)
    upper = np.triu_indices(groups, 1)
    while True:
        centres = generator.exponential(size=(groups, 4)) * 6 * deviations
        apart = np.sqrt((((centres[:, None] - centres[None]) / deviations) ** 2).sum(axis=2))[upper]
        if 4 < apart.min() < 5:
            break
    shares = np.maximum(generator.dirichlet(np.ones(groups) * 3), 0.04)
    labels = generator.choice(groups, rows, p=shares / shares.sum())
    return centres[labels] + generator.normal(size=(rows, 4)) * deviations, labels
