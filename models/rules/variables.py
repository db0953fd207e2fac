"""What the expressions of rules can read, by lane: from the same tables as the short conditions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from models.features import CONTENT_FEATURES, EVENT_FEATURES, LIVE_FEATURES, SECTION_FEATURES, SESSION_FEATURES
from models.rules.expressions.environment import Environment, Variable
from models.rules.expressions.types import BOOL, DOUBLE, STRING
from models.rules.lookups import lookups_of
from models.rules.operands import NAN
from models.rules.signals import Signals
from schemas.rule_conditions import CONTEXT_FLAGS, CONTEXT_NUMBERS, CONTEXTS, DETECTORS, EVENT_TEXTS, Lane

PROLOGUE: Final = {
    "values": "s.values",
    "is_whole": "s.is_whole",
    "scalars": "s.scalars",
    "attributes": "s.attributes",
    "readings": "s.readings",
}

_NOT_YET: Final = "no lane carries it yet"
_PREFIX: Final = "content_"
_SEGMENT: Final = "segment"
_TAKEN: Final = ("type",)
"""Names that CEL has for something else."""


@dataclass(frozen=True, slots=True)
class LaneFeature:
    """A number that a lane knows. `index` is its place in the lane's vector; None for what stands beside it."""

    name: str
    unit: str
    text: str
    index: int | None = None
    adds_up: bool = False


def lane_features(lane: Lane) -> dict[str, LaneFeature]:
    vector = {"session_window": SESSION_FEATURES, "content_window": CONTENT_FEATURES}.get(lane, ())
    beside = {"session_window": LIVE_FEATURES, "content_section": SECTION_FEATURES, "event": EVENT_FEATURES}.get(
        lane, {}
    )
    found = {
        each.name: LaneFeature(each.name, each.unit, each.text, index, each.adds_up)
        for index, each in enumerate(vector)
    }
    return found | {each.name: LaneFeature(each.name, each.unit, each.text) for each in beside.values()}


def lane_texts(lane: Lane) -> dict[str, str]:
    """The texts that expressions know in a lane: the name, and the key among a signal's attributes."""
    found = {f"context.{name}": name for name in CONTEXTS[lane] if not name.startswith((_PREFIX, _SEGMENT))}
    found |= {_in_content(name): name for name in CONTEXTS[lane] if name.startswith(_PREFIX)}
    found |= {name: name for name in CONTEXTS[lane] if name.startswith(_SEGMENT)}
    if lane == "event":
        for name in EVENT_TEXTS:
            found[f"event.{name}"] = f"event.{name}"
            if name not in _TAKEN:
                found[name] = f"event.{name}"
            if name.startswith(_PREFIX):
                found[_in_content(name)] = f"event.{name}"
    return found


def rule_environment(lane: Lane, own: Mapping[str, str] | None = None) -> Environment:
    """`own` are a rule's own counters: the name, and the key among a signal's scalars."""
    known = _lane_environment(lane)
    if not own:
        return known
    counters = {name: _scalar(name, key) for name, key in own.items()}
    return known._replace(variables={**known.variables, **counters})


@cache
def _lane_environment(lane: Lane) -> Environment:
    features = lane_features(lane)
    variables = {each.name: _feature(each) for each in features.values()}
    for name in (*CONTEXT_NUMBERS, *CONTEXT_FLAGS):
        if name in features:
            variables[f"context.{name}"] = _scalar(f"context.{name}", name, is_flag=name in CONTEXT_FLAGS)
    for name in features:
        if name.startswith(_PREFIX):
            variables[_in_content(name)] = (
                _scalar(_in_content(name), name) if features[name].index is None else variables[name]
            )
    for name, key in lane_texts(lane).items():
        if name not in variables:
            variables[name] = text_variable(name, key)
    lookups = lookups_of(lane, features, DETECTORS)
    return Environment(variables, lookups, PROLOGUE, f" in lane {lane}", _hints(lane, variables))


def _in_content(name: str) -> str:
    return f"content.{name.removeprefix(_PREFIX)}"


def _feature(feature: LaneFeature) -> Variable:
    if feature.index is None:
        return _scalar(feature.name, feature.name)
    index, source = feature.index, f"values[{feature.index}]"
    if not feature.adds_up:
        return Variable(feature.name, DOUBLE, lambda signals: signals.values[index], source)
    # Over a part of the window a sum can only be too small.
    return Variable(
        feature.name,
        DOUBLE,
        lambda signals: signals.values[index] if signals.is_whole else None,
        f"({source} if is_whole else NAN)",
        lambda signals: signals.values[index],
        source,
    )


def _scalar(name: str, key: str, is_flag: bool = False) -> Variable:
    if not is_flag:
        return Variable(name, DOUBLE, _reading_scalar(key), f"scalars.get({key!r}, NAN)")
    return Variable(name, BOOL, _reading_flag(key))


def _reading_scalar(key: str) -> Callable[[Signals], Any]:
    return lambda signals: signals.scalars.get(key)


def _reading_flag(key: str) -> Callable[[Signals], Any]:
    def read(signals: Signals) -> bool | None:
        value = signals.scalars.get(key, NAN)
        return None if value != value else value != 0.0

    return read


def text_variable(name: str, key: str) -> Variable:
    return Variable(name, STRING, lambda signals: signals.attributes.get(key), f"attributes.get({key!r})")


def _hints(lane: Lane, variables: Mapping[str, Variable]) -> dict[str, str]:
    """What is said of names that another lane knows, or that a contract has and no lane carries yet."""
    found = {name: _NOT_YET for name in ("segment", "sentiment") if name not in variables}
    lanes: tuple[Lane, ...] = ("session_window", "content_window", "content_section", "event")
    for other in lanes:
        names = [*lane_features(other), *lane_texts(other)]
        names += [f"context.{name}" for name in (*CONTEXT_NUMBERS, *CONTEXT_FLAGS) if name in lane_features(other)]
        for name in names:
            if name not in variables:
                found[name] = f"it is in lane {other}"
    return found
