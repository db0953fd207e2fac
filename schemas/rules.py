"""The rule contract (rules.v1 and rule files): when to change what, as data."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final, Literal

import msgspec
import yaml
from msgspec import Meta, Struct

from schemas.commands import Action, SourceKind

Lane = Literal["session_window", "content_window", "event"]
Against = Literal["self", "peers"]
Id = Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9-]{0,63}$")]


class Condition(Struct, forbid_unknown_fields=True, omit_defaults=True, frozen=True):
    """One thing that must hold. It names what it looks at and one bound or more.

    `feature` with `above`/`below` looks at the value, with `change_above`/`change_below` at the change against the baseline as a
    fraction (-0.2 is 20 % down), with `z_above`/`z_below` at standard deviations from it, with `shift` at a lasting drift
    (CUSUM). `against` says whose baseline: the session's own or its peers'. `forest` looks at the anomaly score, where
    "threshold" stands for the model's own. `context` and `event` compare texts of the event or window.
    """

    feature: str | None = None
    against: Against = "self"
    above: float | None = None
    below: float | None = None
    change_above: float | None = None
    change_below: float | None = None
    z_above: float | None = None
    z_below: float | None = None
    shift: Literal["up", "down"] | None = None
    forest: Literal["threshold"] | float | None = None
    context: str | None = None
    event: str | None = None
    equals: str | None = None
    among: tuple[str, ...] | None = None


class Effect(Struct, forbid_unknown_fields=True, omit_defaults=True, frozen=True):
    """What is asked of the CMS. In `parameters`, a text ``$name`` is filled in by the job (see `PLACEHOLDERS`)."""

    action: Action
    parameters: dict[str, Any] = {}


class Rule(Struct, forbid_unknown_fields=True, omit_defaults=True, frozen=True):
    """All of `when` must hold, for `for_windows` windows in a row; then `then` is commanded, once per cooldown."""

    id: Id
    version: Annotated[int, Meta(ge=1)]
    about: str
    lane: Lane
    when: Annotated[tuple[Condition, ...], Meta(min_length=1, max_length=16)]
    then: Effect
    priority: Annotated[int, Meta(ge=0, le=100)] = 50
    cooldown_s: Annotated[int, Meta(ge=0, le=86_400)] = 120
    expires_s: Annotated[int, Meta(ge=1, le=86_400)] = 300
    for_windows: Annotated[int, Meta(ge=1, le=60)] = 1
    source: SourceKind = "rule"
    enabled: bool = True


PLACEHOLDERS: Final = {
    "$recent_contents": "ids of the contents clicked lately, most telling first",
    "$recent_types": "their types, likewise",
    "$category": "the content type whose time rose most",
    "$content_id": "what the reader is looking at",
}

EVENT_TEXTS: Final = ("type", "placement", "element", "content_type")
"""What `event` can compare."""

CONTEXTS: Final[dict[str, tuple[str, ...]]] = {
    "session_window": ("device", "content_type"),
    "content_window": ("content_type",),
    "event": ("device", "country", "language"),
}
"""What `context` can compare, by lane."""

BOUNDS: Final = ("above", "below", "change_above", "change_below", "z_above", "z_below", "shift")
_SUBJECTS: Final = ("feature", "forest", "context", "event")


class RuleError(ValueError):
    """A rule that cannot be used; the message names rule, field and what was expected."""


def parse_rule(data: Mapping[str, Any] | bytes, features: Mapping[Lane, Iterable[str]]) -> Rule:
    """A rule from JSON bytes or from what a file held. Raises `RuleError`.

    `features` says which features each lane knows.
    """
    name = "rule"
    try:
        given = msgspec.json.decode(data) if isinstance(data, bytes) else data
        if isinstance(given, Mapping):
            name = f"rule {given.get('id', '?')}"
        rule = msgspec.convert(given, Rule, strict=True)
    except msgspec.ValidationError as error:
        raise RuleError(f"{name}: {_readable(error)}") from None
    except (msgspec.DecodeError, RecursionError) as error:
        raise RuleError(f"{name}: not JSON ({error})") from None
    if rule.lane == "event" and rule.for_windows > 1:
        raise RuleError(f"{name}: for_windows: an event is no window; leave it out in lane event")
    for number, condition in enumerate(rule.when):
        _check(rule, condition, f"{name}: when[{number}]", set(features[rule.lane]))
    for key, value in rule.then.parameters.items():
        if isinstance(value, str) and value.startswith("$") and value not in PLACEHOLDERS:
            known = ", ".join(PLACEHOLDERS)
            raise RuleError(f"{name}: then.parameters.{key}: {value} is not known; there are {known}")
    return rule


def _readable(error: msgspec.ValidationError) -> str:
    text, _, path = str(error).partition(" - at `$")
    where = path.rstrip("`").lstrip(".")
    return f"{where}: {text}" if where else text


def _check(rule: Rule, condition: Condition, where: str, features: set[str]) -> None:
    subjects = [name for name in _SUBJECTS if getattr(condition, name) is not None]
    if len(subjects) != 1:
        raise RuleError(f"{where}: give exactly one of {', '.join(_SUBJECTS)}; found {subjects or 'none'}")
    bounds = [name for name in BOUNDS if getattr(condition, name) is not None]
    texts = condition.equals is not None or condition.among is not None
    match subjects[0]:
        case "feature":
            if condition.feature not in features:
                raise RuleError(
                    f"{where}.feature: {condition.feature} is not known in lane {rule.lane}; "
                    f"there are {', '.join(sorted(features))}"
                )
            if texts:
                raise RuleError(f"{where}.feature: a number is not compared with equals or among")
            if not bounds:
                raise RuleError(f"{where}: give at least one of {', '.join(BOUNDS)}")
            compared = [name for name in bounds if name not in ("above", "below")]
            if compared and rule.lane == "event":
                raise RuleError(f"{where}.{compared[0]}: an event has no baseline; use above or below")
            if compared and condition.against == "peers" and rule.lane == "content_window":
                raise RuleError(f"{where}.against: contents have no peers; use self")
            if condition.shift is not None and condition.against == "peers":
                raise RuleError(f"{where}.shift: a drift is seen against self only")
        case "forest":
            if rule.lane != "session_window":
                raise RuleError(f"{where}.forest: the forest scores session windows; use it there")
            if bounds or texts:
                raise RuleError(f"{where}.forest: takes no other bound")
        case subject:
            if not texts or bounds:
                raise RuleError(f"{where}.{subject}: compare it with equals or among")
            if subject == "event" and rule.lane != "event":
                raise RuleError(f"{where}.event: only rules of lane event see single events")
            known = EVENT_TEXTS if subject == "event" else CONTEXTS[rule.lane]
            if getattr(condition, subject) not in known:
                raise RuleError(f"{where}.{subject}: not known in lane {rule.lane}; there are {', '.join(known)}")


def parse_rule_file(text: str, features: Mapping[Lane, Iterable[str]]) -> list[Rule]:
    """The rules of a YAML (or JSON) file: a list under `rules`. Raises `RuleError`, also for an id that stands twice."""
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise RuleError(f"the rule file is not YAML: {error}") from None
    if not isinstance(document, dict) or not isinstance(document.get("rules"), list):
        raise RuleError("the rule file needs a list under `rules`")
    rules = [parse_rule(entry, features) for entry in document["rules"] if _is_mapping(entry)]
    seen: set[str] = set()
    for rule in rules:
        if rule.id in seen:
            raise RuleError(f"rule {rule.id}: the id stands twice in the file")
        seen.add(rule.id)
    return rules


def _is_mapping(entry: Any) -> bool:
    if not isinstance(entry, dict):
        raise RuleError(f"a rule is a mapping with id, version, about, lane, when and then; found {entry!r}")
    return True
