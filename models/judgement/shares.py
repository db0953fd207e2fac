"""Evidence that a share has changed: of so many who do one thing, more or fewer also do another."""

from collections.abc import Sequence
from math import log, sqrt
from typing import Final

from models.judgement.habit import Habit
from models.judgement.habits import MINUTE_MS, Habits
from models.judgement.site_card import SiteCard

CHANGE_ODDS: Final = 5.0
"""Factor of the odds to which the evidence is tuned: from a share of 0.2 to 0.56, from 0.5 to 0.83. Not delicate: 4 sees a change
from 0.2 to 0.6 half a minute later (`infra/bench/content_alarms.py`)."""

MARGIN_ERRORS: Final = 1.5
"""Standard errors by which the usual share is moved against the alarm. More than in `Habits`: an item has no others to lean on,
and one share learned too low by chance is an alarm for an hour."""

MIN_SHARE: Final = 0.01


class Shares(Habits):
    """Habits whose present minute is a fixed number of trials, `unit`, and whose sums count the successes among them.

    The evidence is the likelihood ratio of Bernoulli trials, which tells a share from another with fewer trials than that of
    counts without an upper end: a success among them excludes a failure. Where shares scatter more than trials do, the
    evidence is divided by how much.
    """

    __slots__ = ("_unit",)

    def __init__(self, habits: Sequence[Habit], unit: int) -> None:
        super().__init__(habits, of_many=True)
        self._unit = unit

    def _prepare(self, card: SiteCard) -> None:
        bounds = []
        for place in range(self.count):
            mean, dispersion, minutes = self.usual(place, card)
            share = _within(mean / self._unit)
            scatter = max(1.0, dispersion / (1.0 - share)) * card.moods[place]
            error = MARGIN_ERRORS * sqrt(scatter * share * (1.0 - share) / (self._unit * minutes))
            up = _evidence(_within(share + error), CHANGE_ODDS)
            down = _evidence(_within(share - error), 1.0 / CHANGE_ODDS)
            trials_a_ms = self._unit / MINUTE_MS
            bounds.append(
                (
                    1000.0 * up[0] / scatter,
                    1000.0 * up[1] / scatter * trials_a_ms,
                    -1000.0 * down[0] / scatter,
                    -1000.0 * down[1] / scatter * trials_a_ms,
                )
            )
        self._card, self._bounds = card, bounds


def _within(share: float) -> float:
    return min(max(share, MIN_SHARE), 1.0 - MIN_SHARE)


def _evidence(share: float, odds: float) -> tuple[float, float]:
    """What a success adds to the evidence that the odds are so many times as great, and what each trial takes."""
    changed = share * odds / (1.0 - share + share * odds)
    failure = log((1.0 - changed) / (1.0 - share))
    return log(changed / share) - failure, -failure
