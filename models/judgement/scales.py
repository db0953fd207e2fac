"""Integer scales for histograms that are summed over sessions."""

from typing import Final

STEPS: Final = 96
"""Steps of a quarter octave, up to 2**23."""

BINS: Final = 192
"""Eighths of a raw score, from -6 to 18."""


def step_of(value: float) -> int:
    """Place of a value on the scale of quarter octaves; 0 for nothing, 1 for anything below 1.

    >>> [step_of(value) for value in (0.0, 0.5, 1.0, 2.0, 3.0, 1e9)]
    [0, 1, 1, 5, 7, 95]
    """
    if value < 1.0:
        return 0 if value <= 0.0 else 1
    whole = int(value)
    octave = whole.bit_length() - 1
    step = 1 + 4 * octave + ((whole << 2 >> octave) & 3)
    return step if step < STEPS else STEPS - 1


def bin_of(score: float) -> int:
    """Place of a raw score among the bins; scores beyond the ends go into the first or last.

    >>> [bin_of(score) for score in (-9.0, -6.0, 0.0, 0.13, 99.0)]
    [0, 0, 48, 49, 191]
    """
    place = int((score + 6.0) * 8.0)
    return 0 if place < 0 else place if place < BINS else BINS - 1
