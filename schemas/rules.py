"""The rule contract (rules.v1 and rule files): when to change what, as data."""

from collections.abc import Collection, Iterable, Mapping
from typing import Annotated, Any, Final

import msgspec
import yaml
from msgspec import Meta, Struct

from schemas.actions import ActionName, parameter_problem
from schemas.commands import SourceKind
from schemas.json_values import json_problem
from schemas.rule_conditions import Condition, Lane, condition_problem
from schemas.rule_yaml import AmbiguousValueError, load_yaml

Id = Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9-]{0,63}$")]


class Effect(Struct, forbid_unknown_fields=True, omit_defaults=True, frozen=True):
    """What is asked of the CMS. In `parameters`, a text ``$name`` is filled in by the job (see `PLACEHOLDERS`)."""

    action: ActionName
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


class RuleError(ValueError):
    """A rule that cannot be used; the message names rule, field and what was expected."""


def parse_rule(
    data: Mapping[str, Any] | bytes,
    features: Mapping[Lane, Iterable[str]],
    detectors: Collection[str] | None = None,
) -> Rule:
    """A rule from JSON bytes or from what a file held. Raises `RuleError`.

    `features` says which features each lane knows, `detectors` which detectors the job has; None accepts any name.
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
    if (problem := json_problem(given)) is not None:
        raise RuleError(f"{name}: {problem.lstrip('.: ')}")
    if rule.lane == "event" and rule.for_windows > 1:
        raise RuleError(f"{name}: for_windows: an event is no window; leave it out in lane event")
    for number, condition in enumerate(rule.when):
        if (problem := condition_problem(condition, rule.lane, features[rule.lane], detectors)) is not None:
            raise RuleError(f"{name}: when[{number}]{problem}")
    for key, value in rule.then.parameters.items():
        if isinstance(value, str) and value.startswith("$") and value not in PLACEHOLDERS:
            known = ", ".join(PLACEHOLDERS)
            raise RuleError(f"{name}: then.parameters.{key}: {value} is not known; there are {known}")
    if (problem := parameter_problem(rule.then.action, rule.then.parameters)) is not None:
        raise RuleError(f"{name}: then.parameters.{problem}")
    return rule


def _readable(error: msgspec.ValidationError) -> str:
    text, _, path = str(error).partition(" - at `$")
    where = path.rstrip("`").lstrip(".")
    return f"{where}: {text}" if where else text


def parse_rule_file(
    text: str, features: Mapping[Lane, Iterable[str]], detectors: Collection[str] | None = None
) -> list[Rule]:
    """The rules of a YAML (or JSON) file: a list under `rules`. Raises `RuleError`, also for an id that stands twice."""
    try:
        document = load_yaml(text)
    except AmbiguousValueError as error:
        raise RuleError(f"the rule file: {error}") from None
    except RecursionError:
        raise RuleError("the rule file is nested too deep") from None
    except yaml.YAMLError as error:
        raise RuleError(f"the rule file is not YAML: {error}") from None
    if not isinstance(document, dict) or not isinstance(document.get("rules"), list):
        raise RuleError("the rule file needs a list under `rules`")
    rules = [parse_rule(entry, features, detectors) for entry in document["rules"] if _is_mapping(entry)]
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
