"""What is usual for a reader, habit by habit, and the evidence that it has changed."""

from collections.abc import Sequence
from math import log, sqrt
from struct import Struct
from typing import Final

from models.judgement.habit import Habit
from models.judgement.scales import bin_of, step_of
from models.judgement.site_card import SiteCard, SiteView
from models.judgement.site_statistics import SiteStatistics

MINUTE_MS: Final = 60_000.0

HALF_LIFE_MINUTES: Final = 10.0
"""Present minutes after which what was learned counts half: longer than a mood worth a command (4), shorter than the day."""

CHANGE_DEVIATIONS: Final = 2.0
"""The smallest change worth a command, in standard deviations of a minute; the evidence is tuned to it."""

MARGIN_ERRORS: Final = 1.0
"""Standard errors by which the own mean is moved against the alarm: a mean of few minutes may be wrong by that much."""

MAX_SLICE_NATS: Final = 2.0
"""Nats that one slice adds at most: five nats are three slices or more, so one wild value never decides."""

MAX_NATS: Final = 12.0
"""Nats that are kept at most: more would only delay the way back."""

LEARNING_GATE_NATS: Final = 3.0
"""From so much evidence a minute no longer teaches the level. By chance one slice in thirty gets there."""

SHIFT_NATS: Final = 5.5
"""Evidence from which a habit counts as shifted: 0.06 times an hour by chance on normal values."""

MAX_HELD_DEVIATIONS: Final = 2.0
"""A minute beyond the gate teaches the spread up to so many deviations; else quiet minutes alone would."""

MAX_TAUGHT_DEVIATIONS: Final = 3.0

PATIENCE_MINUTES: Final = 10
"""Minutes beyond the gate in a row after which the change is the norm."""

SPREAD_MINUTES: Final = 5.0
"""Minutes of an average reader that the site's dispersion counts for; a variance from fewer is noise."""

MIN_VARIATION: Final = 0.05
"""No minute is thought to vary by less than this share of its mean."""

_SKIPS: Final = 200
"""`held` beyond this is so many minutes that teach nothing: they began before the habit was counted."""

_MINUTE_ENDS_MS: Final = 59_990
_MAX_SUM: Final = 2**31 - 1
_MAX_SUM_OF_MANY: Final = 2**62
_KEEP: Final = float(2.0 ** (-1.0 / HALF_LIFE_MINUTES))
_KEPT_AT_NEW_NORM: Final = 0.2
_NAN: Final = float("nan")


class Habits:
    """Forgotten means and dispersions of one reader's present minutes, and evidence of change, up and down.

    A present minute's sum has mean m and variance phi * m. For a slice with sum x and e present minutes, the evidence that the
    mean is r times as great now is (x ln r - m e (r - 1)) / phi nats (quasi-likelihood ratio: Wedderburn 1974, Biometrika
    61), summed while positive (Page 1954, Biometrika 41). r is such that the change is `CHANGE_DEVIATIONS` of a minute.
    Mean and dispersion are shrunk to the site's (empirical Bayes), so the first minutes have an answer.

    A minute teaches when the next one is over: what is judged and what it is judged by share no second.
    """

    __slots__ = (
        "_bounds",
        "_card",
        "_floors",
        "_max_sum",
        "_single",
        "_taught",
        "_usual",
        "count",
        "down",
        "held",
        "last_offs",
        "minutes",
        "of_many",
        "present_ms",
        "previous_ms",
        "previous_sums",
        "squares",
        "sums",
        "totals",
        "up",
    )

    def __init__(self, habits: Sequence[Habit], of_many: bool = False) -> None:
        """`of_many`: sums are over any number of readers; those of one reader's minute fit into four bytes each."""
        count = len(habits)
        self.count = count
        self.of_many = of_many
        self._max_sum = _MAX_SUM_OF_MANY if of_many else _MAX_SUM
        self._floors: list[float] = [habit.floor for habit in habits]
        self.minutes: list[float] = [0.0] * count
        """Forgotten sums over taught minutes: minutes (times the site's level), values, squared deviations."""
        self.totals: list[float] = [0.0] * count
        self.squares: list[float] = [0.0] * count
        self.last_offs: list[float] = [_NAN] * count
        """Deviation of the last taught minute; NaN where it is not to be compared with the next."""
        self.up: list[int] = [0] * count
        """Evidence in thousandths of a nat."""
        self.down: list[int] = [0] * count
        self.held: list[int] = [0] * count
        """Minutes beyond the gate in a row."""
        self.sums: list[int] = [0] * count
        """The minute under way, and the one before, which has not taught yet."""
        self.previous_sums: list[int] = [0] * count
        self.present_ms = 0
        self.previous_ms = 0
        self._card: SiteCard | None = None
        self._bounds: list[tuple[float, float, float, float]] = []
        self._usual: list[tuple[float, float, float]] = []
        """What `usual` says by `_card`, until a minute has taught something."""
        self._single = Struct(f"<{4 * count}f")
        self._taught = b""

    def usual(self, place: int, card: SiteCard) -> tuple[float, float, float]:
        """Mean of a present minute at level 1, dispersion, and the minutes that the mean rests on."""
        weight, common = card.weights[place], card.means[place] / card.level[place]
        minutes = self.minutes[place] + weight
        mean = (self.totals[place] + weight * common) / minutes
        prior = SPREAD_MINUTES * common
        mass = self.totals[place] + prior
        dispersion = (self.squares[place] + prior * card.dispersions[place]) / mass if mass > 0.0 else 0.0
        least = MIN_VARIATION * MIN_VARIATION * mean
        if least < self._floors[place]:
            least = self._floors[place]
        return mean, (dispersion if dispersion > least else least), minutes

    def _known_usual(self, place: int, card: SiteCard) -> tuple[float, float, float]:
        """As `usual`, which is computed once where several ask."""
        return self._usual[place] if self._usual and self._card is card else self.usual(place, card)

    def _prepare(self, card: SiteCard) -> None:
        """Computes gain a unit and loss a present ms for each habit, upwards and downwards, in thousandths of a nat."""
        bounds, usual = [], []
        for place in range(self.count):
            mean, dispersion, minutes = self.usual(place, card)
            usual.append((mean, dispersion, minutes))
            dispersion *= card.moods[place]
            error = MARGIN_ERRORS * sqrt(dispersion * mean / minutes)
            low = mean - error
            change = CHANGE_DEVIATIONS * sqrt(dispersion / mean) if mean > 0.0 else 3.0
            more, less = 1.0 + min(change, 3.0), 1.0 - min(change, 0.75)
            bounds.append(
                (
                    1000.0 * log(more) / dispersion,
                    (mean + error) * (more - 1.0) / dispersion / 60.0,
                    -1000.0 * log(less) / dispersion,
                    (low if low > 0.0 else 0.0) * (1.0 - less) / dispersion / 60.0,
                )
            )
        self._card, self._bounds, self._usual = card, bounds, usual

    def on_slice(
        self,
        values: Sequence[int],
        present_ms: int,
        view: SiteView,
        site: SiteStatistics | None = None,
        may_end_minute: bool = True,
    ) -> None:
        """Adds one slice: its sums, and how long the reader was present in it. `site` also collects what it teaches.

        A present minute that is full goes on until a slice in which it `may_end_minute`.
        """
        if self._card is not view.card:
            self._prepare(view.card)
        tide, up, down, sums, place = view.tide, self.up, self.down, self.sums, 0
        cap, ceiling, length, most = 1000.0 * MAX_SLICE_NATS, 1000.0 * MAX_NATS, float(present_ms), self._max_sum
        for gain, loss, fall, rise in self._bounds:
            value = float(values[place])
            scaled_ms = tide[place] * length
            nats = gain * value - loss * scaled_ms
            if nats > cap:
                nats = cap
                # What lies beyond the cap teaches nothing either.
                value = (cap + loss * scaled_ms) / gain
            nats += up[place]
            up[place] = 0 if nats <= 0.0 else int(nats if nats < ceiling else ceiling)
            nats = rise * scaled_ms - fall * value
            nats = down[place] + (-cap if nats < -cap else nats if nats < cap else cap)
            down[place] = 0 if nats <= 0.0 else int(nats if nats < ceiling else ceiling)
            total = sums[place] + int(value)
            sums[place] = total if total < most else most
            place += 1  # noqa: SIM113
        self.present_ms += present_ms
        if may_end_minute and self.present_ms >= _MINUTE_ENDS_MS:
            self._end_minute(view, site)

    def _end_minute(self, view: SiteView, site: SiteStatistics | None) -> None:
        """Lets the minute before the one that ends now teach, and begins the next."""
        minutes = self.previous_ms / MINUTE_MS
        if minutes > 0.0:
            for place in range(self.count):
                self._learn(place, self.previous_sums[place], minutes, view, site)
            # Rounded to single precision at once, so that text in state loses nothing.
            self._taught = self._pack_taught()
            numbers, count = self._single.unpack(self._taught), self.count
            self.minutes, self.totals = list(numbers[:count]), list(numbers[count : 2 * count])
            self.squares, self.last_offs = list(numbers[2 * count : 3 * count]), list(numbers[3 * count :])
        self.previous_sums, self.previous_ms = self.sums, self.present_ms
        self.sums, self.present_ms = [0] * self.count, 0
        self._prepare(view.card)

    def _pack_taught(self) -> bytes:
        return self._single.pack(*self.minutes, *self.totals, *self.squares, *self.last_offs)

    @property
    def taught_bytes(self) -> bytes:
        """Minutes, totals, squares and last deviations in single precision, little-endian. They change once a minute."""
        if not self._taught:
            self._taught = self._pack_taught()
        return self._taught

    def _learn(self, place: int, value: int, minutes: float, view: SiteView, site: SiteStatistics | None) -> None:
        if self.held[place] > _SKIPS:
            self.held[place] = self.held[place] - 1 if self.held[place] > _SKIPS + 1 else 0
            return
        card, swell = view.card, view.swell[place]
        gate = 1000.0 * LEARNING_GATE_NATS
        mean, dispersion, _ = self.usual(place, card)
        scaled = minutes * swell
        spread = sqrt(dispersion * mean * swell)
        off, before = (value - mean * scaled) / sqrt(minutes), self.last_offs[place]
        nats = self.up[place] if self.up[place] > self.down[place] else self.down[place]
        held = nats >= gate
        strange = nats >= 2.0 * gate
        if held and self.held[place] + 1 >= PATIENCE_MINUTES:
            # The change has lasted: the new level is the norm.
            self.minutes[place] *= _KEPT_AT_NEW_NORM
            self.totals[place] *= _KEPT_AT_NEW_NORM
            self.squares[place] *= _KEPT_AT_NEW_NORM
            self.up[place] = self.down[place] = 0
            held = strange = False
        experienced = self.minutes[place] > 2.0
        off = _clipped(off, (MAX_HELD_DEVIATIONS if strange else MAX_TAUGHT_DEVIATIONS) * spread)
        if site is not None:
            site.add_spread(place, mean * scaled, off * off)
            if experienced and before == before and not strange:
                site.add_mood(place, off * before, max(0.5 * (off * off + before * before), spread * spread))
            if not held:
                common = card.means[place] / card.level[place]
                apart = _NAN
                if experienced and scaled > 0.0:
                    apart = (value / scaled - common) * (self.totals[place] / self.minutes[place] - common)
                site.add_minute(place, value, minutes, apart)
        self.last_offs[place] = _NAN if strange else off
        self.held[place] = self.held[place] + 1 if held else 0
        if held:
            off = _clipped(off, MAX_HELD_DEVIATIONS * spread)
        self.minutes[place] = self.minutes[place] * _KEEP + scaled
        self.totals[place] = self.totals[place] * _KEEP + (mean * scaled if held else value)
        self.squares[place] = self.squares[place] * _KEEP + off * off

    def begin_anew(self, places: Sequence[int]) -> None:
        """Forgets these habits. The minutes under way, in which they were not counted, teach them nothing: that is no zero."""
        skipped = (self.previous_ms > 0) + (self.present_ms > 0)
        for place in places:
            self.minutes[place] = self.totals[place] = self.squares[place] = 0.0
            self.last_offs[place] = _NAN
            self.up[place] = self.down[place] = self.sums[place] = self.previous_sums[place] = 0
            self.held[place] = _SKIPS + skipped if skipped else 0
        self._card, self._taught = None, b""

    def recent(self, place: int) -> float:
        """A present minute's sum as of late: over the minute under way and the one before. 0 before the first."""
        present = self.present_ms + self.previous_ms
        return (self.sums[place] + self.previous_sums[place]) * MINUTE_MS / present if present else 0.0

    def expected(self, place: int, view: SiteView) -> float:
        """What is usual for this reader in a present minute while the site is as it is now."""
        return self._known_usual(place, view.card)[0] * view.swell[place]

    def rank(self, place: int, card: SiteCard) -> float | None:
        """Share of the site's minutes that lie below the recent one; None while the site is not known."""
        if not card.knows(place):
            return None
        step = step_of(self.recent(place))
        return card.ranks[place][step - 1] if step else 0.0

    def raw_score(self, place: int, value: float, minutes: float, view: SiteView) -> float:
        """Distance of a window's sum from what is usual, on a scale where a dispersed count has spread one.

        Source: Anscombe (1948), Biometrika 35, for the square roots; the last factor adds the mean's own uncertainty.
        """
        mean, dispersion, taught = self._known_usual(place, view.card)
        usual = mean * minutes * view.swell[place]
        distance = 2.0 * (sqrt(value / dispersion + 0.375) - sqrt(usual / dispersion + 0.375))
        return distance / sqrt(1.0 + minutes / taught)


def calibrated(place: int, raw: float, card: SiteCard) -> float:
    """The z that is as rare under the normal law as `raw` is on this site; `raw` itself while the site is not known."""
    if not card.scores or not card.scores[place]:
        return raw
    return card.scores[place][bin_of(raw)]


def _clipped(value: float, bound: float) -> float:
    return bound if value > bound else -bound if value < -bound else value
