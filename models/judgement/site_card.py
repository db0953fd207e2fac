"""What is usual on a site, as constants that sessions judge by until the next card."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from models.judgement.habit import Habit
from models.judgement.layout import SESSION_HABITS

_NAN: Final = float("nan")


@dataclass(frozen=True)
class SiteCard:
    """One entry per habit, in the order of the layout. `means` are of a present minute; those of the levels follow.

    `dispersions` are the variance of one reader's minutes by their mean, `moods` how much more several minutes together vary
    than single ones suggest, `weights` the minutes that the site's mean counts for beside a reader's own. `ranks` are the
    shares of the site's minutes at or below each step (`scales.step_of`), `scores` the calibrated z of each bin
    (`scales.bin_of`), for habits and levels; both are empty while the site is not known. `base` and `level` relate the
    site's present level to that of its first card.
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

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "SiteCard":
        return cls(**{**data, "means": [_NAN if mean is None else mean for mean in data["means"]]})


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
