"""Hostile records as events: no server error, and what is accepted is what the contract calls an event."""

import json
from collections import Counter
from contextlib import suppress

import msgspec
import pytest

from infra.kafka.reading import TopicReader
from schemas.event_validation import validate_record
from schemas.events import Event
from schemas.topics import EVENTS
from tests.support.event_builders import now_ms
from tests.support.gateway import Gateway
from tests.support.hostile.prepared import BEGINNING_MS
from tests.support.hostile.records import hostile_records

pytestmark = pytest.mark.kafka


def test_three_thousand_hostile_records_do_no_harm(gateway: Gateway) -> None:
    answers: Counter[int] = Counter()
    accepted = repeated = 0
    for record in hostile_records(seed=11, count=3_000):
        # Their clocks stand where the records were made.
        sent_at_ms = BEGINNING_MS + 5 * 10**9
        with suppress(ValueError, KeyError, TypeError, RecursionError, OverflowError):
            sent_at_ms = int(json.loads(record)["received_at_ms"])
        body = b'{"sent_at_ms":%d,"events":[%s]}' % (min(abs(sent_at_ms), 2**50), record)
        answer = gateway.client.post("/v1/events", content=body)
        answers[answer.status_code] += 1
        if answer.status_code == 202:
            accepted += answer.json()["accepted"]
            repeated += answer.json()["duplicates"]
    print(f"\n{dict(answers)}, {accepted} accepted, {repeated} repeated")
    assert set(answers) <= {202, 400, 413, 422}
    sound = [validate_record(record, now_ms()) for record in hostile_records(seed=11, count=3_000)]
    events = [each.event_id for each in sound if isinstance(each, Event) and each.type != "tick"]
    # Those whose only fault was their clock come in as well.
    assert accepted >= len(set(events)) > 20
    assert accepted + repeated >= len(events) > 500
    reader = TopicReader(gateway.topics.bootstrap, gateway.topics.name(EVENTS))
    judged = [validate_record(each.value, now_ms()) for each in reader.read_to_end(0.5)]
    reader.close()
    assert all(isinstance(each, Event) for each in judged)
    assert sum(each.type != "tick" for each in judged if isinstance(each, Event)) == accepted


@pytest.mark.parametrize("path", ["track", "identify", "page", "screen", "group", "alias", "batch", "events"])
def test_strange_values_in_every_field_of_every_endpoint(gateway: Gateway, path: str) -> None:
    strange = [None, True, -1, 1e300, 10**40, "", "\ud800", "x" * 3_000, [], {}, [[1]], {"a": {"b": "c"}}]
    names = (
        *(
            "type",
            "userId",
            "anonymousId",
            "event",
            "messageId",
            "timestamp",
            "sentAt",
            "context",
            "properties",
            "traits",
        ),
        *("groupId", "previousId", "batch", "events", "sent_at_ms", "session_id", "originalTimestamp"),
    )
    sound = {"type": "track", "userId": "u", "event": "Seen", "groupId": "g", "previousId": "p"}
    for name in names:
        for value in strange:
            message = {**sound, name: value}
            for body in (message, {"batch": [message], "events": [message], name: value}):
                answer = gateway.client.post(f"/v1/{path}", content=json.dumps(body))
                assert answer.status_code in (200, 202, 400, 401, 413, 422), (name, value, answer.text)
                assert type(msgspec.json.decode(answer.content)) is dict
