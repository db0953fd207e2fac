"""Hostile and valid records for events.v1; the same ones go past both judges and through a real broker."""

import json
from collections.abc import Callable, Iterator
from itertools import chain, islice
from random import Random
from typing import Any

from schemas.event_validation import CONTEXT_FIELDS, FIELDS, Field
from schemas.events import EVENT_TYPES, MAX_SKEW_MS, VALUE_RANGE
from tests.support.hostile.prepared import BEGINNING_MS, prepared_records, record

_LETTERS = 'abcxyz01289 _-/.,:;"\\{}[]\t\n\x00\x1f\x7fäß€中文\u200d\u2028\ufeff\uffff😀👩🏽'
_TOKENS = (
    *("{", "}", "[", "]", ":", ",", '"', "\\", " ", "\n", "null", "true", "false", "NaN", "1", "-0.5", "1e9", "1e999"),
    *('"type"', '"click"', '"value"', '"context"', '"properties"', '"occurred_at_ms"', '"\\ud800"', '"é"', "\x00"),
)


def hostile_records(seed: int, count: int) -> Iterator[bytes]:
    """`count` records, always the same for a seed: the prepared ones in random order, then random ones."""
    random = Random(seed)
    prepared = list(prepared_records())
    random.shuffle(prepared)
    return islice(chain(prepared, _endless(random)), count)


def valid_event(random: Random) -> dict[str, Any]:
    """A valid event with random fields, each missing, null or anywhere within its bounds."""
    event = _filled(FIELDS, random)
    event["type"] = random.choice(EVENT_TYPES)
    event["received_at_ms"] = BEGINNING_MS + random.randrange(10**10)
    event["occurred_at_ms"] = event["received_at_ms"] + random.randint(-MAX_SKEW_MS, MAX_SKEW_MS)
    if event.get("value") is not None and event["type"] in VALUE_RANGE:
        event["value"] = random.uniform(*VALUE_RANGE[event["type"]])
    return event


def _filled(fields: tuple[Field, ...], random: Random) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for field in random.sample(fields, len(fields)):
        if field.required or random.random() < 0.6:
            values[field.name] = None if not field.required and random.random() < 0.2 else _value(field, random)
    if random.random() < 0.2:
        values["unknown"] = random.choice([None, 1, [1, [2]], {"type": 5}, "text"])
    return values


def _value(field: Field, random: Random) -> Any:
    low, high = int(field.low or 0), int(field.high if field.high is not None else 10**13)
    match field.kind:
        case "string":
            return _text(random, random.randint(low, min(high, 40)))
        case "integer":
            return random.randint(low, high)
        case "number":
            return random.choice([random.randint(low, high), random.uniform(low, high), low, high, -0.0, 1 / 3])
        case "boolean":
            return random.random() < 0.5
        case "tags":
            return {_text(random, 5): _text(random, 5) for _ in range(random.randint(0, high // 4))}
        case "object":
            return _filled(CONTEXT_FIELDS, random)


def _text(random: Random, length: int) -> str:
    return "".join(random.choices(_LETTERS, k=length))


def _encoded(random: Random) -> bytes:
    separators = random.choice([(",", ":"), (", ", ": "), (" ,\n", "\t:\r\n")])
    return json.dumps(valid_event(random), ensure_ascii=random.random() < 0.5, separators=separators).encode()


def _mutated(random: Random) -> bytes:
    """A valid event with a few bytes changed, lost, doubled or moved."""
    data = bytearray(_encoded(random))
    for _ in range(random.randint(1, 3)):
        at, length = random.randrange(len(data) + 1), random.randint(1, 8)
        match random.randrange(6):
            case 0:
                data[at : at + 1] = random.randbytes(1)
            case 1:
                del data[at : at + length]
            case 2:
                data[at:at] = data[at : at + 8 * length]
            case 3:
                data[at:at] = random.choice(_TOKENS).encode()
            case 4:
                del data[at:]
            case _:
                data[at : at + 1] = bytes([random.choice(b'0123456789-.eE{}[]":,\\ntu')])
    return bytes(data)


def _one_field_replaced(random: Random) -> bytes:
    event = valid_event(random)
    strange: list[Any] = [
        None,
        True,
        0,
        -1,
        5,
        0.5,
        1e300,
        10**30,
        "",
        "5",
        "x" * 3_000,
        "\ud800",
        [],
        {},
        {"a": "b"},
        [[1]],
    ]
    target = event["context"] if isinstance(event.get("context"), dict) and random.random() < 0.4 else event
    table = FIELDS if target is event else CONTEXT_FIELDS
    target[random.choice(table).name] = random.choice(strange)
    return json.dumps(event).encode()


def _soup(random: Random) -> bytes:
    return "".join(random.choices(_TOKENS, k=random.randint(1, 40))).encode()


def _soup_in_an_event(random: Random) -> bytes:
    name = random.choice((*FIELDS, *CONTEXT_FIELDS)).name
    return record({name: "".join(random.choices(_TOKENS, k=random.randint(1, 4)))})


def _bytes(random: Random) -> bytes:
    return random.randbytes(random.randint(0, 100))


def _endless(random: Random) -> Iterator[bytes]:
    kinds: tuple[Callable[[Random], bytes], ...]
    kinds = (_encoded, _encoded, _mutated, _mutated, _mutated, _one_field_replaced, _soup, _soup_in_an_event, _bytes)
    while True:
        yield random.choice(kinds)(random)
