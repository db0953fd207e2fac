"""Integer sums over the minutes of many sessions, and the card that follows from them."""

from collections.abc import Sequence
from typing import Any, Final

from models.judgement.calibration import calibrated_z, cumulative_shares
from models.judgement.habit import Habit
from models.judgement.layout import StoredLayout, taken
from models.judgement.scales import BINS, STEPS, bin_of, step_of
from models.judgement.silence import GAP_BOUNDS_MS, MAX_GAP_MS, site_silence_ms
from models.judgement.site_card import SiteCard

CARD_MS: Final = 300_000
"""Length of a bucket; a card is made at the end of each."""

MAX_BUCKETS: Final = 6
"""Buckets that a card is made from: half an hour."""

MIN_MINUTES: Final = 200
"""Taught minutes of each habit before a card replaces the one that ships."""

MIN_PAGES: Final = 50

MAX_TYPES: Final = 64
"""Content types on a card, the most opened: what a page says of its type, anybody can make up."""

MAX_BUCKET_TYPES: Final = 256
"""Content types that a bucket keeps once it is over."""

_MINUTE_MS: Final = 60_000.0
_HOUR_MS: Final = 3_600_000.0
_MIN_VARIATION: Final = 0.05
_MAX_CORRELATION: Final = 0.6

_SLOW_MOODS: Final = 1.0
"""A pace that drifts is remembered for longer than the correlation of one minute with the next tells, since each minute adds
noise of its own: strong moods are slow ones. Weak ones are not touched. Set on the world `drifting`, seeds 21 to 23."""
_WEIGHTS: Final = (0.5, 15.0)
_HUNDREDTHS: Final = 100.0
_NAN: Final = float("nan")


class Bucket:
    """Sums of five minutes. Integers, so that no order of the sessions matters."""

    __slots__ = ("active_ms", "bins", "counts", "gaps", "lacks", "present_ms", "sessions", "steps", "types")

    def __init__(self, places: int) -> None:
        self.counts: list[list[int]] = [[0] * places for _ in range(len(_COUNTS))]
        self.gaps: list[int] = [0] * len(GAP_BOUNDS_MS)
        self.present_ms = 0
        self.active_ms = 0
        self.types: dict[str, int] = {}
        self.steps: list[list[int]] = [[0] * STEPS for _ in range(places)]
        self.bins: list[list[int]] = [[0] * BINS for _ in range(places)]
        self.sessions: set[str] = set()
        self.lacks: set[int] = set()
        """Places of features that the job did not have yet."""


_COUNTS: Final = ("values", "ms", "squares", "mass", "apart", "pairs", "products", "product_squares", "flow")
_VALUES, _MS, _SQUARES, _MASS, _APART, _PAIRS, _PRODUCTS, _PRODUCT_SQUARES, _FLOW = range(len(_COUNTS))


class SiteStatistics:
    """Collects what sessions teach. Its methods may be called in any order between two cards.

    A place names a habit, or behind the habits a level, which has only scores, ranks and a mean.
    """

    def __init__(self, habits: Sequence[Habit], shipped: SiteCard, levels: int = 0) -> None:
        self._habits = habits
        self._places = len(habits) + levels
        self._shipped = shipped
        self._buckets = [Bucket(self._places)]
        self._base: list[float] = []

    def add_minute(self, place: int, value: int, minutes: float, apart: float) -> None:
        """A minute that taught the level. `apart` is the product of its and the own mean's distance from the site's
        mean, NaN where the reader is too new."""
        bucket = self._buckets[-1]
        bucket.counts[_VALUES][place] += value
        bucket.counts[_MS][place] += int(minutes * _MINUTE_MS)
        if apart == apart:
            bucket.counts[_APART][place] += int(apart * _HUNDREDTHS)
            bucket.counts[_PAIRS][place] += 1
        bucket.steps[place][step_of(value / minutes)] += 1

    def add_spread(self, place: int, mass: float, square: float) -> None:
        bucket = self._buckets[-1]
        bucket.counts[_MASS][place] += int(mass * _HUNDREDTHS)
        bucket.counts[_SQUARES][place] += int(square * _HUNDREDTHS)

    def add_mood(self, place: int, product: float, square: float) -> None:
        """Product of the deviations of two minutes in a row, and what it is to be divided by."""
        bucket = self._buckets[-1]
        bucket.counts[_PRODUCTS][place] += int(product * _HUNDREDTHS)
        bucket.counts[_PRODUCT_SQUARES][place] += int(square * _HUNDREDTHS)

    def add_level(self, place: int, whole: float) -> None:
        """A window's value of a level, in whole units; unknown ones are left out."""
        if whole != whole:
            return
        bucket = self._buckets[-1]
        bucket.counts[_VALUES][place] += int(whole)
        bucket.counts[_PAIRS][place] += 1
        bucket.steps[place][step_of(whole)] += 1

    def add_score(self, place: int, score: float) -> None:
        """The raw score of a window."""
        self._buckets[-1].bins[place][bin_of(score)] += 1

    def add_slice(self, session: str, values: Sequence[int], present_ms: int, active_ms: int) -> None:
        """A slice of a session: its sums, how long the reader was present, and its length where anything came."""
        bucket = self._buckets[-1]
        bucket.present_ms += present_ms
        bucket.active_ms += active_ms
        bucket.sessions.add(session)
        flow = bucket.counts[_FLOW]
        for place, value in enumerate(values):
            flow[place] += value

    def add_gap(self, length_ms: int) -> None:
        """A silence that has ended, with the page in view."""
        if length_ms < MAX_GAP_MS:
            for place, bound in enumerate(GAP_BOUNDS_MS):
                self._buckets[-1].gaps[place] += length_ms >= bound

    def add_page(self, content_type: str) -> None:
        types = self._buckets[-1].types
        types[content_type] = types.get(content_type, 0) + 1

    def end_bucket(self) -> SiteCard:
        """The card of the last half hour; begins the next bucket."""
        card = self._card()
        self._buckets[-1].types = _most_opened(self._buckets[-1].types, MAX_BUCKET_TYPES)
        self._buckets = [*self._buckets, Bucket(self._places)][-MAX_BUCKETS:]
        return card

    def _sum(self, kind: int) -> list[int]:
        return [sum(bucket.counts[kind][place] for bucket in self._buckets) for place in range(self._places)]

    def _shares(self) -> dict[str, float]:
        types: dict[str, int] = {}
        for bucket in self._buckets:
            for name, count in bucket.types.items():
                types[name] = types.get(name, 0) + count
        pages = sum(types.values())
        if pages < MIN_PAGES:
            return {}
        return {name: count / pages for name, count in sorted(_most_opened(types, MAX_TYPES).items())}

    def _card(self) -> SiteCard:
        shares, shipped, buckets = self._shares(), self._shipped, self._buckets
        values, lengths = self._sum(_VALUES), self._sum(_MS)
        readers = len(set().union(*(bucket.sessions for bucket in buckets)))
        added = self._added()
        known = [lengths[place] for place in range(len(self._habits)) if place not in added]
        if min(known, default=0) < MIN_MINUTES * _MINUTE_MS:
            return SiteCard(
                shipped.means, shipped.dispersions, shipped.moods, shipped.weights, [], [], [], shipped.level, shares,
                readers=readers,
            )  # fmt: skip
        squares, mass, apart, pairs = (self._sum(kind) for kind in (_SQUARES, _MASS, _APART, _PAIRS))
        products, product_squares, flow = (self._sum(kind) for kind in (_PRODUCTS, _PRODUCT_SQUARES, _FLOW))
        added = {place for place in added if lengths[place] < MIN_MINUTES * _MINUTE_MS}
        means, dispersions, moods, weights = [], [], [], []
        for place, habit in enumerate(self._habits):
            if place in added:
                means.append(shipped.means[place])
                dispersions.append(shipped.dispersions[place])
                moods.append(shipped.moods[place])
                weights.append(shipped.weights[place])
                continue
            mean = values[place] * _MINUTE_MS / lengths[place]
            dispersion = squares[place] / mass[place] if mass[place] else 0.0
            dispersion = max(dispersion, habit.floor, _MIN_VARIATION**2 * mean)
            correlation = products[place] / product_squares[place] if product_squares[place] else 0.0
            correlation = min(max(correlation, 0.0), _MAX_CORRELATION)
            between = apart[place] / _HUNDREDTHS / pairs[place] if pairs[place] else 0.0
            between = max(between, (_MIN_VARIATION * mean) ** 2, 1e-9)
            means.append(mean)
            dispersions.append(dispersion)
            mood = (1.0 + correlation) / (1.0 - correlation)
            moods.append(mood * (1.0 + _SLOW_MOODS * (mood - 1.0) ** 2))
            weights.append(min(max(dispersion * mean / between, _WEIGHTS[0]), _WEIGHTS[1]))
        for place in range(len(self._habits), self._places):
            means.append(values[place] / pairs[place] if pairs[place] else _NAN)
        flows = [max(flow[place] / self._active_minutes(place), 1e-9) for place in range(len(self._habits))]
        bases = self._base or [0.0] * len(flows)
        self._base = [
            0.0 if place in added else base or flow for place, (base, flow) in enumerate(zip(bases, flows, strict=True))
        ]
        present = sum(bucket.present_ms for bucket in buckets)
        gaps = [sum(bucket.gaps[place] for bucket in buckets) for place in range(len(GAP_BOUNDS_MS))]
        return SiteCard(
            means,
            dispersions,
            moods,
            weights,
            [[] if place in added else self._ranks(place) for place in range(self._places)],
            [[] if place in added else calibrated_z(self._histogram("bins", place)) for place in range(self._places)],
            self._base,
            [max(now / base, 1e-3) if base else 1.0 for now, base in zip(flows, self._base, strict=True)],
            shares,
            site_silence_ms(gaps, max(present / _HOUR_MS, 1e-9)),
            gaps[1] * _MINUTE_MS / max(present, 1),
            readers,
        )

    def _added(self) -> set[int]:
        """Habits that were added to a running job. Each waits by itself until it is known; the others do not wait for it."""
        without_base = {place for place, base in enumerate(self._base) if not base}
        lacking = {place for bucket in self._buckets for place in bucket.lacks if place < len(self._habits)}
        return without_base | lacking

    def _active_minutes(self, place: int) -> float:
        """Length of the slices in which the habit would have been counted."""
        active_ms = sum(bucket.active_ms for bucket in self._buckets if place not in bucket.lacks)
        return max(active_ms / _MINUTE_MS, 1e-9)

    def forget(self, place: int) -> None:
        """Drops what the bucket under way has collected of a habit or level, which its windows lack in part."""
        bucket = self._buckets[-1]
        bucket.lacks.add(place)
        for counts in bucket.counts:
            counts[place] = 0
        bucket.steps[place], bucket.bins[place] = [0] * STEPS, [0] * BINS

    def _ranks(self, place: int) -> list[float]:
        """Empty where there was no value: an added level has none at first."""
        counts = self._histogram("steps", place)
        return cumulative_shares(counts) if any(counts) else []

    def _histogram(self, name: str, place: int) -> list[int]:
        histograms: list[list[int]] = [getattr(bucket, name)[place] for bucket in self._buckets]
        return [sum(counts) for counts in zip(*histograms, strict=True)]

    def to_json(self) -> dict[str, Any]:
        """The sums as plain data, histograms as {place: count}."""
        return {
            "base": self._base,
            "buckets": [
                {
                    "counts": bucket.counts,
                    "gaps": bucket.gaps,
                    "present_ms": bucket.present_ms,
                    "active_ms": bucket.active_ms,
                    "types": bucket.types,
                    "steps": [_sparse(counts) for counts in bucket.steps],
                    "bins": [_sparse(counts) for counts in bucket.bins],
                    "sessions": sorted(bucket.sessions),
                    "lacks": sorted(bucket.lacks),
                }
                for bucket in self._buckets
            ],
        }

    @classmethod
    def from_json(
        cls, data: dict[str, Any], habits: Sequence[Habit], shipped: SiteCard, levels: int, stored: StoredLayout
    ) -> "SiteStatistics":
        """The statistics that `to_json` wrote, read by name: what `stored` lacks begins anew."""
        self = cls(habits, shipped, levels)
        base = taken(data["base"], stored.habits, 0.0) if data["base"] else []
        self._base = [float(each) for each in base] if any(base) else []
        self._buckets = []
        for each in data["buckets"]:
            bucket = Bucket(self._places)
            bucket.counts, bucket.gaps = [taken(counts, stored.all, 0) for counts in each["counts"]], each["gaps"]
            bucket.present_ms, bucket.active_ms = each["present_ms"], each["active_ms"]
            bucket.types, bucket.sessions = each["types"], set(each["sessions"])
            # The last one has just begun.
            is_over = each is not data["buckets"][-1]
            bucket.lacks = {
                place for place, at in enumerate(stored.all) if at in each.get("lacks", ()) or (at < 0 and is_over)
            }
            nothing: dict[str, int] = {}
            for name in ("steps", "bins"):
                for counts, sparse in zip(getattr(bucket, name), taken(each[name], stored.all, nothing), strict=True):
                    for place, count in sparse.items():
                        counts[int(place)] = count
            self._buckets.append(bucket)
        return self


def _most_opened(types: dict[str, int], limit: int) -> dict[str, int]:
    """The types with the most pages; of equal ones those that come first by name."""
    if len(types) <= limit:
        return types
    return dict(sorted(types.items(), key=lambda item: (-item[1], item[0]))[:limit])


def _sparse(counts: list[int]) -> dict[str, int]:
    return {str(place): count for place, count in enumerate(counts) if count}
