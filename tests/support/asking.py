"""What the gateway says of a session, and what has been written to a topic."""

from typing import Any

import httpx
import msgspec

from infra.gateway.rest.sessions import SessionView
from infra.kafka.reading import TopicReader
from schemas.topics import Topic
from tests.support.isolated_topics import Places


def view_of(client: httpx.Client, session_id: str = "anna") -> SessionView:
    answer = client.get(f"/v1/sessions/{session_id}")
    assert answer.status_code == 200, answer.text
    return msgspec.json.decode(answer.content, type=SessionView)


def records(places: Places, topic: Topic) -> list[Any]:
    with TopicReader(places.bootstrap, places.topic(topic)) as reader:
        found = [msgspec.json.decode(each.value) for each in reader.read_to_end(0.5) if each.value is not None]
    return [each for each in found if each.get("type") != "tick"]
