"""Validates records against the event contract, by one table for Python and the JVM.

`Event` is the source. `FIELDS` is read off it; `validate_record` applies the table in Python (gateway, command line,
tests) and `contract_json` hands the same table to the decoder that Flink runs (`udfs/format`), so no rule is
written twice. A test feeds hostile records to both and compares every result.
"""

import json
import math
import re
from dataclasses import dataclass
from typing import Any, Final, Literal

import msgspec
from msgspec import inspect

from schemas.events import (
    EVENT_TYPES,
    MAX_BYTES,
    MAX_DEPTH,
    MAX_SKEW_MS,
    VALUE_RANGE,
    Context,
    Event,
)
from schemas.rejects import Reason, ValidationFailure

Kind = Literal["string", "integer", "number", "boolean", "tags", "object"]

_MAX_NUMBER_CHARS: Final = 20
"""Digits, sign and point of a number inside every range of the contract; longer integers are out of range unread."""

_STRING_OR_CONSTANT: Final = re.compile(r'"(?:[^"\\]|\\.)*"|(-?Infinity|NaN)')

_NOT_JSON: Final = f"not JSON of at most {MAX_DEPTH} levels"
"""One answer for both: of a record that is too deep and broken, each parser meets another fault first."""


@dataclass(frozen=True, slots=True)
class Field:
    """One line of the table. Bounds are inclusive: characters of strings, values of numbers, entries of tags."""

    name: str
    kind: Kind
    required: bool
    low: float | None
    high: float | None


def _field(field: inspect.Field) -> Field:
    kinds = field.type.types if isinstance(field.type, inspect.UnionType) else (field.type,)
    (kind,) = (each for each in kinds if not isinstance(each, inspect.NoneType))
    name, required = field.encode_name, field.required
    match kind:
        case inspect.StrType():
            return Field(name, "string", required, kind.min_length, kind.max_length)
        case inspect.LiteralType():
            return Field(name, "string", required, None, None)
        case inspect.IntType():
            return Field(name, "integer", required, kind.ge, kind.le)
        case inspect.FloatType():
            return Field(name, "number", required, kind.ge, kind.le)
        case inspect.BoolType():
            return Field(name, "boolean", required, None, None)
        case inspect.DictType():
            return Field(name, "tags", required, None, kind.max_length)
        case inspect.StructType():
            return Field(name, "object", required, None, None)
    raise TypeError(f"the event contract has no rule for {name}: {kind}")


def _table(struct: type[msgspec.Struct]) -> tuple[Field, ...]:
    info = inspect.type_info(struct)
    assert isinstance(info, inspect.StructType)
    return tuple(_field(field) for field in info.fields)


FIELDS: Final = _table(Event)
CONTEXT_FIELDS: Final = _table(Context)


def contract_json() -> str:
    """Serialises the table for the decoder in the JVM: compact JSON, passed as an option of the source table."""

    def rows(fields: tuple[Field, ...]) -> list[dict[str, Any]]:
        return [{"name": f.name, "kind": f.kind, "required": f.required, "low": f.low, "high": f.high} for f in fields]

    table = {
        "max_bytes": MAX_BYTES,
        "max_depth": MAX_DEPTH,
        "max_skew_ms": MAX_SKEW_MS,
        "longest_number": _MAX_NUMBER_CHARS,
        "types": EVENT_TYPES,
        "value_range": VALUE_RANGE,
        "fields": rows(FIELDS),
        "context": rows(CONTEXT_FIELDS),
    }
    return json.dumps(table, separators=(",", ":"))


class InvalidEventError(Exception):
    """Ends the validation of a record at its first fault."""

    def __init__(self, reason: Reason, detail: str) -> None:
        self.failure = ValidationFailure(reason, detail)


@dataclass(frozen=True, slots=True)
class HugeInteger:
    """An integer too long to be worth converting, as its digits."""

    text: str


def _parse_int(text: str) -> int | HugeInteger:
    return int(text) if len(text) <= _MAX_NUMBER_CHARS else HugeInteger(text)


_BRACKETS: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]]', re.DOTALL)
"""A text in quotes, or a bracket outside of one."""


class _ConstantError(ValueError):
    """The text holds NaN or an infinity, which JavaScript and Python write and JSON does not know."""


def _parse_constant(text: str) -> Any:
    raise _ConstantError(text)


_decoder = json.JSONDecoder(parse_int=_parse_int, parse_constant=_parse_constant)


def validate_record(raw: bytes | None, now_ms: int) -> Event | ValidationFailure:
    """Returns the event in `raw`, or why it is none. `now_ms` is the validator's clock, for times that lie in the future.

    Unknown fields are ignored. Of a name given twice the last one counts, as JSON parsers do.
    """
    try:
        fields = _parse(raw)
    except InvalidEventError as error:
        return error.failure
    return validate_fields(fields, now_ms)


def validate_fields(fields: dict[str, Any], now_ms: int) -> Event | ValidationFailure:
    """Validates a record that `parse_json_strictly` has read, as a part of something larger."""
    try:
        checked = _checked(FIELDS, fields, "")
        _check_meaning(checked, now_ms)
    except InvalidEventError as error:
        return error.failure
    if checked["context"] is not None:
        checked["context"] = Context(**checked["context"])
    return Event(**checked)


def parse_json_strictly(raw: bytes) -> Any:
    """Reads any JSON text as strictly as a record and of any size; returns a `ValidationFailure` where it is none.

    Integers too long to be worth converting are `HugeInteger`, which every check refuses. The failure says where it is.
    """
    try:
        text = raw.decode("utf-8")
        return _decoder.decode(text)
    except UnicodeDecodeError as error:
        return ValidationFailure("malformed", f"not UTF-8: byte {error.start}")
    except json.JSONDecodeError as error:
        return ValidationFailure("malformed", f"not JSON: character {error.pos} (line {error.lineno}, {error.colno})")
    except _ConstantError as error:
        return ValidationFailure("malformed", f"not JSON: {error} at character {_constant_at(text)}; send null")
    except (ValueError, RecursionError):
        return ValidationFailure("malformed", "not JSON")


def _constant_at(text: str) -> int:
    """Position of the first NaN or infinity outside of strings."""
    found = (each for each in _STRING_OR_CONSTANT.finditer(text) if each[1] is not None)
    return next(each.start() for each in found)


def _parse(raw: bytes | None) -> dict[str, Any]:
    if not raw:
        raise InvalidEventError("malformed", "empty")
    if len(raw) > MAX_BYTES:
        raise InvalidEventError("oversize", f"over {MAX_BYTES} bytes")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidEventError("malformed", "not UTF-8") from None
    try:
        value = _decoder.decode(text)
    except (ValueError, RecursionError):
        raise InvalidEventError("malformed", _NOT_JSON) from None
    # Counting brackets is cheap and nearly always enough; the exact walk is for the rest.
    if raw.count(b"{") + raw.count(b"[") > MAX_DEPTH and _depth(text) > MAX_DEPTH:
        raise InvalidEventError("malformed", _NOT_JSON)
    if type(value) is not dict:
        raise InvalidEventError("malformed", "not an object")
    return value


def _depth(text: str) -> int:
    """Levels of lists and objects in a JSON text. Of the text, not of what was read from it: a value that is too deep stays so
    where a later one of its name replaces it."""
    deepest = depth = 0
    for bracket in _BRACKETS.findall(text):
        if bracket in "{[":
            depth += 1
            deepest = max(deepest, depth)
        elif bracket in "}]":
            depth -= 1
    return deepest


def _checked(table: tuple[Field, ...], fields: dict[str, Any], prefix: str) -> dict[str, Any]:
    # Most fields of most events are absent: a call for each of those would double the cost.
    return {
        field.name: None
        if (value := fields.get(field.name)) is None and not field.required
        else _check(field, value, prefix)
        for field in table
    }


def _check(field: Field, value: Any, prefix: str) -> Any:
    if value is None:
        if field.required:
            raise InvalidEventError("missing_field", f"{prefix}{field.name}: required")
        return None
    name = prefix + field.name
    match field.kind:
        case "string":
            return _string(field, value, name)
        case "integer" | "number":
            return _number(field, value, name)
        case "boolean":
            if type(value) is not bool:
                raise InvalidEventError("wrong_type", f"{name}: expected boolean")
            return value
        case "tags":
            return _tags(field, value, name)
        case "object":
            if type(value) is not dict:
                raise InvalidEventError("wrong_type", f"{name}: expected object")
            return _checked(CONTEXT_FIELDS, value, name + ".")


def _string(field: Field, value: Any, name: str) -> str:
    if type(value) is not str:
        raise InvalidEventError("wrong_type", f"{name}: expected string")
    if _unpaired(value):
        raise InvalidEventError("malformed", f"{name}: unpaired surrogate")
    if field.high is not None and len(value) > field.high:
        raise InvalidEventError("out_of_range", f"{name}: longer than {field.high:.0f} characters")
    if field.low is not None and len(value) < field.low:
        raise InvalidEventError("out_of_range", f"{name}: shorter than {field.low:.0f} characters")
    return value


def _unpaired(text: str) -> bool:
    """Whether the text has half a surrogate pair: it could not be written as UTF-8 again."""
    return not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text)


def _number(field: Field, value: Any, name: str) -> float:
    huge = type(value) is HugeInteger
    if field.kind == "integer" and type(value) is float and value.is_integer():
        # JSON has one kind of number: 5.0 and 5e0 are the integer 5.
        value = int(value)
    if not huge and type(value) is not int and (type(value) is not float or _is_fraction(field, value)):
        raise InvalidEventError("wrong_type", f"{name}: expected {field.kind}")
    if huge or not (-(2**63) <= value < 2**63 if type(value) is int else math.isfinite(value)):
        raise InvalidEventError("out_of_range", f"{name}: not a number this system can hold")
    if field.low is not None and value < field.low:
        reason: Reason = "impossible_time" if name.endswith("_at_ms") else "out_of_range"
        raise InvalidEventError(reason, f"{name}: below {field.low:.0f}")
    if field.high is not None and value > field.high:
        raise InvalidEventError("out_of_range", f"{name}: above {field.high:.0f}")
    return value if field.kind == "integer" else float(value)


def _is_fraction(field: Field, value: float) -> bool:
    """Whether an integer was asked for and the number lies between two; one beyond 64 bits or infinite is out of range."""
    return field.kind == "integer" and not value.is_integer() and math.isfinite(value)


def _tags(field: Field, value: Any, name: str) -> dict[str, str]:
    if type(value) is not dict:
        raise InvalidEventError("wrong_type", f"{name}: expected object")
    if any(type(each) is not str for each in value.values()):
        raise InvalidEventError("wrong_type", f"{name}: expected strings")
    if any(_unpaired(tag) or _unpaired(text) for tag, text in value.items()):
        raise InvalidEventError("malformed", f"{name}: unpaired surrogate")
    if field.high is not None and len(value) > field.high:
        raise InvalidEventError("out_of_range", f"{name}: more than {field.high:.0f} entries")
    return value


def _check_meaning(event: dict[str, Any], now_ms: int) -> None:
    """Checks what involves more than one field."""
    if event["type"] not in EVENT_TYPES:
        raise InvalidEventError("unknown_type", "type: not one of the contract's")
    value, bounds = event["value"], VALUE_RANGE.get(event["type"])
    if value is not None and bounds is not None and not bounds[0] <= value <= bounds[1]:
        raise InvalidEventError("out_of_range", f"value: outside {bounds[0]:.0f}..{bounds[1]:.0f} for {event['type']}")
    received = event["received_at_ms"]
    if abs(event["occurred_at_ms"] - received) > MAX_SKEW_MS:
        raise InvalidEventError("impossible_time", "occurred_at_ms: over 24 h from received_at_ms")
    if received > now_ms + MAX_SKEW_MS:
        raise InvalidEventError("impossible_time", "received_at_ms: over 24 h in the future")
