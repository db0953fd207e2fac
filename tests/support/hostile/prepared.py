"""Records that each try one thing on the judge of events: a bound, a wrong type, a trick of JSON or of Unicode."""

from collections.abc import Iterable, Iterator
from itertools import chain, product
from typing import Final

from schemas.event_validation import CONTEXT_FIELDS, FIELDS, Field
from schemas.events import EARLIEST_MS, EVENT_TYPES, MAX_BYTES, MAX_DEPTH, MAX_SKEW_MS, VALUE_RANGE
from tests.support.hostile.json_texts import DOCUMENTS, NUMERALS, TEXTS, WRONG

BEGINNING_MS: Final = 1_760_000_000_000
"""When the prepared events happen: October 2025, long past for every judge's clock."""

_FAR_MS: Final = 7_000_000_000_000
"""The year 2191: in the future of every judge's clock."""

_MINIMAL: Final = {
    "event_id": '"e1"',
    "type": '"click"',
    "occurred_at_ms": str(BEGINNING_MS),
    "received_at_ms": str(BEGINNING_MS),
    "session_id": '"s1"',
}
_STRINGS: Final = [f.name for f in FIELDS if f.kind == "string"], [f.name for f in CONTEXT_FIELDS if f.kind == "string"]
_NUMBERS: Final = tuple(
    [f.name for f in table if f.kind in ("integer", "number")] for table in (FIELDS, CONTEXT_FIELDS)
)


def record(changes: dict[str, str] | None = None, extra: str = "") -> bytes:
    """A minimal valid event, fields replaced by JSON texts, which need not be right; `extra` goes before the last brace."""
    fields = _MINIMAL | (changes or {})
    return ("{" + ",".join(f'"{name}":{text}' for name, text in fields.items()) + extra + "}").encode()


def within_context(name: str, text: str) -> bytes:
    return record({"context": f'{{"{name}":{text}}}'})


def prepared_records() -> Iterator[bytes]:
    return chain(
        [record()],
        (text.encode() for text in DOCUMENTS),
        _everywhere((FIELDS, CONTEXT_FIELDS), WRONG),
        _named(_NUMBERS, NUMERALS),
        _named(_STRINGS, TEXTS),
        (record(extra=f',"unknown":{text}') for text in (*NUMERALS, *TEXTS, *WRONG)),
        (record({"properties": f'{{"a":{text},"b":"c"}}'}) for text in (*TEXTS, *WRONG)),
        (record({"properties": f'{{{text}:"a"}}'}) for text in TEXTS),
        _missing(),
        _bounds(),
        _values_by_type(),
        _times(),
        _repeated(),
        _encodings(),
        _depths(),
        _sizes(),
    )


def _everywhere(tables: tuple[tuple[Field, ...], ...], texts: tuple[str, ...]) -> Iterator[bytes]:
    return _named(tuple([field.name for field in table] for table in tables), texts)


def _named(names: tuple[list[str], ...], texts: tuple[str, ...]) -> Iterator[bytes]:
    outer, inner = names
    for text in texts:
        yield from (record({name: text}) for name in outer)
        yield from (within_context(name, text) for name in inner)


def _missing() -> Iterator[bytes]:
    for left_out in _MINIMAL:
        rest = [f'"{name}":{text}' for name, text in _MINIMAL.items() if name != left_out]
        yield ("{" + ",".join(rest) + "}").encode()
        yield ("{" + ",".join([*reversed(rest), '"properties":5', '"x":"a"']) + "}").encode()


def _bounds() -> Iterator[bytes]:
    for field in (*FIELDS, *CONTEXT_FIELDS):
        put = within_context if field in CONTEXT_FIELDS else lambda name, text: record({name: text})
        for bound in (field.low, field.high):
            if bound is None or field.kind == "object":
                continue
            for near in range(int(bound) - 1, int(bound) + 2):
                yield from (put(field.name, text) for text in _near(field, near))


def _near(field: Field, near: int) -> Iterable[str]:
    if field.kind == "tags":
        return ["{" + ",".join(f'"{i}":"v"' for i in range(near)) + "}"]
    if field.kind != "string":
        return [str(near), f"{near}.0", f"{near}.000001", f"{near}e0", f"{near - 1}.999999"]
    return [f'"{char * near}"' for char in ("a", "é", "中", "😀", "\\u00e9", "\\ud83d\\ude00", "\\n", "e\u0301")]


def _values_by_type() -> Iterator[bytes]:
    numbers = {bound + step for bounds in VALUE_RANGE.values() for bound in bounds for step in (-1, -1e-9, 0, 1e-9, 1)}
    for name, value in product(EVENT_TYPES, sorted(numbers)):
        yield record({"type": f'"{name}"', "value": repr(value)})
    for name in (
        "",
        "Click",
        " click",
        "click ",
        "page-view",
        "ｃｌｉｃｋ",
        "click\\u0000",
        "cl\\u0069ck",
        "x" * 5_000,
    ):
        yield record({"type": f'"{name}"'})


def _times() -> Iterator[bytes]:
    instants = (-(2**63), -1, 0, EARLIEST_MS - 1, EARLIEST_MS, BEGINNING_MS // 1000, BEGINNING_MS, _FAR_MS, 2**63 - 1)
    for received, skew in product(instants, (-MAX_SKEW_MS - 1, -MAX_SKEW_MS, -1, 0, 1, MAX_SKEW_MS, MAX_SKEW_MS + 1)):
        yield record({"received_at_ms": str(received), "occurred_at_ms": str(received + skew)})


def _repeated() -> Iterator[bytes]:
    """Names given twice: the last one counts, whether the first was right or wrong."""
    texts = ("null", "5", '"a"', '{"device":"a"}', '{"device":5}', "{}", "[[],[]]", "0.5")
    for field, first, last in product(FIELDS, texts, texts):
        if first != last:
            name = field.name
            yield ("{" + f'"{name}":{first},' + record(extra=f',"{name}":{last}').decode()[1:]).encode()
    for first, last in product(texts, texts):
        yield record({"context": f'{{"device":{first},"device":{last},"save_data":true}}'})
        yield record({"properties": f'{{"a":{first},"a":{last}}}'})
    yield record(extra=',"t\\u0079pe":"scroll","\\u0076alue":0.5')
    yield record({"properties": '{"\\ud83d\\ude00":5,"😀":"a"}'})


def _encodings() -> Iterator[bytes]:
    text = record({"text": '"Grüße 😀"'}).decode()
    for name in ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "utf-7"):
        yield text.encode(name)
    ill = (
        b"\xff",
        b"\xfe",
        b"\xc0\x80",
        b"\xc1\xbf",
        b"\xe0\x80\x80",
        b"\xed\xa0\x80",
        b"\xed\xa0\xbd\xed\xb8\x80",
        b"\xf5\x80\x80\x80",
    )
    for bad in (*ill, b"\xf0\x9f\x98", b"\x80", b"\xe4", b"\xf8\x88\x80\x80\x80", b"\xf4\x90\x80\x80"):
        yield record({"text": '"@"'}).replace(b"@", bad)
        yield record(extra=',"@":1').replace(b"@", bad)
        yield from (bad + record(), record() + bad, bad, b'{"a":1,' + bad, b"\x00" + bad, b"\xef\xbb\xbf" + bad)
    for zeros, place in product((1, 2, 3), range(6)):
        yield record()[:place] + b"\x00" * zeros + record()[place:]
    yield record({"text": '"Grüße"'}).decode().encode("latin-1")


def _depths() -> Iterator[bytes]:
    for depth in (*range(MAX_DEPTH - 3, MAX_DEPTH + 3), 900, 1_100, 10_000):
        for opening, closing in (("[", "]"), ('{"a":', "}"), ('[{"b":1,"a":', "}]"), ('["]}",', "]")):
            inner = opening * depth + "1" + closing * depth
            yield from (inner.encode(), (opening * depth).encode(), (inner[:-1] + "?").encode())
            yield from (record(extra=f',"deep":{inner}'), record({"text": inner}), record({"properties": inner}))
            # What a later one of its name replaces has been read all the same.
            yield from (record(extra=f',"deep":{inner},"deep":1'), record(extra=f',"deep":"[\\"{{","deep":{inner}'))
            yield from (record({"context": inner}), within_context("unknown", inner), within_context("device", inner))
    yield record({"text": '"' + "[" * 200 + '"'})
    yield record(extra=',"flat":[' + ",".join(["[]"] * 200) + "]")


def _sizes() -> Iterator[bytes]:
    room = MAX_BYTES - len(record(extra=',"pad":""'))
    for length in (room - 1, room, room + 1, room * 14):
        yield record(extra=',"pad":"' + "x" * length + '"')
        yield record(extra=" " * (length + len(',"pad":""')))
    yield b"\xff" * (MAX_BYTES + 1)
    yield b"[" * MAX_BYTES
    yield record(extra=',"' + "n" * 60_000 + '":1')
    yield record(extra="".join(f',"n{i}":{i}' for i in range(4_000)))
    yield record({"properties": "{" + ",".join(f'"{i}":""' for i in range(6_000)) + "}"})
    yield record({"properties": '{"' + "k" * 30_000 + '":"' + "v" * 30_000 + '"}'})
    yield record({"page_url": '"' + "u" * 60_000 + '"'})
