"""Examples whose lengths follow from two numbers and nothing else, as a model of length learns them."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.learning.examples import Examples
from models.learning.options import TrainingOptions

NOON_MS = 1_760_000_400_000
LENGTH = TrainingOptions("length", "preferred_content_length", parity_rows=500)
TONE = TrainingOptions("tone", "preferred_tone", parity_rows=500)

Texts = Callable[[np.random.Generator, int], NDArray[Any]]


def phone_or_desktop(random: np.random.Generator, rows: int) -> NDArray[Any]:
    return np.array(random.choice(["phone", "desktop"], rows), dtype=object)


def planted(rows: int, seed: int, device: Texts = phone_or_desktop, noise: float = 20.0) -> Examples:
    """One row a second from noon; `device` has nothing to do with the length."""
    random = np.random.default_rng(seed)
    rate, pages = random.uniform(0.0, 10.0, rows), random.uniform(0.0, 10.0, rows)
    length = 400.0 + 60.0 * np.sin(rate * 1.3) + 60.0 * np.cos(pages) + random.normal(0.0, noise, rows)
    values = {"click_rate": rate, "pages": pages, "device": device(random, rows)}
    return Examples(values, length, "planted", NOON_MS + np.arange(rows, dtype=np.int64) * 1_000)
