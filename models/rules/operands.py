"""The numbers that bounds compare: a feature of the lane's vector, or one that stands beside it."""

from typing import Final

from models.rules.signals import Signals

NAN: Final = float("nan")


class Operand:
    """A number without a baseline. NaN and None mean unknown."""

    def __init__(self, name: str) -> None:
        self.name = name

    def value(self, signals: Signals) -> float:
        return signals.scalars.get(self.name, NAN)

    def baseline(self, signals: Signals) -> float | None:
        """What the value is compared with; None before there is anything to compare with."""
        return None

    def z(self, signals: Signals) -> float | None:
        return None

    def shift(self, signals: Signals) -> int:
        """1 or -1 where the feature has drifted up or down for long, else 0."""
        return 0

    def change(self, signals: Signals) -> float | None:
        """The difference from the baseline as a fraction of it."""
        baseline, value = self.baseline(signals), self.value(signals)
        if baseline is None or baseline == 0.0 or value != value:
            return None
        return (value - baseline) / abs(baseline)

    def value_at_change(self, signals: Signals, change: float) -> float | None:
        """The value that differs from the baseline by that fraction of it."""
        baseline = self.baseline(signals)
        return None if baseline is None else baseline + change * abs(baseline)


class VectorOperand(Operand):
    """A feature of the lane's vector, against the session's own baseline or its peers'."""

    def __init__(self, name: str, index: int, against_peers: bool) -> None:
        super().__init__(name)
        self.index = index
        self.against_peers = against_peers

    def value(self, signals: Signals) -> float:
        return signals.values[self.index]

    def baseline(self, signals: Signals) -> float | None:
        if self.against_peers:
            means = signals.peer_means
        else:
            means = signals.baselines.prior_means if signals.baselines is not None else ()
        mean = means[self.index] if self.index < len(means) else NAN
        return mean if mean == mean else None

    def z(self, signals: Signals) -> float | None:
        scores = signals.z_peers if self.against_peers else signals.z_self
        return scores[self.index] if self.index < len(scores) else None

    def shift(self, signals: Signals) -> int:
        return 0 if signals.baselines is None else signals.baselines.cusum_alarm(self.index)
