"""Says what msgspec found wrong with a rule: the field, what was expected, and the nearest known name."""

import re
from collections.abc import Mapping
from typing import Any, Final, get_args

import msgspec

from schemas.actions import ACTIONS
from schemas.commands import ApplyHint, SourceKind
from schemas.events import EventType
from schemas.nearest_names import suggestion
from schemas.rule_conditions import BOUNDS, OPERANDS, Condition, Lane
from schemas.rule_errors import RuleError

_UNKNOWN_FIELD: Final = re.compile(r"Object contains unknown field `(.*)`$", re.DOTALL)
_KEY: Final = re.compile(r"Expected `str` - at `key` in `\$(.*)`$", re.DOTALL)
_WRONG_NAME: Final = re.compile(r"Expected `str` matching regex '\^\[a-z")
_WRONG_CHOICE: Final = re.compile(r"Invalid enum value '(.*)'$", re.DOTALL)

_CHOICES: Final[dict[str, tuple[str, ...]]] = {
    "then.action": tuple(ACTIONS),
    "then.apply": get_args(ApplyHint),
    "lane": get_args(Lane),
    "source": get_args(SourceKind),
    "mode": ("active", "shadow", "off"),
    "count.event": get_args(EventType),
    "against": ("self", "peers", "segment"),
    "shift": ("up", "down"),
    "forest": ("threshold",),
    "above": ("threshold",),
}
"""The values of fields that take one of several texts, by the end of the field's path."""


def readable(error: msgspec.ValidationError, given: Any) -> tuple[str, str]:
    """The path of the field, and the sentence that begins with it. A path that ends in ``!`` means the key itself."""
    if found := _KEY.match(str(error)):
        return _wrong_key(found[1].lstrip("."), given)
    text, _, path = str(error).partition(" - at `$")
    field = path.rstrip("`").lstrip(".")
    where = f"{field}: " if field else ""
    if found := _UNKNOWN_FIELD.match(text):
        name = found[1][:80]
        is_of_then = not field and name in _fields_at("then", given)
        hint = "; it stands under then" if is_of_then else suggestion(name, _fields_at(field, given))
        return f"{field}.{name}!".lstrip("."), f"{where}Object contains unknown field `{name}`{hint}"
    choices = next((each for end, each in _CHOICES.items() if field == end or field.endswith(f".{end}")), None)
    if choices is not None and (found := _WRONG_CHOICE.match(text)):
        return field, f"{where}Invalid enum value '{found[1][:80]}'{suggestion(found[1], choices)}"
    if choices is not None and text.startswith("Expected `str"):
        return field, f"{where}{text}; there are {', '.join(sorted(choices))}"
    if _WRONG_NAME.match(text):
        return field, f"{where}expected {_names_allowed(text)}, found {str(_read(field, given))[:80]!r}"
    return field, where + text


def _wrong_key(field: str, given: Any) -> tuple[str, str]:
    """A key that is no text. In `above: 1,5` YAML sees the key 5."""
    holder = _read(field, given)
    key = next((each for each in holder if not isinstance(each, str)), None) if isinstance(holder, Mapping) else None
    where = f"{field}: " if field else ""
    is_fraction = isinstance(key, int) and not isinstance(key, bool) and holder[key] is None
    hint = f"write a fraction with a point, as in 0.{key}" if is_fraction else "put it in quotes"
    return f"{field}.{key}!".lstrip("."), f"{where}the key {str(key)[:80]} is no text; {hint}"


def _names_allowed(text: str) -> str:
    letters = "lower-case letters, digits and " + ("underscores" if "_" in text else "hyphens")
    return f"{letters}, at most 64, {'a letter first' if '_' in text else 'no hyphen first'}"


_YAML_HINTS: Final = (
    ("mapping values are not allowed", "put a text with a colon and a space in it in quotes"),
    ("cannot start any token", "indent with spaces, and put a text that begins so in quotes"),
    ("unknown escape character", "use single quotes: in double quotes a backslash begins an escape"),
    ("undefined alias", "put a text that begins with * in quotes"),
    ("found another document", "leave out the line of three hyphens"),
)
"""What to write instead, by a part of what PyYAML says."""


def not_yaml(error: Exception) -> RuleError:
    """The error of a text that is no YAML, in one line."""
    problem = getattr(error, "problem", None) or str(error).partition("\n")[0]
    hint = next((f"; {hint}" for part, hint in _YAML_HINTS if part in problem), "")
    context, mark = getattr(error, "context", None), getattr(error, "context_mark", None)
    around = f", {context} from line {mark.line + 1} on" if context and mark is not None else ""
    return RuleError(f"the rule file is not YAML: {problem}{around}{hint}")


def mark_of(error: Exception, text: str) -> tuple[int | None, int | None]:
    """Line and column of a problem with YAML."""
    if (position := getattr(error, "position", None)) is not None:
        return text.count("\n", 0, position) + 1, position - text.rfind("\n", 0, position)
    mark = getattr(error, "problem_mark", None)
    return (None, None) if mark is None else (mark.line + 1, mark.column + 1)


def _fields_at(field: str, given: Any) -> list[str]:
    """The names of the fields that the object at a path can have."""
    from schemas.rules import CountedEvents, Effect, OwnFeature, Rule, Until

    struct: Any = Rule
    if re.search(r"when\[\d+\]$", field):
        operands = [name for name in OPERANDS if name in (_value_at(field, given) or {})]
        return [each.encode_name for each in msgspec.structs.fields(Condition)] if operands else [*OPERANDS, *BOUNDS]
    for end, each in (("then", Effect), ("until", Until), ("count", CountedEvents)):
        if field.endswith(end):
            struct = each
    if re.search(r"features\[\d+\]$", field):
        struct = OwnFeature
    return [each.encode_name for each in msgspec.structs.fields(struct)]


def _value_at(field: str, given: Any) -> Any:
    found = _read(field, given)
    return found if isinstance(found, Mapping) else None


def _read(field: str, given: Any) -> Any:
    for index, name in re.findall(r"\[(\d+)\]|([^.\[\]]+)", field):
        if index:
            given = given[int(index)]
        else:
            given = given.get(name) if isinstance(given, Mapping) else None
    return given
