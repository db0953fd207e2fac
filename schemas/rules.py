"""The rule contract (rules.v1 and rule files): when to change what, as data."""

from collections.abc import Callable, Collection, Iterable, Mapping
from itertools import chain
from typing import Annotated, Any, Final, Literal

import msgspec
import yaml
from msgspec import Meta, Struct, field

from schemas.actions import ACTIONS, ActionName, parameter_problem
from schemas.commands import ApplyHint, SourceKind
from schemas.events import EventType
from schemas.json_values import json_problem
from schemas.nearest_names import suggestion
from schemas.own_events import own_events_problem, own_names
from schemas.rule_conditions import Condition, Lane, condition_problem
from schemas.rule_errors import RuleError as RuleError
from schemas.rule_errors import RuleFileError
from schemas.rule_messages import mark_of, not_yaml, readable
from schemas.rule_yaml import AmbiguousValueError, load_placed_yaml
from schemas.unreadable import UNREADABLE

Id = Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9-]{0,63}$")]


class Effect(Struct, forbid_unknown_fields=True, omit_defaults=True, frozen=True):
    """What is asked of the CMS. In `parameters`, a text ``$name`` is filled in by the job (see `PLACEHOLDERS`).

    `apply: at_break` asks the page to wait for the reader's next natural break (`infra/tracker/src/natural_break.js`).
    """

    action: ActionName
    parameters: dict[str, Any] = {}
    apply: ApplyHint | None = None


RuleMode = Literal["active", "shadow", "off"]

Expression = Annotated[str, Meta(min_length=1, max_length=10_000)]
"""A text in CEL (`models/rules/expressions`)."""


class Until(Struct, forbid_unknown_fields=True, omit_defaults=True, frozen=True):
    """When a command is taken back: all of `when`, or `if`, must hold for `for_windows` windows that share no second."""

    when: Annotated[tuple[Condition, ...], Meta(max_length=16)] = ()
    if_: Expression | None = field(name="if", default=None)
    for_windows: Annotated[int, Meta(ge=1, le=60)] = 1


class CountedEvents(Struct, forbid_unknown_fields=True, omit_defaults=True, frozen=True):
    """Which of a reader's events a counter counts: those of a type for which `where`, in CEL, is true."""

    event: EventType
    where: Expression | None = None


class OwnFeature(Struct, forbid_unknown_fields=True, omit_defaults=True, frozen=True):
    """A number of a rule's own: how many such events a reader caused within the last `within_s` seconds."""

    name: Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{0,63}$")]
    count: CountedEvents
    within_s: Annotated[int, Meta(ge=1, le=3600)]


MIN_EXPIRY_AT_BREAK_S: Final = 40
"""A page waits up to 30 s for a break (`infra/tracker/src/natural_break.js`), and has the command some seconds after its time."""


class Rule(Struct, forbid_unknown_fields=True, omit_defaults=True, frozen=True):
    """All of `when` and `if` must hold, for `for_windows` windows in a row; then `then` is proposed, once per cooldown.

    `sequence` names events that must come one after the other within `within_s` seconds, `without` one that must not come
    meanwhile: each a type of event, or an expression on its fields. `valid_from` and `valid_until` are ISO 8601 times.
    Without `cooldown_s` the action's place in the matrix says how often it may come (`schemas/action_frequency.py`).
    """

    id: Id
    version: Annotated[int, Meta(ge=1)]
    about: str
    lane: Lane
    then: Effect
    when: Annotated[tuple[Condition, ...], Meta(min_length=1, max_length=16)] = ()
    if_: Expression | None = field(name="if", default=None)
    features: Annotated[tuple[OwnFeature, ...], Meta(max_length=16)] = ()
    sequence: Annotated[tuple[Expression, ...], Meta(max_length=8)] = ()
    without: Expression | None = None
    within_s: Annotated[int, Meta(ge=1, le=3600)] | None = None
    until: Until | None = None
    mode: RuleMode = "active"
    confidence: Annotated[float, Meta(ge=0.0, le=1.0)] = 1.0
    max_per_session: Annotated[int, Meta(ge=1, le=1000)] | None = None
    valid_from: str | None = None
    valid_until: str | None = None
    priority: Annotated[int, Meta(ge=0, le=100)] = 50
    cooldown_s: Annotated[int, Meta(ge=0, le=86_400)] | None = None
    rest_factor: Annotated[float, Meta(ge=1.0, le=8.0)] = 1.0
    expires_s: Annotated[int, Meta(ge=1, le=86_400)] = 300
    for_windows: Annotated[int, Meta(ge=1, le=60)] = 1
    grace_s: Annotated[int, Meta(ge=1, le=3600)] | None = None
    source: SourceKind = "rule"
    enabled: bool = True


PLACEHOLDERS: Final = {
    "$recent_contents": "ids of the contents clicked lately, most telling first",
    "$recent_types": "their types, likewise",
    "$category": "the content type whose time rose most",
    "$passed_section": "the section that readers pass quickly (lane `content_section`)",
    "$held_section": "the section that holds readers longest, likewise",
    "$sections_by_attention": "the item's sections, the one that holds longest first, likewise",
    "$content_id": "what the reader is looking at",
    "$language": "the language of the item's version that suits the reader best",
}


PLACEHOLDER_LANES: Final[dict[str, tuple[Lane, ...]]] = {
    "$recent_contents": ("event",),
    "$recent_types": ("event",),
    "$category": ("session_window",),
    "$language": ("session_window", "event"),
}
"""Where the job can fill in what is not known in every lane."""

TAKEN_NAMES: Final = frozenset(
    {
        "in",
        "true",
        "false",
        "null",
        "bool",
        "bytes",
        "double",
        "duration",
        "dyn",
        "int",
        "list",
        "map",
        "string",
        "timestamp",
    }
    | {"type", "uint", "has", "size", "matches", "z", "change", "baseline", "rank", "nats", "score", "threshold"}
    | {"context", "content", "event", "segment", "segment_name", "sentiment"}
)
"""Names that expressions read as something else than a rule's own counter."""

MAX_RULE_CHARS: Final = 262_144
"""Characters of a rule; a longer one is refused before it is read."""

MAX_FILE_CHARS: Final = 4_194_304


def parse_rule(
    data: Mapping[str, Any] | bytes,
    features: Mapping[Lane, Iterable[str]],
    detectors: Collection[str] | None = None,
) -> Rule:
    """A rule from JSON bytes or from what a file held. Raises `RuleError`.

    `features` says which features each lane knows, `detectors` which detectors the job has; None accepts any name.
    """
    name = "rule"
    if isinstance(data, bytes) and len(data) > MAX_RULE_CHARS:
        raise RuleError(f"{name}: {len(data)} bytes; {MAX_RULE_CHARS} are allowed")
    try:
        given = msgspec.json.decode(data) if isinstance(data, bytes) else data
        if isinstance(given, Mapping):
            name = f"rule {str(given.get('id', '?'))[:80]}"
        rule = msgspec.convert(given, Rule, strict=True)
    except msgspec.ValidationError as error:
        field, problem = readable(error, given)
        raise RuleError(f"{name}: {problem}", field) from None
    except UNREADABLE as error:
        raise RuleError(f"{name}: not JSON ({error})") from None
    if (found := json_problem(given)) is not None:
        raise RuleError(f"{name}: {found.lstrip('.: ')}", found.partition(":")[0].lstrip(".") or None)
    for field, problem in _problems(rule, features, detectors):
        raise RuleError(f"{name}: {field}{problem}", field)
    return rule


def _problems(
    rule: Rule, features: Mapping[Lane, Iterable[str]], detectors: Collection[str] | None
) -> Iterable[tuple[str, str]]:
    """What is wrong with a rule of the right shape: the field, and the rest of the sentence."""
    # The patterns of names accept a line's end behind them, as `$` does.
    named = [("id", rule.id), *((f"features[{number}].name", each.name) for number, each in enumerate(rule.features))]
    for where, name in named:
        if name.endswith("\n"):
            yield where, ": a name ends with its last letter, not with a new line"
    if not (rule.when or rule.if_ or rule.sequence):
        yield "when", ": give when, if or sequence; a rule without any would always hold"
    if rule.cooldown_s is not None and rule.rest_factor != 1.0:
        yield "rest_factor", ": multiplies the cooldown by the matrix of actions; leave it out beside cooldown_s"
    if rule.lane == "event" and rule.for_windows > 1:
        yield "for_windows", ": an event is no window; leave it out in lane event"
    if rule.lane != "session_window" and rule.grace_s is not None:
        yield "grace_s", ": breaks are seen in windows of sessions; use it in lane session_window"
    if rule.lane in ("content_window", "content_section"):
        if rule.max_per_session is not None:
            yield "max_per_session", f": a content item has no sessions; leave it out in lane {rule.lane}"
        if rule.then.apply == "at_break":
            yield "then.apply", f": no page waits with a change of a content item; leave it out in lane {rule.lane}"
    if rule.then.apply == "at_break" and rule.expires_s < MIN_EXPIRY_AT_BREAK_S:
        yield (
            "expires_s",
            f": is over before a page has waited for a break (then.apply); give at least {MIN_EXPIRY_AT_BREAK_S}",
        )
    if (found := own_events_problem(rule, {*TAKEN_NAMES, *chain.from_iterable(features.values())})) is not None:
        yield _split("", found)
    known = (*features[rule.lane], *own_names(rule))
    elsewhere = {lane: names for lane, names in features.items() if lane != rule.lane}
    conditions = [(f"when[{number}]", each) for number, each in enumerate(rule.when)]
    if rule.until is not None and not (rule.until.when or rule.until.if_):
        yield "until", ": give when or if; without any the command would be taken back at once"
    if rule.then.action == "revert":
        yield "then.action", ": a rule takes back its own command only; say when in `until`, beside the action"
    if rule.until is not None and not ACTIONS[rule.then.action].revertible:
        yield "until", f": {rule.then.action} cannot be taken back; leave it out"
    if rule.until is not None and (rule.until.when, rule.until.if_) == (rule.when, rule.if_):
        yield "until", ": is the rule's own condition, so that the command would be taken back while its cause goes on"
    if rule.until is not None and rule.lane == "event" and rule.until.for_windows > 1:
        yield "until.for_windows", ": an event is no window; leave it out in lane event"
    if rule.until is not None:
        conditions += [(f"until.when[{number}]", each) for number, each in enumerate(rule.until.when)]
    for where, condition in conditions:
        if (found := condition_problem(condition, rule.lane, known, detectors, elsewhere)) is not None:
            yield _split(where, found)
    for key, value in rule.then.parameters.items():
        if (inner := next((each for each in PLACEHOLDERS if _stands_within(each, value)), None)) is not None:
            yield f"then.parameters.{key}", f": {inner} stands for the whole value; write {key}: {inner}"
        if isinstance(value, str) and value.startswith("$"):
            if value not in PLACEHOLDERS:
                yield f"then.parameters.{key}", f": {value} is not known{suggestion(value, PLACEHOLDERS)}"
            elif rule.lane not in (lanes := PLACEHOLDER_LANES.get(value, (rule.lane,))):
                yield f"then.parameters.{key}", f": {value} is known in lane {' and '.join(lanes)} only"
    if (found := parameter_problem(rule.then.action, rule.then.parameters)) is not None:
        yield _split("then.parameters.", found)


def _stands_within(placeholder: str, value: Any) -> bool:
    """Whether a placeholder is part of a list or object, where nobody would fill it in."""
    parts = value if isinstance(value, list) else value.values() if isinstance(value, dict) else ()
    return any(each == placeholder or _stands_within(placeholder, each) for each in parts)


def _split(where: str, found: str) -> tuple[str, str]:
    field, _, problem = found.partition(":")
    return f"{where}{field}", f":{problem}"


def parse_rule_file(
    text: str,
    features: Mapping[Lane, Iterable[str]],
    detectors: Collection[str] | None = None,
    check: Callable[[Rule], object] | None = None,
    file: str | None = None,
) -> list[Rule]:
    """The rules of a YAML (or JSON) file: a list under `rules`. Raises `RuleError`, also for an id that stands twice.

    `check` looks at each rule once more and raises `RuleError`. `file` is the name in errors, of which all are told.
    """
    found = list(rules_or_errors(text, features, detectors, check, file))
    errors = [each for each in found if isinstance(each, RuleError)]
    if errors:
        raise errors[0] if len(errors) == 1 else RuleFileError(errors)
    return [each for each in found if isinstance(each, Rule)]


def rules_or_errors(
    text: str,
    features: Mapping[Lane, Iterable[str]],
    detectors: Collection[str] | None = None,
    check: Callable[[Rule], object] | None = None,
    file: str | None = None,
    may_be_one: bool = False,
) -> Iterable[Rule | RuleError]:
    """Each rule of a file, or what is wrong with it, where it stands. With `may_be_one` the file may be one rule by itself."""
    try:
        if len(text) > MAX_FILE_CHARS:
            raise RuleError(f"the rule file has {len(text)} characters; {MAX_FILE_CHARS} are allowed")
        document, places = load_placed_yaml(text)
    except AmbiguousValueError as error:
        yield RuleError(f"the rule file: {error}").placed(file, error.line, error.column)
        return
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        yield not_yaml(error).placed(file, *mark_of(error, text))
        return
    except RuleError as error:
        yield error.placed(file, None, None)
        return
    if may_be_one and isinstance(document, dict) and "rules" not in document and "id" in document:
        entries, prefix = [document], ""
    elif isinstance(document, dict) and isinstance(document.get("rules"), list):
        entries, prefix = document["rules"], "rules[{}]."
    else:
        problem = "the rule file needs a list under `rules`" + (", or one rule" if may_be_one else "")
        yield RuleError(problem).placed(file, *(places.of("") or (1, 1)))
        return
    for number, found in enumerate(entries_or_errors(entries, features, detectors, check)):
        if isinstance(found, RuleError):
            place = places.of(prefix.format(number) + (found.field or ""), found.within)
            found.placed(file, *(place or (None, None)))
        yield found


def entries_or_errors(
    entries: Iterable[Any],
    features: Mapping[Lane, Iterable[str]],
    detectors: Collection[str] | None = None,
    check: Callable[[Rule], object] | None = None,
) -> Iterable[Rule | RuleError]:
    """Each rule of a list as it was read from a text, or what is wrong with it."""
    seen: set[str] = set()
    for entry in entries:
        try:
            rule = parse_rule(_mapping(entry), features, detectors)
            if rule.id in seen:
                raise RuleError(f"rule {rule.id}: the id stands twice in the file", "id")
            if check is not None:
                check(rule)
        except RuleError as error:
            error.rule = str(entry.get("id", "?"))[:80] if isinstance(entry, dict) else None
            yield error
        else:
            seen.add(rule.id)
            yield rule


def _mapping(entry: Any) -> dict[str, Any]:
    if not isinstance(entry, dict):
        raise RuleError(f"a rule is a mapping with id, version, about, lane, when and then; found {str(entry)[:80]!r}")
    return entry
