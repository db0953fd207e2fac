"""Whatever JSON somebody sends, each shape makes of it an event or a named refusal, never an error."""

from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.gateway.errors import ApiError
from infra.gateway.ingest.enrichment import Enricher, Enrichment
from infra.gateway.ingest.native.events import native_events, native_originals
from infra.gateway.ingest.pipeline import RawEvent, validated
from infra.gateway.ingest.segment.events import CALLS, segment_event
from infra.gateway.ingest.times import milliseconds
from infra.gateway.ingest.webhooks.message import WebhookMessage
from infra.gateway.ingest.webhooks.registry import KINDS
from schemas.event_validation import FIELDS, parse_json_strictly, validate_record
from schemas.events import Event
from schemas.rejects import ValidationFailure
from tests.support.hostile.records import hostile_records

RECEIVED_MS = 1_800_000_000_000
NAMES = st.sampled_from(
    (
        *("type", "userId", "anonymousId", "event", "messageId", "timestamp", "sentAt", "context", "properties"),
        *("traits", "groupId", "previousId", "visitorId", "uniqueId", "events", "data", "session_id", "event_id"),
        *("occurred_at_ms", "sent_at_ms", "value", "ip", "userAgent", "locale", "page", "url", "device"),
        *("x",),
    )
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["click", "track", "2026-11-22T10:00:00Z", "\ud800", "x" * 200, "203.0.113.7"])
)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES | st.text(max_size=4), inner, max_size=8),
    max_leaves=25,
)
OBJECTS = st.dictionaries(NAMES, JSON, max_size=12)
ENRICHER = Enricher()


def check(raw_events: list[RawEvent]) -> None:
    for raw_event in raw_events:
        found = validated(raw_event, RECEIVED_MS)
        if isinstance(found, ValidationFailure):
            assert found.detail
        else:
            _, value = found
            assert isinstance(validate_record(value, RECEIVED_MS), Event)


@given(OBJECTS, st.sampled_from(CALLS), JSON)
def test_segment_messages(message: dict[str, Any], call: str, sent_at: Any) -> None:
    check([segment_event(message, call, sent_at, RECEIVED_MS)])


@given(OBJECTS)
def test_native_batches(batch: dict[str, Any]) -> None:
    with suppress(ApiError):
        check(native_events(batch, Enrichment({"os": "Linux"}, {"bot": "x"}), RECEIVED_MS))


@pytest.mark.parametrize("kind", KINDS)
@given(fields=OBJECTS)
def test_webhooks(kind: str, fields: dict[str, Any]) -> None:
    message = WebhookMessage(fields, b"body", {"webhook-id": "id"}, RECEIVED_MS)
    with suppress(ApiError):
        check(KINDS[kind].to_events(message, ENRICHER))


@given(st.binary(max_size=200))
def test_originals_of_any_bytes(raw: bytes) -> None:
    assert isinstance(native_originals(raw), list)


@pytest.mark.parametrize("call", CALLS)
def test_a_sound_message_of_each_call_is_an_event(call: str) -> None:
    message = {
        "userId": "u",
        "anonymousId": "a",
        "event": "Seen",
        "groupId": "g",
        "previousId": "p",
        "messageId": "m",
        "originalTimestamp": "2027-01-15T07:59:50Z",
        "sentAt": "2027-01-15T07:59:57Z",
        "properties": {"n": 1, "b": True, "none": None, "deep": {"a": [1]}},
    }
    raw_event = segment_event(message, call, None, RECEIVED_MS)
    assert isinstance(raw_event, dict)
    found = validated(raw_event, RECEIVED_MS)
    assert not isinstance(found, ValidationFailure)
    event = msgspec.json.decode(found[1], type=Event)
    assert (event.session_id, event.user_id, event.event_id) == ("a", "u", "m")
    assert event.occurred_at_ms == RECEIVED_MS - 7_000
    if call in ("track", "page", "screen"):
        assert {"n": "1", "b": "true", "deep": '{"a":[1]}'}.items() <= (event.properties or {}).items()


@pytest.mark.parametrize(
    ("call", "given"),
    [
        ("identify", {"traits": {"user_expertise": "expert"}}),
        ("identify", {"traits": {"userExpertise": "expert"}, "context": {"traits": {"user_expertise": "novice"}}}),
        ("track", {"event": "Seen", "properties": {"user_expertise": "expert"}}),
        ("track", {"event": "Seen", "context": {"traits": {"userExpertise": "expert"}}}),
    ],
)
def test_the_experience_of_a_reader_is_a_trait(call: str, given: dict[str, Any]) -> None:
    raw_event = segment_event({"userId": "u", **given}, call, None, RECEIVED_MS)
    assert isinstance(raw_event, dict)
    assert raw_event["type"] == ("context" if call == "identify" else "custom")
    assert raw_event["context"] == {"user_expertise": "expert"}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Article Clicked", "click"),
        ("page_view", "page_view"),
        ("Order Completed", "conversion"),
        ("tick", "custom"),
        ("Page Scrolled", "scroll"),
        ("Whatever", "custom"),
    ],
)
def test_names_of_track_calls_become_types(name: str, kind: str) -> None:
    raw_event = segment_event({"userId": "u", "event": name}, "track", None, RECEIVED_MS)
    assert isinstance(raw_event, dict)
    assert raw_event["type"] == kind


def test_times_of_any_kind() -> None:
    assert milliseconds(True) is None
    assert milliseconds("9999-12-31T23:59:59.999999+00:00") == 253402300800000


def test_what_the_contract_calls_an_event_is_one_on_its_way_through_the_gateway() -> None:
    """Nothing that is added to a valid event makes it invalid, and no record comes through whose required fields are wrong."""
    facts, passed = Enrichment({"os": "Linux"}, {"bot": "x", "network": "203.0.113.0/24"}), 0
    for record in hostile_records(seed=5, count=6_000):
        alone, sent = validate_record(record, RECEIVED_MS), parse_json_strictly(record)
        (raw_event,) = native_events({"events": [sent]}, facts, getattr(alone, "received_at_ms", RECEIVED_MS))
        through = validated(raw_event, RECEIVED_MS)
        if isinstance(alone, Event) and alone.type != "tick":
            assert not isinstance(through, ValidationFailure), (record, through)
            assert through[0].event_id == alone.event_id
            passed += 1
        elif isinstance(alone, ValidationFailure) and not isinstance(through, ValidationFailure):
            # The gateway's own clock stands in for one that was missing or wrong, what is too deep or odd is left out, and an
            # id may be a number or too long.
            field = alone.detail.partition(":")[0]
            required = {each.name for each in FIELDS if each.required} - {"received_at_ms"}
            assert field not in required or alone.reason in ("impossible_time", "wrong_type", "out_of_range"), alone
            assert through[0].event_id
            assert through[0].session_id
    print(f"\n{passed} events")
    assert passed > 300
