"""What is usual on a site, as constants that sessions judge by until the next card."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from models.judgement.habit import Habit
from models.judgement.layout import SESSION_HABITS, StoredLayout, taken

_NAN: Final = float("nan")


@dataclass(frozen=True)
class SiteCard:
    """One entry per habit, in the order of the layout. `means` are of a present minute; those of the levels follow.

    `dispersions` are the variance of one reader's minutes by their mean, `moods` how much more several minutes together vary
    than single ones suggest, `weights` the minutes that the site's mean counts for beside a reader's own. `ranks` are the
    shares of the site's minutes at or below each step (`scales.step_of`), `scores` the calibrated z of each bin
    (`scales.bin_of`), for habits and levels; both are empty while the site is not known. `base` and `level` relate the
    site's present level to that of its first card. A habit or level of a feature that has been added to a running job has empty
    `ranks` and `scores` and a `base` of 0 until it is known as well.
    """

    means: Sequence[float]
    dispersions: Sequence[float]
    moods: Sequence[float]
    weights: Sequence[float]
    ranks: Sequence[Sequence[float]]
    scores: Sequence[Sequence[float]]
    base: Sequence[float]
    level: Sequence[float]
    type_shares: dict[str, float] = field(default_factory=dict)
    """Share of opened pages by content type; empty while too few are known."""
    silence_ms: float = 120_000.0
    gaps_a_minute: float = 0.3
    """Silences of 20 s or more a present minute."""
    readers: int = 0
    """Sessions that the card was made from."""

    def to_json(self) -> dict[str, Any]:
        """As plain data; a level of which nothing is known has no mean."""
        return asdict(self) | {"means": [None if mean != mean else mean for mean in self.means]}

    def knows(self, place: int) -> bool:
        """Whether it is known what is usual on the site for that habit or level."""
        return bool(self.ranks) and bool(self.ranks[place])

    @classmethod
    def from_json(cls, data: dict[str, Any], stored: StoredLayout) -> "SiteCard":
        """What `to_json` gave, read by name: what `stored` lacks is as on the card that ships."""
        shipped = shipped_card()

        def by_habit(name: str) -> list[float]:
            values, defaults = data[name], getattr(shipped, name)
            return [values[at] if at >= 0 else defaults[place] for place, at in enumerate(stored.habits)]

        found: dict[str, Any] = {name: by_habit(name) for name in ("means", "dispersions", "moods", "weights", "level")}
        if data["ranks"]:
            levels = taken(data["means"], stored.all[len(stored.habits) :], None)
            found["means"] += [_NAN if mean is None else mean for mean in levels]
            found["base"] = taken(data["base"], stored.habits, 0.0)
            for name in ("ranks", "scores"):
                found[name] = taken(data[name], stored.all, [])
        return cls(**{**data, **found})


def shipped_card(habits: Sequence[Habit] = SESSION_HABITS) -> SiteCard:
    """The card for the first minutes of a new site: rough, and trusted little."""
    ones = [1.0] * len(habits)
    return SiteCard(
        [habit.mean for habit in habits],
        [habit.dispersion for habit in habits],
        [1.25] * len(habits),
        [habit.weight for habit in habits],
        [],
        [],
        [],
        ones,
    )


class SiteView:
    """What one session sees of the site: the card, and the site's level now by that of its first card.

    `tide` is the level of the last half minute, `swell` of the last two minutes, one entry per habit.
    """

    __slots__ = ("card", "swell", "tide")

    def __init__(self, card: SiteCard, tide: Sequence[float], swell: Sequence[float]) -> None:
        self.card = card
        self.tide = tide
        self.swell = swell
