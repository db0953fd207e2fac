"""What is known of a target's features beyond their values: what is usual, how far from it, and whether it has changed."""

from abc import ABC, abstractmethod
from typing import Literal

from schemas.rule_conditions import BaselineScope

Direction = Literal["up", "down"]


class Readings(ABC):
    """Answers about the features of one window, by name. None where the answer is unknown."""

    @abstractmethod
    def baseline(self, name: str, against: BaselineScope) -> float | None:
        """What is usual in a minute, in the feature's unit: for this target, on the site, or in the reader's segment."""

    @abstractmethod
    def change(self, name: str, against: BaselineScope) -> float | None:
        """Difference from the baseline as a fraction of it, over the last minute or two that can be judged."""

    @abstractmethod
    def z(self, name: str, against: BaselineScope) -> float | None:
        """Standard deviations from the baseline, calibrated: 3 is one window in 740. Those of a segment are plain."""

    @abstractmethod
    def rank(self, name: str) -> float | None:
        """Share of the peers' minutes below this one, 0..1."""

    @abstractmethod
    def nats(self, name: str, direction: Direction) -> float | None:
        """Evidence that the feature has gone up or down for good."""

    @abstractmethod
    def use_up(self, name: str, direction: Direction) -> None:
        """Resets that evidence: a rule has acted on it."""
