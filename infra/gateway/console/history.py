"""Looks up one command or one session in the topics."""

import re
from typing import Any, Final

from infra.gateway.console import record_views
from infra.gateway.console.rules import find_rule
from infra.gateway.settings import Settings
from infra.kafka.reading import Record
from infra.kafka.topic_scan import has_key, scan_latest
from schemas.topics import ADJUSTMENTS, EVENTS, OUTCOMES

COMMANDS_BACK: Final = 20_000
EVENTS_BACK: Final = 100_000
"""Records of each partition that are searched."""

MAX_SHOWN: Final = 3_000
BEFORE_MS: Final = 360_000
AFTER_MS: Final = 120_000
"""A command is shown with what its session did six minutes before and two after."""

_MIN_PREFIX: Final = 6
_PLAIN: Final = re.compile(r"[A-Za-z0-9_.:-]*")


def explain_command(settings: Settings, command_id: str) -> dict[str, Any] | None:
    """Finds a command by id or the first characters of it, with its session's events around it, its rule and its outcomes.

    None where there is no such command. Raises `StreamError`.
    """
    # The raw bytes are searched first, so only characters count that every JSON encoder writes alike.
    prefix = _PLAIN.match(command_id).group().encode()  # type: ignore[union-attr]
    if len(prefix) < _MIN_PREFIX:
        return None

    def mentions(record: Record) -> bool:
        return prefix in (record.value or b"")

    for record in scan_latest(settings.kafka, settings.console_topics(ADJUSTMENTS.name), COMMANDS_BACK, mentions):
        command = record_views.decoded(record.value)
        if command is None or not str(command.get("command_id", "")).startswith(command_id):
            continue
        issued, session = command.get("issued_at_ms"), command.get("session_id")
        events: list[dict[str, Any]] = []
        outcomes: list[dict[str, Any]] = []
        if isinstance(session, str) and isinstance(issued, int):
            around = session_timeline(settings, session)
            events = [e for e in around["events"] if issued - BEFORE_MS <= e["occurred_at_ms"] <= issued + AFTER_MS]
            outcomes = [o for o in around["outcomes"] if o.get("command_id") == command["command_id"]]
        rule = find_rule(settings, command.get("source"))
        return {"command": record_views.command(command), "rule": rule, "events": events, "outcomes": outcomes}
    return None


def session_timeline(settings: Settings, session_id: str) -> dict[str, Any]:
    """Finds a session's events, commands and outcomes, oldest first, the newest 3,000 of each. Raises `StreamError`."""
    names = {name: topic for topic in (EVENTS, ADJUSTMENTS, OUTCOMES) for name in settings.console_topics(topic.name)}
    found: dict[str, list[dict[str, Any]]] = {"events": [], "commands": [], "outcomes": []}
    for record in scan_latest(settings.kafka, list(names), EVENTS_BACK, has_key(session_id)):
        fields = record_views.decoded(record.value)
        if fields is None:
            continue
        match names[record.topic]:
            case topic if topic is ADJUSTMENTS:
                found["commands"].append(record_views.command(fields))
            case topic if topic is OUTCOMES:
                found["outcomes"].append(record_views.outcome(fields))
            case _:
                found["events"].append(record_views.event(fields))
    # A job that restarts repeats the commands that were not committed yet.
    found["commands"] = list({str(each.get("command_id")): each for each in found["commands"]}.values())
    moments = {"events": "occurred_at_ms", "commands": "issued_at_ms", "outcomes": "occurred_at_ms"}
    return {
        "session_id": session_id,
        **{
            kind: sorted(
                (each for each in records if isinstance(each.get(moments[kind]), int)),
                key=lambda each, kind=kind: each[moments[kind]],  # type: ignore[misc]
            )[-MAX_SHOWN:]
            for kind, records in found.items()
        },
    }
