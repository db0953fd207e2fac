"""One odd optional field never costs the event: through the gateway's HTTP, in process."""

import json
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.gateway.clock import now_ms
from infra.gateway.ingest.pipeline import validated
from infra.gateway.ingest.segment.events import segment_event
from infra.gateway.ingest.webhooks.segment import user_to_erase
from schemas.event_validation import CONTEXT_FIELDS, FIELDS, parse_json_strictly, validate_record
from schemas.events import Event
from schemas.rejects import RejectedRecord
from tests.support.credentials import WRITE_KEY
from tests.support.gateway_in_process import InProcessClient, RecordingProducer, in_process

KEY = {"x-write-key": WRITE_KEY}
OPTIONAL = [field.name for field in FIELDS if not field.required and field.name != "notes"]
ODD = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**80), 2**80)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.sampled_from(["\ud800", "x" * 20_000, "390", "true", "1e3", -0.0, 1e300, 10**40]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=80),
    max_leaves=90,
)


class Sender:
    """Sends events and gives back what the gateway wrote of them."""

    def __init__(self) -> None:
        self._producer = RecordingProducer()
        self._client: InProcessClient = in_process(self._producer)

    def post(self, path: str, body: Any, **headers: str) -> Any:
        content = body if type(body) is bytes else json.dumps(body).encode()
        self.answer = self._client.post(path, content=content, headers=KEY | headers)
        return self.answer.json()

    def events(self, path: str, body: Any, **headers: str) -> list[Event]:
        self._producer.sent.clear()
        self.post(path, body, **headers)
        return [
            msgspec.json.decode(each.value or b"", type=Event)
            for each in self._producer.sent
            if each.topic == "events.v1"
        ]

    def one(self, path: str, body: Any, **headers: str) -> Event:
        found = self.events(path, body, **headers)
        assert len(found) == 1, self.answer.text
        return found[0]

    def rejects(self) -> list[RejectedRecord]:
        sent = [each for each in self._producer.sent if each.topic == "rejected.v1"]
        return [msgspec.json.decode(each.value or b"", type=RejectedRecord) for each in sent]


@pytest.fixture
def sender() -> Sender:
    return Sender()


def native(**more: Any) -> dict[str, Any]:
    return {
        "events": [
            {"event_id": uuid4().hex, "type": "custom", "session_id": "anna", "occurred_at_ms": now_ms(), **more}
        ]
    }


def track(**more: Any) -> dict[str, Any]:
    return {"anonymousId": "anna", "event": "Seen", "messageId": uuid4().hex, **more}


unhurried = settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@unhurried
@given(st.sampled_from(OPTIONAL), ODD, st.sampled_from(["custom", "scroll", "feedback", "move"]))
def test_whatever_stands_in_an_optional_field_the_event_is_accepted(name: str, odd: Any, kind: str) -> None:
    sound = {"event_id": "e", "type": kind, "occurred_at_ms": 1_800_000_000_000, "received_at_ms": 1_800_000_000_000}
    others = {"session_id": "anna", "user_id": "ina", "x": 0.5, "placement": "top"}
    fields = parse_json_strictly(json.dumps({**sound, **others, name: odd}).encode())
    assert isinstance(fields, dict)
    found = validated(fields, 1_800_000_000_000)
    assert isinstance(found, tuple), (name, odd, found)
    event, record = found
    assert validate_record(record, 1_800_000_000_000) == event
    for other, value in others.items():
        if other != name:
            assert getattr(event, other) == value
    if name in ("x", "y", "context") and odd is not None and getattr(event, name) is None:
        assert name in (event.notes or {})


@unhurried
@given(st.sampled_from([field.name for field in CONTEXT_FIELDS]), ODD)
def test_whatever_stands_in_a_field_of_the_context_the_event_is_accepted(name: str, odd: Any) -> None:
    sound = {"event_id": "e", "type": "click", "occurred_at_ms": 1_800_000_000_000, "received_at_ms": 1_800_000_000_000}
    fields = parse_json_strictly(
        json.dumps({**sound, "session_id": "anna", "context": {"os": "Linux", name: odd}}).encode()
    )
    found = validated(fields, 1_800_000_000_000)
    assert isinstance(found, tuple), (name, odd, found)
    if name != "os":
        assert found[0].context is not None
        assert found[0].context.os == "Linux"


@unhurried
@given(st.sampled_from(["properties", "context", "sentAt", "messageId", "traits"]), ODD)
def test_whatever_stands_in_an_optional_field_of_a_segment_message_it_is_accepted(name: str, odd: Any) -> None:
    message = parse_json_strictly(json.dumps(track(**{name: odd})).encode())
    raw_event = segment_event(message, "track", None, now_ms())
    assert isinstance(raw_event, dict)
    assert isinstance(validated(raw_event, now_ms()), tuple), (name, odd)


NOTED: list[tuple[str, Any, Any]] = [
    ("user_id", 90210, "90210"),
    ("user_id", 5.0, "5"),
    ("content_id", 1234567890123456789012, "1234567890123456789012"),
    ("content_type", "Haus & Garten > Küche > Kochgeschirr > Töpfe und Pfannen, Induktion",
     "Haus & Garten > Küche > Kochgeschirr > Töpfe und Pfannen, Indukt"),
    ("element", "b" * 300, "b" * 256),
    ("placement", "p" * 65, "p" * 64),
    ("page_url", "https://a.example/" + "p" * 3_000, ("https://a.example/" + "p" * 3_000)[:2_048]),
    ("text", "t" * 10_001, "t" * 10_000),
    ("text", "half \ud800", "half �"),
    ("value", "4.5", 4.5),
    ("x", 1.5, None),
    ("y", "left", None),
    ("properties", [1], None),
    ("properties", {"n": 5, "t": True, "none": None, "big": 10**30}, {"n": "5", "t": "true", "big": "1" + "0" * 30}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "given_value", "kept"), NOTED)
def test_an_odd_field_is_converted_cut_or_left_out(sender: Sender, name: str, given_value: Any, kept: Any) -> None:
    event = sender.one("/v1/events", native(**{name: given_value}))
    assert getattr(event, name) == kept
    if name != "properties" or kept is None:
        assert name in (event.notes or {})


@pytest.mark.parametrize(
    ("name", "given_value", "kept"),
    [("viewport_w", "390", 390), ("viewport_w", -1, None), ("viewport_h", True, None), ("rtt_ms", 52.5, 52), ("rtt_ms", "50", 50),
     ("rtt_ms", 700_000, None), ("downlink_kbps", 1450.0, 1450), ("save_data", "true", True), ("save_data", 0, False),
     ("city", "c" * 129, "c" * 128), ("os", 11, "11"), ("timezone", {"zone": 1}, None)],
)  # fmt: skip
def test_an_odd_field_of_the_context(sender: Sender, name: str, given_value: Any, kept: Any) -> None:
    event = sender.one("/v1/events", native(context={name: given_value, "country": "DE"}))
    assert event.context is not None
    assert (getattr(event.context, name), event.context.country) == (kept, "DE")
    assert (f"context.{name}" in (event.notes or {})) is (given_value != 1450.0)


@pytest.mark.parametrize(
    ("kind", "given_value", "kept"),
    [("scroll", 40, 0.4), ("scroll", 1.02, 1.0), ("scroll", 101, None), ("scroll", -0.1, None), ("feedback", 9, None),
     ("feedback", "4", 4.0), ("move", -1, None), ("scroll", -0.0, 0.0)],
)  # fmt: skip
def test_a_value_out_of_its_types_range(sender: Sender, kind: str, given_value: Any, kept: float | None) -> None:
    assert sender.one("/v1/events", native(type=kind, value=given_value)).value == kept


def test_too_many_properties_keep_what_the_gateway_needs_and_the_first(sender: Sender) -> None:
    event = sender.one("/v1/track", track(properties={f"p{number}": number for number in range(80)}))
    properties = event.properties or {}
    assert len(properties) == 64
    assert (properties["event"], properties["call"], properties["p0"]) == ("Seen", "track", "0")
    assert event.notes is not None
    assert "properties" in event.notes


def test_one_very_long_property_does_not_cost_the_event(sender: Sender) -> None:
    event = sender.one("/v1/events", native(properties={"dump": "x" * 70_000, "n" * 70_000: "", "name": "crash"}))
    assert event.properties == {"dump": "x" * 8_192, "name": "crash"}
    assert event.notes is not None
    assert "properties" in event.notes


def test_what_follows_the_contract_carries_no_note(sender: Sender) -> None:
    assert (
        sender.one("/v1/events", native(user_id="ina", value=1, context={"rtt_ms": 5.0}, notes={"x": "mine"})).notes
        is None
    )


def test_numbers_are_numbers_in_times(sender: Sender) -> None:
    at_ms = now_ms() - 500
    texts = [f"{at_ms}.0", f"{at_ms}e0", f"{at_ms / 1e12:.12f}e12", f'"{at_ms}"', f"{at_ms}.25"]
    for text in texts:
        body = json.dumps(native(occurred_at_ms=0)).replace('"occurred_at_ms": 0', f'"occurred_at_ms": {text}').encode()
        assert sender.one("/v1/events", body).occurred_at_ms == at_ms, text
    assert len(sender.events("/v1/events", {**native(), "sent_at_ms": now_ms() + 0.25})) == 1


def test_seconds_on_both_sides_are_ten_seconds_not_ten_milliseconds(sender: Sender) -> None:
    at_s = now_ms() // 1000
    event = sender.one("/v1/events", {**native(occurred_at_ms=at_s - 10), "sent_at_ms": at_s})
    assert event.received_at_ms - event.occurred_at_ms == 10_000
    event = sender.one("/v1/track", track(timestamp=at_s - 10, sentAt=at_s))
    assert event.received_at_ms - event.occurred_at_ms == 10_000
    event = sender.one("/v1/events", {**native(occurred_at_ms=at_s * 1000 - 10_000), "sent_at_ms": at_s})
    assert event.received_at_ms - event.occurred_at_ms == 10_000


def test_nothing_has_happened_after_it_was_received(sender: Sender) -> None:
    for event in (
        sender.one("/v1/events", native(occurred_at_ms=now_ms() + 23 * 3_600_000)),
        sender.one("/v1/track", track(timestamp=now_ms() + 23 * 3_600_000)),
    ):
        assert event.occurred_at_ms == event.received_at_ms


def test_a_late_event_is_counted_and_says_so(sender: Sender) -> None:
    event = sender.one("/v1/track", track(timestamp=now_ms() - 9_000))
    assert event.notes is not None
    assert "too late for commands" in event.notes["occurred_at_ms"]
    assert sender.one("/v1/track", track(timestamp=now_ms() - 500)).notes is None


@pytest.mark.parametrize(
    ("message", "user", "session"),
    [({"userId": 90210, "event": "Seen"}, "90210", None), ({"anonymousId": 42, "event": "Seen"}, None, "42"),
     ({"userId": True, "anonymousId": "a", "event": "Seen"}, None, "a"), ({"userId": "u" * 200, "event": "Seen"}, "", None)],
)  # fmt: skip
def test_ids_as_numbers_are_ids(sender: Sender, message: dict[str, Any], user: str | None, session: str | None) -> None:
    event = sender.one("/v1/track", message)
    if user != "":
        assert event.user_id == user
    else:
        assert event.user_id is not None
        assert len(event.user_id) <= 128
    if session is not None:
        # Another part of the gateway may derive the session from it.
        assert event.session_id


@pytest.mark.parametrize("sent_id", ["x" * 300, "\u00e4" * 129, "ina\ud800", 5.0, 10**30], ids=range(5))
def test_a_person_is_found_by_the_id_that_was_sent(sender: Sender, sent_id: Any) -> None:
    message = {"type": "delete", "userId": sent_id}
    fields = parse_json_strictly(json.dumps(message).encode())
    assert isinstance(fields, dict)
    for path, sent in (("/v1/events", native(user_id=sent_id)), ("/v1/track", track(userId=sent_id))):
        assert sender.one(path, sent).user_id == user_to_erase(fields)


def test_a_content_id_that_is_an_address_tells_nothing_of_the_reader(sender: Sender) -> None:
    address = "https://konto.example/reset?token=s3cr3t-77&mail=wilma%40konto.example"
    event = sender.one("/v1/track", {"anonymousId": "a", "event": "Seen", "properties": {"content_id": address}})
    assert (event.content_id or "").startswith("https://konto.example/reset~")
    assert (event.notes or {})["content_id"] == "an address: without query, fragment and user"
    stored = msgspec.json.encode(event)
    assert b"s3cr3t" not in stored
    assert b"wilma" not in stored


def test_zero_and_booleans_name_things(sender: Sender) -> None:
    assert (sender.one("/v1/group", {"userId": "u", "groupId": 0}).properties or {})["groupId"] == "0"
    assert (sender.one("/v1/alias", {"userId": "u", "previousId": 7}).properties or {})["previousId"] == "7"
    assert (sender.one("/v1/track", track(event=True)).properties or {})["event"] == "true"
    assert sender.one("/v1/track", track(properties={"content_id": 5.0})).content_id == "5"


def test_messages_without_id_and_time_are_each_their_own(sender: Sender) -> None:
    click = {"userId": "eager", "event": "Teaser Clicked", "properties": {"content_id": "kites"}}
    assert len(sender.events("/v1/batch", {"batch": [{**click, "type": "track"}] * 5})) == 5
    timed = {**click, "type": "track", "timestamp": now_ms()}
    assert len(sender.events("/v1/batch", {"batch": [timed] * 5})) == 1


def test_an_id_counts_once_for_each_session(sender: Sender) -> None:
    events = [native(event_id="1", session_id=each)["events"][0] for each in ("visit-lena", "visit-omar", "visit-lena")]
    assert [each.session_id for each in sender.events("/v1/events", {"events": events})] == ["visit-lena", "visit-omar"]
    assert sender.answer.json()["duplicates"] == 1


def test_of_a_reader_for_whom_a_server_speaks_the_request_tells_nothing(sender: Sender) -> None:
    headers = {"user-agent": "python-requests/2.31.0", "accept-language": "de"}
    for event in (sender.one("/v1/events", native(), **headers), sender.one("/v1/track", track(), **headers)):
        assert event.context is None
        assert not {"bot", "network"} & (event.properties or {}).keys()


def test_the_readers_own_properties_are_not_overwritten(sender: Sender) -> None:
    own = {"network": "ARD", "bot": "chess engine", "event": "Summer Concert", "call": "incoming"}
    browser = {"user-agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"}
    properties = sender.one("/v1/track", track(properties=own), **browser).properties or {}
    assert own.items() <= properties.items()
    assert (properties["gateway.event"], properties["gateway.call"]) == ("Seen", "track")
    assert properties["gateway.bot"] == "Googlebot"


@pytest.mark.parametrize("agent", ["ios", "android", "phone", "Mobile", "smartphone", "iPhone"])
def test_a_phones_platform_is_a_phone(sender: Sender, agent: str) -> None:
    context = {"device": {"type": agent, "model": "iPhone16,2"}, "library": {"name": "analytics-swift"}}
    event = sender.one("/v1/track", track(context=context))
    assert event.context is not None
    assert event.context.device == "mobile"
