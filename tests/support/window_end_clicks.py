"""Recordings with clicks close to the ends of windows, and rules of both lanes that contend for the same changes."""

from collections.abc import Iterable, Sequence
from random import Random
from typing import Any, Final

import msgspec

from infra.local.home import PROJECT
from infra.simulate.recording import header
from infra.simulate.replay import TRAIL_MS, tick
from infra.simulate.shift import Shift
from schemas.events import RECOMMENDED
from schemas.topics import EVENTS
from tests.support.stack import RunningJob

SLIDE_MS: Final = 10_000
NEAR_MS: Final = 50
GAP_MS: Final = 240_000
"""Between two recordings: longer than silence is watched for."""

SILENCE_MS: Final = 2 * TRAIL_MS
"""Longer after the last event than any window is judged."""

_OFFSETS: Final = (-NEAR_MS, -1, 0, 1, NEAR_MS)

CONTENDING_RULES: Final = """
  - id: click-expand
    version: 1
    about: Any click. Contends with the windows' rules for the text.
    lane: event
    when: [{event: type, equals: click}]
    then: {action: expand, parameters: {variant: detailed}}
    priority: 40
    cooldown_s: 20
    expires_s: 40
  - id: two-clicks-shorten
    version: 1
    about: Two clicks within ten seconds.
    lane: event
    features: [{name: near_clicks, count: {event: click}, within_s: 10}]
    when: [{event: type, equals: click}, {feature: near_clicks, above: 1}]
    then: {action: shorten, parameters: {variant: summary}}
    priority: 60
    cooldown_s: 20
    expires_s: 30
  - id: ten-seconds-without-click
    version: 1
    about: A click and then none until about the end of the next window.
    lane: event
    sequence: [click]
    without: click
    within_s: 10
    then: {action: lighten_media, parameters: {images: small}}
    cooldown_s: 20
    expires_s: 30
  - id: window-simplify
    version: 1
    about: A window with two clicks or more, less important than two clicks at once and more than one.
    lane: session_window
    when: [{feature: clicks, above: 1}]
    then: {action: simplify, parameters: {variant: simple}}
    until: {when: [{feature: clicks, below: 2}]}
    priority: 50
    cooldown_s: 20
    expires_s: 30
  - id: window-refresh
    version: 1
    about: A window with three clicks or more.
    lane: session_window
    when: [{feature: clicks, above: 2}]
    then: {action: refresh_recommendations}
    priority: 30
    cooldown_s: 20
"""


def contending_rules() -> str:
    """Returns the shipped rules with those that contend, as a rule file."""
    return (PROJECT / "models" / "shipped" / "rules.yaml").read_text() + CONTENDING_RULES


def with_clicks_at_window_ends(recording: Iterable[bytes], seed: int) -> list[bytes]:
    """Adds clicks to each session, at most `NEAR_MS` before or after about half of the window ends that it lives through."""
    random = Random(seed)
    events = [msgspec.json.decode(record) for record in recording]
    newest: dict[str, dict[str, Any]] = {}
    added = []
    for event in events:
        before = newest.get(event["session_id"], event)
        newest[event["session_id"]] = event
        end = (before["occurred_at_ms"] + NEAR_MS) // SLIDE_MS * SLIDE_MS + SLIDE_MS
        while end + NEAR_MS < event["occurred_at_ms"]:
            for number in range(random.choice((0, 0, 1, 2))):
                added.append(_click(before, end + random.choice(_OFFSETS), f"{end}-{number}", random))
            end += SLIDE_MS
    return [msgspec.json.encode(each) for each in sorted(events + added, key=lambda each: each["received_at_ms"])]


def _click(before: dict[str, Any], at_ms: int, name: str, random: Random) -> dict[str, Any]:
    return {
        "event_id": f"{before['session_id']}-at-{name}",
        "type": "click",
        "occurred_at_ms": at_ms,
        "received_at_ms": at_ms + random.randint(15, 90),
        "session_id": before["session_id"],
        "content_id": before.get("content_id"),
        "content_type": before.get("content_type"),
        "placement": random.choice((RECOMMENDED, "menu")),
    }


def one_after_another(recordings: Sequence[list[bytes]]) -> list[bytes]:
    """Shifts each recording behind the one before, by whole windows."""
    joined: list[bytes] = []
    ends_ms = 0
    for recording in recordings:
        times = [read.received_at_ms for record in recording if (read := header(record)) is not None]
        by_ms = max(0, ends_ms + GAP_MS - min(times)) // SLIDE_MS * SLIDE_MS
        joined += Shift(by_ms).apply(recording)
        ends_ms = max(times) + by_ms
    return joined


def replayed_to_the_end(job: RunningJob, recording: list[bytes], speed: float) -> tuple[dict[str, bytes], ...]:
    """Replays a recording and returns commands and proposals, at the same last moment of event time whatever the speed."""
    done = job.replay(recording, speed)
    assert done.failed == 0
    assert done.last_ms is not None
    for partition in range(EVENTS.partitions):
        job.topics.put(EVENTS, [(b"tick", tick(partition, done.last_ms + SILENCE_MS))], partition)
    account = job.settle(done.sent, patience_s=180)
    assert (account.late, account.rejected, account.missing) == (0, 0, 0)
    assert job.restarts() == 0
    return job.commands(), job.proposals()
