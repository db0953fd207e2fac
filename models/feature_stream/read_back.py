"""Decides what a learner that starts reads again: it keeps no state of its own."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from schemas.model_cards import ModelCard

BACK_MS: Final = 7 * 24 * 3_600_000
"""How much is read again for live errors. Not only back to the version before the one in force: that may have had too few
outcomes to compare with, and then an earlier one is wanted."""

REFERENCE_MS: Final = 24 * 3_600_000
"""The end of a training range that is the reference for drift: a day holds all hours."""


class InForce(NamedTuple):
    """A version in force: since when (event time), and the event times between which its rows lay, where the card says."""

    version: int
    from_ms: int
    trained_ms: tuple[int, int] | None


def in_force_of(card: ModelCard, from_ms: int) -> InForce:
    """What an announcement says of a version."""
    known = card.trained_from_ms is not None and card.trained_until_ms is not None
    trained_ms = (card.trained_from_ms or 0, card.trained_until_ms or 0) if known else None
    return InForce(card.version, from_ms, trained_ms)


def live_from_ms(newest_ms: int, in_force: Iterable[InForce]) -> int:
    """From when on rows are read for live errors: a week before the newest row, where any version is in force, else
    `newest_ms`.

    >>> day = 86_400_000
    >>> live_from_ms(100 * day, [InForce(2, 99 * day, None)]) == 93 * day, live_from_ms(5, [])
    (True, 5)
    """
    return newest_ms - BACK_MS if any(True for _ in in_force) else newest_ms


def reference_range(in_force: Mapping[str, InForce], wanted: Sequence[str]) -> tuple[int, int] | None:
    """The last day of the newest training range of the models in force; of those that are `wanted`, where any is. None where no
    card says."""
    newest = _newest(in_force, wanted)
    return None if newest is None or newest.trained_ms is None else last_day(newest.trained_ms)


def answers(in_force: Mapping[str, InForce], wanted: Sequence[str], drift_ms: int) -> bool:
    """Whether the model of that range was trained on readers of after a drift, or came into force after it.

    >>> answers({"length": InForce(2, 50, (0, 40))}, ["length"], 45), answers({"length": InForce(2, 50, (0, 40))}, [], 60)
    (True, False)
    """
    newest = _newest(in_force, wanted)
    return newest is not None and (newest.from_ms > drift_ms or (newest.trained_ms or (0, 0))[1] > drift_ms)


def _newest(in_force: Mapping[str, InForce], wanted: Sequence[str]) -> InForce | None:
    """The model in force whose training range ends last, of those that are `wanted`, where any has one."""
    known = {name: each for name, each in in_force.items() if each.trained_ms is not None}
    chosen = [known[name] for name in wanted if name in known] or list(known.values())
    return max(chosen, key=lambda each: (each.trained_ms or (0, 0))[1], default=None)


def last_day(range_ms: tuple[int, int]) -> tuple[int, int]:
    """The end of a training range that is the reference for drift.

    >>> last_day((0, 200_000_000)), last_day((0, 5))
    ((113600000, 200000000), (0, 5))
    """
    from_ms, until_ms = range_ms
    return max(from_ms, until_ms - REFERENCE_MS), until_ms
