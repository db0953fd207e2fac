"""The functions of rules that take the bare name of a feature or detector: z(clicks), score("isolation_forest")."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple

from models.rules.expressions.environment import Lookup, Variable, written_name, written_text
from models.rules.expressions.errors import PlacedError, unknown_name
from models.rules.expressions.syntax import Node
from models.rules.expressions.types import DOUBLE
from models.rules.signals import Signals
from schemas.rule_conditions import LANE_SCOPES, BaselineScope, Lane

ReadingKind = Literal["z", "change", "baseline", "rank", "nats"]


class ReadingVariable(NamedTuple):
    """What a reading asks of which feature, for the evidence. `second` is a baseline's scope or a direction."""

    kind: ReadingKind
    feature: str
    second: str

    def value(self, signals: Signals) -> float | None:
        readings = signals.readings
        if readings is None:
            return None
        scope = scope_of(self.second)
        match self.kind:
            case "z":
                return readings.z(self.feature, scope)
            case "change":
                return readings.change(self.feature, scope)
            case "baseline":
                return readings.baseline(self.feature, scope)
            case "rank":
                return readings.rank(self.feature)
            case "nats":
                return readings.nats(self.feature, "up" if self.second == "up" else "down")


def scope_of(second: str) -> BaselineScope:
    """Whose baseline a reading compares with, by its second argument."""
    return "peers" if second == "peers" else "segment" if second == "segment" else "self"


_SECONDS: Final[dict[ReadingKind, tuple[str, ...]]] = {
    "z": ("self", "peers", "segment"),
    "change": ("self", "peers", "segment"),
    "baseline": ("self", "peers", "segment"),
    "rank": ("peers",),
    "nats": ("up", "down"),
}

_TEXTS: Final[dict[ReadingKind, tuple[str, str]]] = {
    "z": (
        'z(clicks), z(clicks, "peers")',
        'standard deviations from what is usual for the reader, or for others; "segment" likewise',
    ),
    "change": (
        'change(clicks), change(clicks, "peers")',
        "difference from what is usual as a fraction of it: -0.2 is 20 % less",
    ),
    "baseline": (
        'baseline(clicks, "self")',
        'what is usual: "self" for the reader or item, "peers" on the site, "segment" in the reader\'s segment',
    ),
    "rank": ("rank(clicks)", "share of the site's minutes below this one, 0..1"),
    "nats": ('nats(clicks, "up")', 'evidence of a lasting change, "up" or "down", in nats; 12 at most'),
}

SCORE, THRESHOLD = "score", "threshold"


def lookups_of(lane: Lane, features: Mapping[str, Any], detectors: Collection[str]) -> dict[str, Lookup]:
    lookups: dict[str, Lookup] = {}
    for kind, (signature, text) in _TEXTS.items():
        lookups[kind] = Lookup(kind, signature, text, _reading_resolver(lane, kind, features))
    for name, text in (
        (SCORE, "a detector's score of the window"),
        (THRESHOLD, "the score from which the detector itself calls a window unusual"),
    ):
        lookups[name] = Lookup(name, f'{name}("isolation_forest")', text, _score_resolver(lane, name, detectors))
    return lookups


def _reading_resolver(
    lane: Lane, kind: ReadingKind, features: Mapping[str, Any]
) -> Callable[[Node, Sequence[Node]], Variable]:
    def resolve(node: Node, arguments: Sequence[Node]) -> Variable:
        scopes = LANE_SCOPES[lane]
        signature = f"{kind} is written {_TEXTS[kind][0]}"
        if not 1 <= len(arguments) <= 2:
            raise PlacedError(signature, node.at)
        name = written_name(arguments[0])
        if name is None:
            raise PlacedError(f"{signature}, with the bare name of a feature", arguments[0].at)
        if name not in features:
            raise unknown_name("feature", name, features, arguments[0].at, f" in lane {lane}")
        if not scopes:
            raise PlacedError(f"{kind}: an event has no baseline", node.at)
        if features[name].index is None:
            raise PlacedError(f"{kind}: {name} has no baseline", arguments[0].at)
        second = _SECONDS[kind][0] if kind != "nats" else None
        if len(arguments) == 2:
            second = written_text(arguments[1])
            if second not in _SECONDS[kind]:
                known = " or ".join(f'"{each}"' for each in _SECONDS[kind])
                raise PlacedError(f"{kind} takes {known} second", arguments[1].at)
        if second is None or (kind == "baseline" and len(arguments) == 1):
            raise PlacedError(signature, node.at)
        if second in ("peers", "segment") and second not in scopes:
            raise PlacedError(f"{kind}: contents have no {second}", node.at)
        return reading(kind, name, second)

    return resolve


def reading(kind: ReadingKind, name: str, second: str) -> Variable:
    shown = name if kind == "rank" or (second == "self" and kind != "baseline") else f'{name}, "{second}"'
    asked = f"{name!r}" if kind == "rank" else f"{name!r}, {second!r}"
    detail = ReadingVariable(kind, name, second)
    source = f"(NAN if readings is None or (r := readings.{kind}({asked})) is None else r)"
    return Variable(f"{kind}({shown})", DOUBLE, detail.value, source, detail=detail, cost=1)


def _score_resolver(lane: Lane, kind: str, detectors: Collection[str]) -> Callable[[Node, Sequence[Node]], Variable]:
    def resolve(node: Node, arguments: Sequence[Node]) -> Variable:
        detector = written_text(arguments[0]) if len(arguments) == 1 else None
        if detector is None:
            raise PlacedError(f'{kind} is written {kind}("isolation_forest")', node.at)
        if lane != "session_window":
            raise PlacedError("detectors score session windows; use it there", node.at)
        if detector not in detectors:
            raise unknown_name("detector", detector, detectors, arguments[0].at)
        return score_variable(kind, detector)

    return resolve


def score_variable(kind: str, detector: str) -> Variable:
    """The score of a detector, or its own threshold."""
    read = _score_of(detector) if kind == SCORE else _threshold_of(detector)
    return Variable(f'{kind}("{detector}")', DOUBLE, read, detail=(kind, detector), cost=3 if kind == SCORE else 2)


def _score_of(detector: str) -> Callable[[Signals], float | None]:
    def read(signals: Signals) -> float | None:
        score = signals.scores.get(detector)
        return None if score is None else score.value()

    return read


def _threshold_of(detector: str) -> Callable[[Signals], float | None]:
    def read(signals: Signals) -> float | None:
        score = signals.scores.get(detector)
        return None if score is None else score.threshold

    return read
