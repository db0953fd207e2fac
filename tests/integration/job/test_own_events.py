"""Own counters, sequences and silences on the real stack: byte for byte what the plain-Python reference finds."""

from collections import Counter
from pathlib import Path

import msgspec
import pytest

from infra.local.stack import Stack
from infra.simulate.recording import SAMPLE, records
from tests.support.stack import expected, running_job

pytestmark = pytest.mark.kafka

RULES = """
rules:
  - id: three-clicks-on-news
    version: 1
    about: Three clicks on news within half a minute.
    lane: event
    features:
      - {name: news_clicks, count: {event: click, where: 'page_url.startsWith("/news")'}, within_s: 30}
    when: [{feature: news_clicks, above: 2}]
    then: {action: expand, parameters: {variant: detailed}}
    cooldown_s: 5
  - id: two-pages
    version: 1
    about: Two pages opened within a minute, seen at page views alone.
    lane: event
    features: [{name: opened, count: {event: page_view}, within_s: 60}]
    when: [{feature: opened, above: 1}, {event: type, equals: page_view}]
    then: {action: simplify_layout, parameters: {density: low}}
    cooldown_s: 5
  - id: page-then-two-clicks
    version: 1
    about: A page, and two clicks on recommended content.
    lane: event
    sequence: [page_view, 'type == "click" && placement == "recommended"', click]
    without: page_hide
    within_s: 40
    then: {action: reorder, parameters: {order: $recent_contents}}
    cooldown_s: 5
  - id: no-click
    version: 1
    about: A page, and no click for a while.
    lane: event
    sequence: [page_view]
    without: 'type in ["click", "page_hide"]'
    within_s: 20
    then: {action: lighten_media, parameters: {images: small}}
    cooldown_s: 5
"""
KINDS = ("page_view", "page_hide", "click", "context")


def with_addresses() -> list[bytes]:
    """The few events of the sample that the fast lane sees, each with the address of its page."""
    found = []
    for record in records(SAMPLE):
        try:
            event = msgspec.json.decode(record)
        except msgspec.DecodeError:
            continue
        if event.get("type") in KINDS and isinstance(event.get("content_id"), str):
            found.append(msgspec.json.encode(event | {"page_url": f"/{event['content_id'].replace('-', '/')}"}))
    return found


@pytest.mark.timeout(400)
def test_own_events_are_those_of_the_reference_byte_by_byte(stack: Stack, tmp_path: Path) -> None:
    rules_file = tmp_path / "rules.yaml"
    rules_file.write_text(RULES)
    recording = with_addresses()
    with running_job(stack, "--rules-file", str(rules_file)) as job:
        done = job.replay(recording)
        job.settle(done.sent, patience_s=180)
        wanted, found = expected(recording, done, str(rules_file)).commands, job.commands()
        assert job.restarts() == 0
    assert found == wanted
    by_rule = Counter(msgspec.json.decode(body)["source"]["id"] for body in found.values())
    assert by_rule.keys() == {"three-clicks-on-news", "two-pages", "page-then-two-clicks", "no-click"}
