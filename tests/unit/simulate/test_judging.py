"""Commands judged by hand: which have a cause, what is found, and how often nothing was the matter."""

from typing import Any

import msgspec

from infra.simulate.ground_truth import Episode
from infra.simulate.judging import ChangeResult, RuleResult, Span, judge, session_spans

MINUTE = 60_000
HOUR = 60 * MINUTE

#    0           20 min      24 min   + grace of 75 s
#    |  reads    ( bored      )-------|
BORED = Episode("bored", "simplify", "session", "anna", 20 * MINUTE, 24 * MINUTE)
TWO_HOURS = {"anna": Span(0, HOUR), "ben": Span(10 * MINUTE, 70 * MINUTE)}


def command(
    action: str, session: str, at_ms: int, rule: str = "some-rule", window: bool = True, **parameters: Any
) -> dict[str, Any]:
    return {
        "action": action,
        "parameters": parameters,
        "target": {"kind": "session", "id": session},
        "issued_at_ms": at_ms,
        "expires_at_ms": at_ms,
        "source": {"kind": "rule", "id": rule},
        "evidence": {"clicks": {"window_end_ms": at_ms} if window else {"value": 5.0}},
    }


def test_a_command_during_a_change_has_a_cause_and_finds_it() -> None:
    found = judge([BORED], [command("simplify", "anna", 21 * MINUTE)], TWO_HOURS)
    assert (found.precision, found.recall, found.median_delay_s) == (1.0, 1.0, 60.0)
    assert (found.without_cause, found.per_reader_hour) == (0, 0.0)
    assert found.changes == [ChangeResult("bored", 1, 1, 1.0, 60.0)]


def test_what_takes_back_a_command_or_renews_it_is_not_judged() -> None:
    given = [
        command("simplify", "anna", 50 * MINUTE) | {"expires_at_ms": 50 * MINUTE + 1_000},
        command("simplify", "anna", 50 * MINUTE + 999),
        command("revert", "anna", 50 * MINUTE + 999),
        command("simplify", "anna", 53 * MINUTE),
        command("simplify", "anna", 53 * MINUTE, variant="simple"),
        command("simplify", "anna", 53 * MINUTE, rule="another"),
    ]
    assert judge([BORED], given, TWO_HOURS).without_cause == 4


def test_a_second_command_for_a_change_that_is_over_has_no_cause() -> None:
    given = [command("simplify", "anna", 21 * MINUTE), command("simplify", "anna", 24 * MINUTE + 75_001)]
    found = judge([BORED], given, TWO_HOURS)
    assert (found.without_cause, found.precision, found.recall) == (1, 0.5, 1.0)
    assert found.per_reader_hour == 1 / 2


def test_a_command_of_another_action_during_a_change_has_no_cause() -> None:
    found = judge([BORED], [command("shorten", "anna", 21 * MINUTE, "skimming")], TWO_HOURS)
    assert (found.without_cause, found.precision, found.recall, found.median_delay_s) == (1, 0.0, 0.0, None)
    assert found.rules == [RuleResult("skimming", False, 1, 1, 0.5)]
    assert found.unfounded == [f"shorten for anna by skimming at {21 * MINUTE}"]


def test_a_command_to_another_reader_has_no_cause() -> None:
    found = judge([BORED], [command("simplify", "ben", 21 * MINUTE)], TWO_HOURS)
    assert (found.without_cause, found.recall) == (1, 0.0)


def test_a_bot_and_a_leaving_reader_are_told_apart_by_the_kind_of_prompt() -> None:
    bot = Episode("bot", "prompt", "session", "anna", 20 * MINUTE, 24 * MINUTE, {"kind": "verify"})
    asked = command("prompt", "anna", 21 * MINUTE, kind="still-reading", text="?")
    verified = command("prompt", "anna", 22 * MINUTE, kind="verify", text="?")
    found = judge([bot], [asked, verified], TWO_HOURS)
    assert (found.without_cause, found.median_delay_s) == (1, 120.0)


def test_what_answers_an_event_is_listed_but_needs_no_cause() -> None:
    given = [command("reorder", "ben", 30 * MINUTE, "eager-reorder", window=False)] * 3
    found = judge([], given, TWO_HOURS)
    assert (found.commands, found.without_cause, found.precision) == (0, 0, None)
    assert found.rules == [RuleResult("eager-reorder", True, 3, 0, 1.5)]


def test_the_first_ten_minutes_are_those_of_the_reader() -> None:
    # Ben begins at minute 10: his tenth minute ends at 20.
    given = [command("simplify", "ben", at * MINUTE) for at in (11, 20)] + [command("simplify", "ben", 20 * MINUTE + 1)]
    found = judge([], given, TWO_HOURS)
    assert (found.without_cause, found.early_without_cause, found.early_per_reader) == (3, 2, 1.0)


def test_readers_outside_of_the_recording_count_nowhere() -> None:
    stranger = Episode("bored", "simplify", "session", "zoe", 0, MINUTE)
    found = judge([stranger], [command("simplify", "zoe", 90 * MINUTE)], TWO_HOURS)
    assert (found.commands, found.planted, found.recall) == (0, 0, None)


def test_delays_are_those_of_the_first_command_and_their_middle() -> None:
    episodes = [BORED, Episode("bored", "simplify", "session", "ben", 30 * MINUTE, 34 * MINUTE)]
    given = [
        command("simplify", "anna", 23 * MINUTE),
        command("simplify", "anna", 21 * MINUTE),
        command("simplify", "ben", 34 * MINUTE),
    ]
    found = judge(episodes, given, TWO_HOURS)
    assert found.changes == [ChangeResult("bored", 2, 2, 1.0, 150.0)]


def event(session: str, at_ms: int, kind: str = "scroll") -> bytes:
    return msgspec.json.encode(
        {
            "event_id": f"{session}-{at_ms}",
            "type": kind,
            "occurred_at_ms": at_ms,
            "received_at_ms": at_ms + 50,
            "session_id": session,
        }
    )


def test_a_session_lasts_from_its_first_to_its_last_event() -> None:
    start = 1_760_000_000_000
    recording = [
        event("anna", start + 500),
        event("anna", start),
        event("tick", start + HOUR, "tick"),
        b"no event",
        event("ben", start + 7),
    ]
    assert session_spans(recording) == {"anna": Span(start, start + 500), "ben": Span(start + 7, start + 7)}


def test_what_the_job_refuses_makes_no_session_longer() -> None:
    """A recording of `simulate` has such events among its faults."""
    start = 1_760_000_000_000
    years_back = msgspec.json.decode(event("anna", start + 400)) | {"occurred_at_ms": start - 24 * 365 * 24 * HOUR}
    recording = [
        event("anna", start),
        msgspec.json.encode(years_back),
        event("anna", start + HOUR, "teleport"),
        event("carl", start, "teleport"),
        event("anna", start + 500),
    ]
    assert session_spans(recording) == {"anna": Span(start, start + 500)}


def test_of_no_readers_no_rate_is_known() -> None:
    found = judge([], [], {})
    assert (found.per_reader_hour, found.early_per_reader, found.recall) == (None, None, None)
