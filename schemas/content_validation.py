"""Validates content items (content.v1) as a CMS sends them, and finds all that is wrong with an item at once."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

import msgspec
from msgspec import inspect

from schemas.addresses import stored_content_id
from schemas.content import Content
from schemas.json_values import json_problem

MAX_ITEM_BYTES: Final = 65_536
"""Bytes of one item as JSON, fields that the contract does not know included."""

MAX_PROBLEMS: Final = 20
"""Problems told of one item; there may be more."""

ContentRule = Literal["missing_field", "wrong_type", "out_of_range", "duplicate", "oversize", "malformed"]


@dataclass(frozen=True, slots=True)
class ContentProblem:
    """One thing that is wrong with an item: where (``variants[2].language``), a word for programs, a sentence for people."""

    field: str
    rule: ContentRule
    detail: str


_FORMS: Final = {
    "language": "expected a language tag such as fr or pt-BR (BCP 47)",
    "regions": "expected a country in capitals such as FR (ISO 3166), or a region in three digits such as 419 (UN M49)",
}
"""What is expected of a text whose pattern would tell its sender little."""


class InvalidContentError(ValueError):
    """Raised for an item that cannot be used; `problems` says why, at most `MAX_PROBLEMS` of them."""

    def __init__(self, problems: tuple[ContentProblem, ...]) -> None:
        super().__init__("; ".join(each.detail for each in problems))
        self.problems = problems


def validated(given: Any, content_id: str | None = None) -> tuple[str, bytes]:
    """Returns id and JSON of an item; what the contract does not know is kept, and null is left out.

    `content_id` is the id where it is named elsewhere, as in an address: the item may leave it out, and must not name another.
    Raises `InvalidContentError`.
    """
    if not isinstance(given, Mapping):
        raise InvalidContentError((ContentProblem("", "wrong_type", "expected an object with content_id"),))
    item = {name: value for name, value in given.items() if value is not None}
    if content_id is not None:
        item.setdefault("content_id", content_id)
    if type(item.get("content_id")) is str:
        item["content_id"] = stored_content_id(item["content_id"])
    problems = tuple(_limited(_problems(item, content_id)))
    if problems:
        raise InvalidContentError(problems)
    encoded = msgspec.json.encode(item)
    if len(encoded) > MAX_ITEM_BYTES:
        detail = f"the item has {len(encoded)} bytes; send at most {MAX_ITEM_BYTES}"
        raise InvalidContentError((ContentProblem("", "oversize", detail),))
    return item["content_id"], encoded


def _limited(problems: Iterator[ContentProblem]) -> Iterator[ContentProblem]:
    for _, each in zip(range(MAX_PROBLEMS), problems, strict=False):
        yield each


def _problems(item: Mapping[str, Any], content_id: str | None) -> Iterator[ContentProblem]:
    if (problem := json_problem(dict(item))) is not None:
        field, _, why = problem.removeprefix(".").partition(": ")
        yield ContentProblem(field, "malformed", _sentence(field, why))
        return
    yield from _of_struct(item, Content, "")
    if content_id is not None and item["content_id"] != content_id:
        detail = f"content_id: expected {content_id}, the id of the address, or none"
        yield ContentProblem("content_id", "out_of_range", detail)
    yield from _repeated(item, "variants", ("variant", "language"))
    yield from _repeated(item, "sections", ("id",))


def _of_struct(given: Mapping[str, Any], struct: type[msgspec.Struct], path: str) -> Iterator[ContentProblem]:
    info = inspect.type_info(struct)
    assert isinstance(info, inspect.StructType)
    for field, python_type in zip(info.fields, msgspec.structs.fields(struct), strict=True):
        where = f"{path}{field.encode_name}"
        value = given.get(field.encode_name)
        if value is not None:
            yield from _of_value(value, field.type, python_type.type, where)
        elif field.required:
            yield ContentProblem(where, "missing_field", f"{where}: required")


def _of_value(value: Any, kind: inspect.Type, python_type: Any, where: str) -> Iterator[ContentProblem]:
    """Looks into objects and lists of objects, so that each of their faults is told; msgspec ends at the first."""
    kinds = kind.types if isinstance(kind, inspect.UnionType) else (kind,)
    for each in kinds:
        if isinstance(each, inspect.StructType) and isinstance(value, Mapping):
            yield from _of_struct(value, each.cls, f"{where}.")
            return
        if isinstance(each, inspect.VarTupleType) and isinstance(value, list):
            most = each.max_length
            if most is not None and len(value) > most:
                yield ContentProblem(where, "out_of_range", f"{where}: {len(value)} entries; send at most {most}")
                return
            (entry_type, _) = get_args(get_args(python_type)[0])
            for number, entry in enumerate(value):
                yield from _of_value(entry, each.item_type, entry_type, f"{where}[{number}]")
            return
    yield from _converted(value, python_type, where)


def _converted(value: Any, python_type: Any, where: str) -> Iterator[ContentProblem]:
    try:
        msgspec.convert(value, python_type)
    except msgspec.ValidationError as error:
        why = re.sub(r" - at `\$.*`$", "", str(error))
        rule: ContentRule = "wrong_type" if ", got `" in why else "out_of_range"
        if "regex" in why:
            why = _FORMS.get(_last_name(where), why)
        yield ContentProblem(where, rule, _sentence(where, why))
        return
    form = _FORMS.get(_last_name(where))
    if form is not None and isinstance(value, str) and value.endswith("\n"):
        # The pattern's `$` accepts a line's end behind the text.
        yield ContentProblem(where, "out_of_range", _sentence(where, f"{form}, without a new line"))


def _last_name(where: str) -> str:
    """The field's own name.

    >>> _last_name("variants[2].language"), _last_name("regions[0]")
    ('language', 'regions')
    """
    return re.sub(r"\[\d+\]", "", where.rpartition(".")[2])


def _repeated(item: Mapping[str, Any], name: str, keys: tuple[str, ...]) -> Iterator[ContentProblem]:
    """Entries that say the same of which there can be one."""
    entries = item.get(name)
    first: dict[tuple[Any, ...], int] = {}
    for number, entry in enumerate(entries if isinstance(entries, list) else ()):
        if not isinstance(entry, Mapping):
            continue
        key = tuple(value.lower() if isinstance(value := entry.get(each), str) else None for each in keys)
        if key[0] is not None and first.setdefault(key, number) != number:
            where = f"{name}[{number}]"
            detail = f"{where}: the same {' and '.join(keys)} as {name}[{first[key]}]"
            yield ContentProblem(where, "duplicate", detail)


def _sentence(where: str, why: str) -> str:
    text = why[:1].lower() + why[1:]
    return f"{where}: {text}" if where else text
