"""The conditions of rules: what a rule can look at, which bounds it can set, and what is wrong with a condition."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from schemas.events import CROSSING_TYPES
from schemas.nearest_names import suggestion
from schemas.segments import SEGMENT_KINDS

Lane = Literal["session_window", "content_window", "content_section", "event"]
BaselineScope = Literal["self", "peers", "segment"]


class Condition(Struct, forbid_unknown_fields=True, omit_defaults=True, frozen=True):
    """One thing that must hold. It names one operand and one bound or more.

    `feature` is a number: each bound given must hold (see `BOUNDS`). `against` says whose baseline the bounds compare with: the
    session's own, its peers', or that of the reader's segment. `detector` is one that scores session windows, and `above` the
    score from which the condition holds, where "threshold" stands for the detector's own; `forest` is short for the detector
    `isolation_forest`. `context` and `event` compare texts of the window or event with `equals` or `among`.
    """

    feature: str | None = None
    against: BaselineScope = "self"
    above: Literal["threshold"] | float | None = None
    below: float | None = None
    change_above: float | None = None
    change_below: float | None = None
    z_above: float | None = None
    z_below: float | None = None
    rises: Annotated[float, Meta(gt=0.0, le=12.0)] | None = None
    falls: Annotated[float, Meta(gt=0.0, le=12.0)] | None = None
    rises_below: Annotated[float, Meta(gt=0.0, le=12.0)] | None = None
    falls_below: Annotated[float, Meta(gt=0.0, le=12.0)] | None = None
    top: Annotated[float, Meta(gt=0.0, lt=1.0)] | None = None
    bottom: Annotated[float, Meta(gt=0.0, lt=1.0)] | None = None
    shift: Literal["up", "down"] | None = None
    detector: Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{0,63}$")] | None = None
    forest: Literal["threshold"] | float | None = None
    context: str | None = None
    event: str | None = None
    equals: str | None = None
    among: tuple[str, ...] | None = None


STANDARD_DEVIATIONS: Final = "sd"
NATS: Final = "nats"
"""The unit of evidence: the logarithm of a likelihood ratio. By chance it reaches n about e**-n of the time."""

SHARE: Final = "share"
"""The unit of ranks among peers: a share of the site's minutes."""

ThresholdUnit = Literal["feature", "sd", "nats", "share"]

ON_VALUE_SCALE: Final[tuple[ThresholdUnit, ...]] = ("feature", STANDARD_DEVIATIONS)
"""Units of thresholds that can be shown on the scale of the value. Bounds of other units the console knows by name
(`OFF_SCALE` in `infra/console/js/evidence.js`)."""


@dataclass(frozen=True, slots=True)
class Bound:
    """One bound on a feature. The function of the same name in `models/rules/bounds.py` evaluates it.

    `text` says when it holds. `scopes` are the baselines it can compare with, none where it looks at the value alone. `unit` is
    that of its threshold in the evidence of a command: "feature" stands for the feature's own.
    """

    name: str
    text: str
    lanes: tuple[Lane, ...]
    scopes: tuple[BaselineScope, ...]
    unit: ThresholdUnit


_ALL: Final[tuple[Lane, ...]] = ("session_window", "content_window", "content_section", "event")
_WINDOWS: Final[tuple[Lane, ...]] = ("session_window", "content_window")
_EVERYBODY: Final[tuple[BaselineScope, ...]] = ("self", "peers", "segment")

BOUNDS: Final = {
    bound.name: bound
    for bound in (
        Bound("above", "the value is greater", _ALL, (), "feature"),
        Bound("below", "the value is less", _ALL, (), "feature"),
        Bound(
            "change_above",
            "the change against the baseline, as a fraction, is greater (0.5 is 50 % up)",
            _WINDOWS,
            _EVERYBODY,
            "feature",
        ),
        Bound(
            "change_below",
            "the change against the baseline, as a fraction, is less (-0.2 is 20 % down)",
            _WINDOWS,
            _EVERYBODY,
            "feature",
        ),
        Bound("z_above", "the z-score against the baseline is greater", _WINDOWS, _EVERYBODY, "sd"),
        Bound("z_below", "the z-score against the baseline is less", _WINDOWS, _EVERYBODY, "sd"),
        Bound(
            "rises",
            "so many nats of evidence, 12 at most, that the reader does more of it than is usual for him; a command uses them up",
            _WINDOWS,
            ("self",),
            "nats",
        ),
        Bound("falls", "likewise, that the reader does less of it", _WINDOWS, ("self",), "nats"),
        Bound("rises_below", "fewer nats of evidence for more", _WINDOWS, ("self",), "nats"),
        Bound("falls_below", "fewer nats of evidence for less", _WINDOWS, ("self",), "nats"),
        Bound(
            "top",
            "the reader's minute is among this highest share of the site's",
            ("session_window",),
            ("peers",),
            "share",
        ),
        Bound("bottom", "the reader's minute is among this lowest share", ("session_window",), ("peers",), "share"),
        Bound("shift", "5.5 nats of evidence and more for a lasting change, up or down", _WINDOWS, ("self",), "nats"),
    )
}
"""In the order in which a condition's bounds are evaluated and stand in the evidence."""

LANE_SCOPES: Final[dict[Lane, tuple[BaselineScope, ...]]] = {
    "session_window": ("self", "peers", "segment"),
    "content_window": ("self",),
    "content_section": (),
    "event": (),
}
"""Whose baselines each lane has."""

EVENT_TEXTS: Final = ("type", "placement", "element", "content_type", "page_url")
"""What `event` can compare."""

_READER: Final = ("device", "input", "os", "browser", "country", "region", "language", "timezone", "user_expertise")

CONTEXTS: Final[dict[Lane, tuple[str, ...]]] = {
    "session_window": (*_READER, "content_type", "content_language", "segment", "segment_name", "segment_kind"),
    "content_window": ("content_type", "content_language"),
    "content_section": ("content_type",),
    "event": (*_READER, "content_language"),
}
"""What `context` can compare, by lane."""

CONTEXT_NUMBERS: Final = ("rtt_ms", "downlink_kbps")
CONTEXT_FLAGS: Final = ("save_data",)
"""Numbers beside the features, and those of them that are 0 or 1, that expressions know as ``context.`` too, in the lanes that
have them."""

DETECTORS: Final = ("isolation_forest", "anomaly")
"""The detectors that the job has; `udfs/lanes/sessions.py` runs them."""

_PAIRS: Final = (
    ("above", "below"),
    ("change_above", "change_below"),
    ("z_above", "z_below"),
    ("rises", "rises_below"),
    ("falls", "falls_below"),
)
"""Bounds from below and from above on the same value."""

OPERANDS: Final = ("feature", "detector", "forest", "context", "event")

FOREST: Final = "isolation_forest"
"""The detector that the operand `forest` stands for."""


def bounds_of(condition: Condition) -> list[Bound]:
    """The bounds that the condition gives, in the order of `BOUNDS`."""
    return [bound for bound in BOUNDS.values() if getattr(condition, bound.name) is not None]


def bounds_on_values() -> str:
    """The bounds that need no baseline, as an error names them.

    >>> bounds_on_values()
    'above or below'
    """
    return " or ".join(bound.name for bound in BOUNDS.values() if not bound.scopes)


def condition_problem(
    condition: Condition,
    lane: Lane,
    features: Iterable[str],
    detectors: Collection[str] | None = None,
    elsewhere: Mapping[Lane, Iterable[str]] | None = None,
) -> str | None:
    """What is wrong with a condition: the field after a dot and what was expected; None where it can be used.

    `features` are those of the lane, `elsewhere` those of the others, `detectors` those of the job; None where they are not
    known, and any name is accepted.
    """
    elsewhere = elsewhere or {}
    operands = [name for name in OPERANDS if getattr(condition, name) is not None]
    if len(operands) != 1:
        return f": give exactly one of {', '.join(OPERANDS)}; found {operands or 'none'}"
    has_texts = condition.equals is not None or condition.among is not None
    bounds = bounds_of(condition)
    if operands[0] != "feature" and condition.against != "self":
        return f".against: {operands[0]} compares with no baseline; leave against out"
    match operands[0]:
        case "feature":
            if condition.feature not in (known := set(features)):
                return f".feature: {condition.feature} is not known in lane {lane}" + _hint(
                    condition.feature, known, elsewhere
                )
            return _feature_problem(condition, lane, bounds, has_texts)
        case "detector":
            return _detector_problem(condition, lane, bounds, has_texts, detectors)
        case "forest":
            if lane != "session_window":
                return ".forest: the forest scores session windows; use it there"
            if isinstance(condition.forest, float) and not 0.0 <= condition.forest <= 1.0:
                return f".forest: {condition.forest:g} can never tell; scores lie between 0 and 1"
            return ".forest: takes no other bound" if bounds or has_texts else None
        case operand:
            return _text_problem(condition, lane, operand, has_texts and not bounds)


def _feature_problem(condition: Condition, lane: Lane, bounds: list[Bound], has_texts: bool) -> str | None:
    if has_texts:
        return ".feature: a number is not compared with equals or among"
    if not bounds:
        return f": give at least one of {', '.join(BOUNDS)}"
    if condition.above == "threshold":
        return ".above: a feature has no threshold of its own; give a number"
    for bound in bounds:
        if lane not in bound.lanes:
            if bound.scopes and not LANE_SCOPES[lane]:
                what = "an event has" if lane == "event" else "sections have"
                return f".{bound.name}: {what} no baseline; use {bounds_on_values()}"
            return f".{bound.name}: not known in lane {lane}; it is in {', '.join(bound.lanes)}"
    if (problem := _impossible(condition)) is not None:
        return problem
    compared = [bound for bound in bounds if bound.scopes]
    if not compared and condition.against != "self":
        names = " and ".join(bound.name for bound in bounds) + (" compares" if len(bounds) == 1 else " compare")
        return f".against: {names} the value with no baseline; {_without_against(lane)}"
    if compared and condition.against not in LANE_SCOPES[lane]:
        return f".against: contents have no {condition.against}; use {' or '.join(LANE_SCOPES[lane])}"
    for bound in compared:
        if condition.against not in bound.scopes:
            return f".{bound.name}: compares with {' or '.join(bound.scopes)} only, not with {condition.against}"
    return None


def _without_against(lane: Lane) -> str:
    """How to mend a condition that compares with nothing.

    >>> _without_against("event")
    'leave against out'
    """
    names = [bound.name for bound in BOUNDS.values() if bound.scopes and lane in bound.lanes]
    return f"leave against out, or use {', '.join(names)}" if LANE_SCOPES[lane] else "leave against out"


def _impossible(condition: Condition) -> str | None:
    """What can never hold: a bound that is no finite number, or two that leave nothing between them."""
    for bound in BOUNDS:
        value = getattr(condition, bound)
        if isinstance(value, float) and not isfinite(value):
            return f".{bound}: give a finite number"
    for low, high in _PAIRS:
        least, most = getattr(condition, low), getattr(condition, high)
        if isinstance(least, int | float) and isinstance(most, int | float) and least >= most:
            return f".{low}: {least:g} with {high}: {most:g} can never hold"
    return None


def _detector_problem(
    condition: Condition, lane: Lane, bounds: list[Bound], has_texts: bool, detectors: Collection[str] | None
) -> str | None:
    if lane != "session_window":
        return ".detector: detectors score session windows; use it there"
    if detectors is not None and condition.detector not in detectors:
        return f".detector: {condition.detector} is not known{suggestion(condition.detector or '', detectors)}"
    if has_texts or [bound.name for bound in bounds] != ["above"]:
        return ".detector: takes above, a number or threshold, and no other bound"
    if condition.detector == FOREST and isinstance(condition.above, float) and not 0.0 <= condition.above <= 1.0:
        return f".above: {condition.above:g} can never tell; scores lie between 0 and 1"
    return None


def _text_problem(condition: Condition, lane: Lane, operand: str, is_compared: bool) -> str | None:
    if not is_compared:
        return f".{operand}: compare it with equals or among"
    if operand == "event" and lane != "event":
        return ".event: only rules of lane event see single events"
    known = EVENT_TEXTS if operand == "event" else CONTEXTS[lane]
    if condition.among == ():
        return ".among: an empty list, which nothing is in"
    if operand == "event" and condition.event == "type":
        for field, text in _texts_of(condition):
            if text not in CROSSING_TYPES:
                return f".{field}: {text} does not reach the fast lane{suggestion(text, CROSSING_TYPES)}"
    if (name := getattr(condition, operand)) not in known:
        return f".{operand}: {name} is not known in lane {lane}{_hint(name, known, {} if operand == 'event' else CONTEXTS)}"
    if name == "segment_kind":
        for field, text in _texts_of(condition):
            if text not in SEGMENT_KINDS:
                return f".{field}: no segment is of the kind {text}{suggestion(text, SEGMENT_KINDS)}"
    return None


def _texts_of(condition: Condition) -> list[tuple[str, str]]:
    """The texts that a condition compares with, each with its field."""
    found = [("equals", condition.equals)] if condition.equals is not None else []
    return found + [(f"among[{place}]", text) for place, text in enumerate(condition.among or ())]


def _hint(name: str | None, known: Collection[str], elsewhere: Mapping[Lane, Iterable[str]]) -> str:
    """Where the name is known, else which known name is nearest."""
    lanes = [lane for lane, names in elsewhere.items() if name in tuple(names)]
    return f"; it is in lane {' and '.join(lanes)}" if lanes else suggestion(name or "", known)
