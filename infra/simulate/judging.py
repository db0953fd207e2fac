"""Judges commands against the truth of a recording: by rule what had no cause, by planted change what was found."""

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from statistics import median
from typing import Any, Final, NamedTuple

from msgspec import Struct

from infra.simulate.ground_truth import Episode, commands_that_change
from schemas.event_validation import validate_record
from schemas.rejects import ValidationFailure

HOUR_MS: Final = 3_600_000
EARLY_MS: Final = 600_000
"""The beginning of a session, in which little is known of its reader."""

Command = Mapping[str, Any]


class Span(NamedTuple):
    """First and last event of a session, in ms of event time."""

    first_ms: int
    last_ms: int


class RuleResult(Struct):
    """The commands of one rule. `answers_events` is true of a rule of lane event, which is not judged by cause."""

    rule: str
    answers_events: bool
    commands: int
    without_cause: int
    per_reader_hour: float | None
    """Commands without cause; all commands of a rule that answers events."""


class ChangeResult(Struct):
    """What became of one kind of planted change. Delays in seconds of event time."""

    change: str
    planted: int
    found: int
    recall: float
    median_delay_s: float | None


class Judgement(Struct):
    """Totals leave out the commands that answer events. None of nothing."""

    readers: int
    reader_hours: float
    commands: int
    without_cause: int
    per_reader_hour: float | None
    early_without_cause: int
    """In the first ten minutes of a session."""
    early_per_reader: float | None
    planted: int
    found: int
    precision: float | None
    recall: float | None
    median_delay_s: float | None
    rules: list[RuleResult]
    changes: list[ChangeResult]
    unfounded: list[str]
    """The commands without cause, each as a line of text."""


def session_spans(recording: Iterable[bytes]) -> dict[str, Span]:
    """First and last event of each session of a recording, of those that the job takes.

    What it refuses says nothing of a reader: one event that is dated years back would make a session of as many years.
    """
    spans: dict[str, Span] = {}
    now_ms = time.time_ns() // 1_000_000
    for record in recording:
        read = validate_record(record, now_ms)
        if isinstance(read, ValidationFailure) or read.type == "tick":
            continue
        at_ms, known = read.occurred_at_ms, spans.get(read.session_id)
        spans[read.session_id] = (
            Span(at_ms, at_ms) if known is None else Span(min(known.first_ms, at_ms), max(known.last_ms, at_ms))
        )
    return spans


def judge(
    episodes: Iterable[Episode],
    commands: Iterable[Command],
    spans: Mapping[str, Span],
) -> Judgement:
    """Judges the commands (as JSON objects) to the sessions of `spans`, and to content.

    A command has a cause where it answers an episode that is under way, or has just ended. What takes back a command is no
    command of its own, and what only renews one none either; schedules need no cause. Commands to other sessions are
    left out, as are episodes of other sessions.
    """
    planted = [each for each in episodes if each.target_kind != "session" or each.target_id in spans]
    given = [
        each
        for each in commands_that_change(commands)
        if each["source"]["kind"] != "schedule"
        and (each["target"]["kind"] != "session" or each["target"]["id"] in spans)
    ]
    judged = [each for each in given if not answers_event(each)]
    causes = [_causes(planted, command) for command in judged]
    unfounded = [command for command, found in zip(judged, causes, strict=True) if not found]
    delays = _delays(planted, judged, causes)
    hours = sum(span.last_ms - span.first_ms for span in spans.values()) / HOUR_MS
    early = sum(_is_early(command, spans) for command in unfounded)
    return Judgement(
        readers=len(spans),
        reader_hours=hours,
        commands=len(judged),
        without_cause=len(unfounded),
        per_reader_hour=_share(len(unfounded), hours),
        early_without_cause=early,
        early_per_reader=_share(early, len(spans)),
        planted=len(planted),
        found=len(delays),
        precision=_share(len(judged) - len(unfounded), len(judged)),
        recall=_share(len(delays), len(planted)),
        median_delay_s=median(delays.values()) if delays else None,
        rules=_by_rule(given, unfounded, hours),
        changes=_by_change(planted, delays),
        unfounded=[_line(command) for command in unfounded],
    )


def _causes(planted: list[Episode], command: Command) -> list[int]:
    """The places of the episodes that a command answers."""
    return [place for place, episode in enumerate(planted) if episode.answers(command)]


def _delays(planted: list[Episode], judged: list[Command], causes: list[list[int]]) -> dict[int, float]:
    """Seconds from the beginning of each episode that was found to its first command, by place."""
    first: dict[int, int] = {}
    for command, found in zip(judged, causes, strict=True):
        for place in found:
            first[place] = min(first.get(place, command["issued_at_ms"]), command["issued_at_ms"])
    return {place: (at_ms - planted[place].from_ms) / 1000 for place, at_ms in first.items()}


def _is_early(command: Command, spans: Mapping[str, Span]) -> bool:
    span = spans.get(command["target"]["id"]) if command["target"]["kind"] == "session" else None
    return span is not None and command["issued_at_ms"] <= span.first_ms + EARLY_MS


def answers_event(command: Command) -> bool:
    """Whether a rule of lane event decided: it answers what the reader did, and its evidence has no window but its sequence's."""
    return "sequence" in command["evidence"] or all(
        each.get("window_end_ms") is None for each in command["evidence"].values()
    )


def _by_rule(given: list[Command], unfounded: list[Command], hours: float) -> list[RuleResult]:
    all_of, wrong_of = Counter(map(_rule, given)), Counter(map(_rule, unfounded))
    answering = {_rule(command) for command in given if answers_event(command)}
    return [
        RuleResult(
            rule,
            rule in answering,
            count,
            wrong_of[rule],
            _share(count if rule in answering else wrong_of[rule], hours),
        )
        for rule, count in sorted(all_of.items())
    ]


def _by_change(planted: list[Episode], delays: Mapping[int, float]) -> list[ChangeResult]:
    found: dict[str, list[float]] = {episode.behaviour: [] for episode in planted}
    for place, delay_s in delays.items():
        found[planted[place].behaviour].append(delay_s)
    of = Counter(episode.behaviour for episode in planted)
    return [
        ChangeResult(change, of[change], len(each), len(each) / of[change], median(each) if each else None)
        for change, each in sorted(found.items())
    ]


def _rule(command: Command) -> str:
    return str(command["source"]["id"])


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _line(command: Command) -> str:
    return f"{command['action']} for {command['target']['id']} by {_rule(command)} at {command['issued_at_ms']}"
