"""`validate_record`: which records are valid events, and why the others are not."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.event_validation import CONTEXT_FIELDS, FIELDS, contract_json, validate_record
from schemas.events import EVENT_TYPES, Context, Event
from schemas.rejects import REASONS, ValidationFailure
from tests.support.strategies import NOW_MS, Json, mutated_events, unhurried, valid_events

DAY_MS = 86_400_000
CLICK: Json = {
    "event_id": "e1",
    "type": "click",
    "occurred_at_ms": NOW_MS - 5,
    "received_at_ms": NOW_MS,
    "session_id": "anna-phone",
}


def validated(**fields: Any) -> Event | ValidationFailure:
    return validate_record(json.dumps(CLICK | fields).encode(), NOW_MS)


def in_json(text: str) -> Event | ValidationFailure:
    """The result for a click with `text` put before its last brace."""
    return validate_record(json.dumps(CLICK)[:-1].encode() + text.encode() + b"}", NOW_MS)


def nested(depth: int) -> str:
    return ',"unknown":' + "[" * (depth - 1) + "]" * (depth - 1)


def test_an_event_keeps_what_it_says_and_unknown_fields_are_ignored() -> None:
    context = {"device": "phone", "rtt_ms": 80, "save_data": False, "shoe_size": 43}
    event = validated(user_id="anna", value=3, x=0.25, properties={"a": "b"}, context=context, colour="red")

    assert event == Event(
        event_id="e1",
        type="click",
        occurred_at_ms=NOW_MS - 5,
        received_at_ms=NOW_MS,
        session_id="anna-phone",
        user_id="anna",
        value=3.0,
        x=0.25,
        properties={"a": "b"},
        context=Context(device="phone", rtt_ms=80, save_data=False),
    )
    assert isinstance(event, Event)
    assert type(event.value) is float


@pytest.mark.parametrize("name", [field.name for field in FIELDS if not field.required])
def test_an_optional_field_may_be_null(name: str) -> None:
    assert validated(**{name: None}) == validated()


MALFORMED = {
    "a tombstone": (None, "empty"),
    "no bytes": (b"", "empty"),
    "null": (b"null", "not an object"),
    "a list": (b"[{}]", "not an object"),
    "a text": (b'"click"', "not an object"),
    "blanks": (b" \n", "not JSON of at most 32 levels"),
    "half an object": (b'{"event_id":"e1"', "not JSON of at most 32 levels"),
    "two objects": (b"{}{}", "not JSON of at most 32 levels"),
    "NaN": (b'{"value":NaN}', "not JSON of at most 32 levels"),
    "infinity": (b'{"unknown":[-Infinity]}', "not JSON of at most 32 levels"),
    "a byte order mark": (b"\xef\xbb\xbf{}", "not JSON of at most 32 levels"),
    "UTF-16": (json.dumps(CLICK).encode("utf-16-le"), "not JSON of at most 32 levels"),
    "UTF-16 with a mark": (json.dumps(CLICK).encode("utf-16"), "not UTF-8"),
    "Latin-1": ('{"text":"Grüße"}'.encode("latin-1"), "not UTF-8"),
    "a surrogate as UTF-8": (b'{"text":"\xed\xa0\x80"}', "not UTF-8"),
    "10,000 lists": (b"[" * 10_000 + b"]" * 10_000, "not JSON of at most 32 levels"),
    "10,000 open lists": (b"[" * 10_000, "not JSON of at most 32 levels"),
    "10,000 objects": (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "not JSON of at most 32 levels"),
}


@pytest.mark.parametrize(("raw", "detail"), MALFORMED.values(), ids=MALFORMED.keys())
def test_what_is_no_json_object_is_malformed(raw: bytes | None, detail: str) -> None:
    assert validate_record(raw, NOW_MS) == ValidationFailure("malformed", detail)


WRONG: dict[str, tuple[Json, str, str]] = {
    "no id": ({"event_id": None}, "missing_field", "event_id: required"),
    "no time": ({"occurred_at_ms": None}, "missing_field", "occurred_at_ms: required"),
    "the first of two faults counts": ({"session_id": None, "x": "?"}, "missing_field", "session_id: required"),
    "a number as id": ({"event_id": 7}, "wrong_type", "event_id: expected string"),
    "a text as number": ({"value": "5"}, "wrong_type", "value: expected number"),
    "truth as number": ({"value": True}, "wrong_type", "value: expected number"),
    "half a millisecond": ({"occurred_at_ms": NOW_MS + 0.5}, "wrong_type", "occurred_at_ms: expected integer"),
    "a number as truth": ({"context": {"save_data": 1}}, "wrong_type", "context.save_data: expected boolean"),
    "a list as context": ({"context": []}, "wrong_type", "context: expected object"),
    "a list as tags": ({"properties": []}, "wrong_type", "properties: expected object"),
    "a number among tags": ({"properties": {"a": "b", "c": 1}}, "wrong_type", "properties: expected strings"),
    "half a pair": ({"text": "\ud83d"}, "malformed", "text: unpaired surrogate"),
    "half a pair in a tag": ({"properties": {"a": "\ude00"}}, "malformed", "properties: unpaired surrogate"),
    "half a pair as a tag": ({"properties": {"\ude00": "a"}}, "malformed", "properties: unpaired surrogate"),
    "an empty id": ({"session_id": ""}, "out_of_range", "session_id: shorter than 1 characters"),
    "a long id": ({"event_id": "é" * 65}, "out_of_range", "event_id: longer than 64 characters"),
    "many tags": ({"properties": {str(i): "" for i in range(65)}}, "out_of_range", "properties: more than 64 entries"),
    "beyond the page": ({"x": 1.001}, "out_of_range", "x: above 1"),
    "before the page": ({"y": -0.001}, "out_of_range", "y: below 0"),
    "a slow line": ({"context": {"rtt_ms": 600_001}}, "out_of_range", "context.rtt_ms: above 600000"),
    "64 bits": ({"value": 2**63}, "out_of_range", "value: not a number this system can hold"),
    "a googol": ({"value": 10**100}, "out_of_range", "value: not a number this system can hold"),
    "a large number": ({"value": 10**15 + 1}, "out_of_range", "value: above 1000000000000000"),
    "a depth of 1.5": ({"type": "scroll", "value": 1.5}, "out_of_range", "value: outside 0..1 for scroll"),
    "six stars": ({"type": "feedback", "value": 6}, "out_of_range", "value: outside 1..5 for feedback"),
    "another type": ({"type": "teleport"}, "unknown_type", "type: not one of the contract's"),
    "another case": ({"type": "Click"}, "unknown_type", "type: not one of the contract's"),
    "seconds": ({"received_at_ms": NOW_MS // 1000}, "impossible_time", "received_at_ms: below 946684800000"),
    "a clock a day ahead": (
        {"occurred_at_ms": NOW_MS + DAY_MS + 1},
        "impossible_time",
        "occurred_at_ms: over 24 h from received_at_ms",
    ),
    "a clock a day behind": (
        {"occurred_at_ms": NOW_MS - DAY_MS - 1},
        "impossible_time",
        "occurred_at_ms: over 24 h from received_at_ms",
    ),
    "the future": (
        {"occurred_at_ms": NOW_MS + DAY_MS + 1, "received_at_ms": NOW_MS + DAY_MS + 1},
        "impossible_time",
        "received_at_ms: over 24 h in the future",
    ),
}


@pytest.mark.parametrize(("fields", "reason", "detail"), WRONG.values(), ids=WRONG.keys())
def test_an_event_that_breaks_a_rule_is_rejected_by_the_name_of_field_and_rule(
    fields: Json, reason: str, detail: str
) -> None:
    said = validated(**fields)

    assert isinstance(said, ValidationFailure)
    assert (said.reason, said.detail) == (reason, detail)


def test_every_reason_of_the_closed_list_has_an_example_here() -> None:
    assert {reason for _, reason, _ in WRONG.values()} | {"malformed", "oversize"} == set(REASONS)


BARELY: dict[str, Json] = {
    "64 characters of four bytes": {"event_id": "😀" * 64},
    "the corners of the page": {"x": 0, "y": 1},
    "the whole depth": {"type": "scroll", "value": 1.0},
    "a day's hover": {"type": "hover", "value": DAY_MS},
    "one star": {"type": "feedback", "value": 1},
    "any value of a custom event": {"type": "custom", "value": -1e15},
    "64 tags": {"properties": {str(i): "" for i in range(64)}},
    "an empty text": {"text": ""},
    "a whole pair": {"text": "\ud83d\ude00"},
    "a day behind": {"occurred_at_ms": NOW_MS - DAY_MS},
    "a day ahead": {"occurred_at_ms": NOW_MS + DAY_MS},
    "a day in the future": {"occurred_at_ms": NOW_MS + DAY_MS, "received_at_ms": NOW_MS + DAY_MS},
    "whole numbers with a point": {"occurred_at_ms": float(NOW_MS), "context": {"rtt_ms": 5e1, "viewport_w": -0.0}},
    "the first instant": {"occurred_at_ms": 946_684_800_000, "received_at_ms": 946_684_800_000},
}


@pytest.mark.parametrize("fields", BARELY.values(), ids=BARELY.keys())
def test_an_event_on_a_bound_is_valid(fields: Json) -> None:
    assert isinstance(validated(**fields), Event)


def test_a_whole_number_is_an_integer_however_it_is_written() -> None:
    for text in ("1790000000000.0", "1.79e12", "17900000000000e-1"):
        event = in_json(f',"occurred_at_ms":{text},"received_at_ms":{text}')
        assert isinstance(event, Event), text
        assert (event.occurred_at_ms, type(event.occurred_at_ms)) == (1_790_000_000_000, int)


def test_65536_bytes_are_valid_and_one_more_is_oversize() -> None:
    largest = json.dumps(CLICK).encode().ljust(65_536)

    assert isinstance(validate_record(largest, NOW_MS), Event)
    assert validate_record(largest + b" ", NOW_MS) == ValidationFailure("oversize", "over 65536 bytes")


def test_32_levels_are_valid_and_one_more_is_malformed() -> None:
    assert isinstance(in_json(nested(32)), Event)
    assert in_json(nested(33)) == ValidationFailure("malformed", "not JSON of at most 32 levels")


def test_what_a_later_value_of_its_name_replaces_is_deep_all_the_same() -> None:
    assert isinstance(in_json(nested(32) + ',"unknown":1'), Event)
    assert in_json(nested(33) + ',"unknown":1') == ValidationFailure("malformed", "not JSON of at most 32 levels")


def test_quotes_in_texts_end_no_text() -> None:
    assert isinstance(in_json(',"a":"\\"' + "[" * 40 + '\\\\","b":"{{{"'), Event)


def test_brackets_in_texts_or_side_by_side_are_not_depth() -> None:
    assert isinstance(validated(text="[{" * 500, unknown=[[]] * 500), Event)


def test_of_a_name_given_twice_the_last_counts() -> None:
    assert in_json(',"type":5,"type":"scroll","value":"?","value":0.5') == validated(type="scroll", value=0.5)
    assert in_json(',"session_id":null') == ValidationFailure("missing_field", "session_id: required")
    assert in_json(',"context":{"device":7},"context":{"os":"Plan 9"}') == validated(context={"os": "Plan 9"})


def test_the_experience_of_a_reader_is_told_in_any_short_words() -> None:
    for words in ("novice", "expert", "liest seit 2019 täglich", None):
        event = validated(context={"user_expertise": words})
        assert isinstance(event, Event)
        assert event.context is not None
        assert event.context.user_expertise == words
    refused = validated(context={"user_expertise": "x" * 129})
    assert isinstance(refused, ValidationFailure)
    assert (refused.reason, refused.detail.partition(":")[0]) == ("out_of_range", "context.user_expertise")


@pytest.mark.parametrize("digits", ["9" * 21, "1" * 5_000, "1" * 60_000, "-" + "9" * 20], ids=len)
def test_a_huge_integer_is_out_of_range_where_it_is_read_and_ignored_elsewhere(digits: str) -> None:
    assert isinstance(in_json(f',"unknown":{digits}'), Event)
    assert in_json(f',"value":{digits}') == ValidationFailure(
        "out_of_range", "value: not a number this system can hold"
    )


def test_a_float_beyond_all_bounds_is_out_of_range() -> None:
    assert in_json(',"value":1e400') == ValidationFailure("out_of_range", "value: not a number this system can hold")


@unhurried
@given(st.binary())
def test_no_bytes_make_it_raise(raw: bytes) -> None:
    assert isinstance(validate_record(raw, NOW_MS), ValidationFailure)


@unhurried
@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists) | st.text())
def test_no_json_in_any_field_makes_it_raise(value: Any) -> None:
    for field in FIELDS:
        assert isinstance(validated(**{field.name: value}), Event | ValidationFailure)
    for field in CONTEXT_FIELDS:
        assert isinstance(validated(context={field.name: value}), Event | ValidationFailure)


@unhurried
@given(mutated_events())
def test_no_damage_to_a_valid_event_makes_it_raise(raw: bytes) -> None:
    assert isinstance(validate_record(raw, NOW_MS), Event | ValidationFailure)


@unhurried
@given(valid_events())
def test_a_valid_event_written_again_is_the_same_event(fields: Json) -> None:
    event = validate_record(json.dumps(fields).encode(), NOW_MS)

    assert isinstance(event, Event)
    assert validate_record(msgspec.json.encode(event), NOW_MS) == event


def test_the_decoder_in_the_jvm_is_given_the_whole_table() -> None:
    table = json.loads(contract_json())

    assert table["types"] == list(EVENT_TYPES)
    assert {row["name"] for row in table["fields"]} == set(Event.__struct_fields__)
    assert {row["name"] for row in table["context"]} == set(Context.__struct_fields__)
    assert {"name": "event_id", "kind": "string", "required": True, "low": 1, "high": 64} in table["fields"]
