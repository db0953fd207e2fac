"""The numbers that bounds compare: a feature of the lane's vector, or one that stands beside it."""

from typing import Final

from models.rules.readings import Direction
from models.rules.signals import Signals
from schemas.rule_conditions import BaselineScope

NAN: Final = float("nan")


class Operand:
    """A number without a baseline. NaN and None mean unknown."""

    def __init__(self, name: str) -> None:
        self.name = name

    def value(self, signals: Signals) -> float:
        return signals.scalars.get(self.name, NAN)

    def small_value(self, signals: Signals) -> float:
        """The value where it can be called small: unknown where a part of the window is missing."""
        return self.value(signals)

    def baseline(self, signals: Signals) -> float | None:
        """What the value is compared with; None before there is anything to compare with."""
        return None

    def z(self, signals: Signals) -> float | None:
        return None

    def rank(self, signals: Signals) -> float | None:
        """Share of the peers' minutes below this one."""
        return None

    def nats(self, signals: Signals, direction: Direction) -> float | None:
        """Evidence of a lasting change."""
        return None

    def change(self, signals: Signals) -> float | None:
        """The difference from the baseline as a fraction of it."""
        return None

    def value_at_change(self, signals: Signals, change: float) -> float | None:
        """The value that differs from the baseline by that fraction of it."""
        baseline = self.baseline(signals)
        return None if baseline is None else baseline + change * abs(baseline)


class CounterOperand(Operand):
    """A rule's own counter. `key` names it among the signals: rules may call different counters by the same name."""

    def __init__(self, name: str, key: str) -> None:
        super().__init__(name)
        self._key = key

    def value(self, signals: Signals) -> float:
        return signals.scalars.get(self._key, NAN)


class VectorOperand(Operand):
    """A feature of the lane's vector, against the target's own habits, its peers' or its segment's."""

    def __init__(self, name: str, index: int, against: BaselineScope, adds_up: bool) -> None:
        super().__init__(name)
        self.index = index
        self.against: BaselineScope = against
        self.adds_up = adds_up

    def value(self, signals: Signals) -> float:
        return signals.values[self.index]

    def small_value(self, signals: Signals) -> float:
        return NAN if self.adds_up and not signals.is_whole else signals.values[self.index]

    def baseline(self, signals: Signals) -> float | None:
        return None if signals.readings is None else signals.readings.baseline(self.name, self.against)

    def z(self, signals: Signals) -> float | None:
        return None if signals.readings is None else signals.readings.z(self.name, self.against)

    def rank(self, signals: Signals) -> float | None:
        return None if signals.readings is None else signals.readings.rank(self.name)

    def nats(self, signals: Signals, direction: Direction) -> float | None:
        return None if signals.readings is None else signals.readings.nats(self.name, direction)

    def change(self, signals: Signals) -> float | None:
        return None if signals.readings is None else signals.readings.change(self.name, self.against)
