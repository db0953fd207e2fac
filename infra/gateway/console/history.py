"""What the topics still hold about one command or one session."""

import re
from typing import Any, Final

from confluent_kafka import Message

from infra.gateway.console import record_views
from infra.gateway.console.rules import rule_behind
from infra.gateway.settings import Settings
from infra.kafka.topic_scan import has_key, newest
from schemas.topics import ADJUSTMENTS, EVENTS, OUTCOMES

COMMANDS_BACK: Final = 20_000
EVENTS_BACK: Final = 100_000
"""Records of each partition that are looked through."""

MOST_SHOWN: Final = 3_000
BEFORE_MS: Final = 360_000
AFTER_MS: Final = 120_000
"""A command is shown with what its session did six minutes before and two after."""

_SHORTEST_PREFIX: Final = 6
_PLAIN: Final = re.compile(r"[A-Za-z0-9_.:-]*")


def explained(settings: Settings, command_id: str) -> dict[str, Any] | None:
    """The command (its first characters will do) with its session's events around it, the rule and what became of it.

    None where there is no such command. Raises `KafkaException`.
    """
    # Looked for in the raw bytes first, so only as far as no JSON encoder would write it in another way.
    prefix = _PLAIN.match(command_id).group().encode()  # type: ignore[union-attr]
    if len(prefix) < _SHORTEST_PREFIX:
        return None

    def mentions(message: Message) -> bool:
        return prefix in (message.value() or b"")

    for message in newest(settings.bootstrap, settings.console_topics(ADJUSTMENTS.name), COMMANDS_BACK, mentions):
        command = record_views.decoded(message.value())
        if command is None or not str(command.get("command_id", "")).startswith(command_id):
            continue
        issued, session = command.get("issued_at_ms"), command.get("session_id")
        events: list[dict[str, Any]] = []
        outcomes: list[dict[str, Any]] = []
        if isinstance(session, str) and isinstance(issued, int):
            around = life(settings, session)
            events = [e for e in around["events"] if issued - BEFORE_MS <= e["occurred_at_ms"] <= issued + AFTER_MS]
            outcomes = [o for o in around["outcomes"] if o.get("command_id") == command["command_id"]]
        rule = rule_behind(settings, command.get("source"))
        return {"command": record_views.command(command), "rule": rule, "events": events, "outcomes": outcomes}
    return None


def life(settings: Settings, session_id: str) -> dict[str, Any]:
    """A session's events, commands and outcomes, oldest first, the newest 3,000 of each. Raises `KafkaException`."""
    names = {name: topic for topic in (EVENTS, ADJUSTMENTS, OUTCOMES) for name in settings.console_topics(topic.name)}
    found: dict[str, list[dict[str, Any]]] = {"events": [], "commands": [], "outcomes": []}
    for message in newest(settings.bootstrap, list(names), EVENTS_BACK, has_key(session_id)):
        record = record_views.decoded(message.value())
        if record is None:
            continue
        match names[message.topic() or ""]:
            case topic if topic is ADJUSTMENTS:
                found["commands"].append(record_views.command(record))
            case topic if topic is OUTCOMES:
                found["outcomes"].append(record_views.outcome(record))
            case _:
                found["events"].append(record_views.event(record))
    # A job that starts again says again what was not committed yet.
    found["commands"] = list({str(each.get("command_id")): each for each in found["commands"]}.values())
    moments = {"events": "occurred_at_ms", "commands": "issued_at_ms", "outcomes": "occurred_at_ms"}
    return {
        "session_id": session_id,
        **{
            kind: sorted(
                (each for each in records if isinstance(each.get(moments[kind]), int)),
                key=lambda each, kind=kind: each[moments[kind]],  # type: ignore[misc]
            )[-MOST_SHOWN:]
            for kind, records in found.items()
        },
    }
