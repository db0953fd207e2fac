"""Readings of engaged time alone, as a test names them; of all other features nothing is known."""

from dataclasses import dataclass, field

from models.rules.readings import Direction, Readings
from schemas.rule_conditions import BaselineScope


@dataclass
class EngagedReadings(Readings):
    """`own` and `peers` are (baseline, change, z)."""

    own: tuple[float | None, float | None, float | None] = (None, None, None)
    peers: tuple[float | None, float | None, float | None] = (None, None, None)
    below: float | None = None
    up: float | None = None
    down: float | None = None
    used: list[tuple[str, Direction]] = field(default_factory=list)

    def _of(self, name: str, against: BaselineScope) -> tuple[float | None, float | None, float | None]:
        known = self.own if against == "self" else self.peers
        return known if name == "engaged_ms" else (None, None, None)

    def baseline(self, name: str, against: BaselineScope) -> float | None:
        return self._of(name, against)[0]

    def change(self, name: str, against: BaselineScope) -> float | None:
        return self._of(name, against)[1]

    def z(self, name: str, against: BaselineScope) -> float | None:
        return self._of(name, against)[2]

    def rank(self, name: str) -> float | None:
        return self.below if name == "engaged_ms" else None

    def nats(self, name: str, direction: Direction) -> float | None:
        if name != "engaged_ms":
            return None
        return self.up if direction == "up" else self.down

    def use_up(self, name: str, direction: Direction) -> None:
        self.used.append((name, direction))
