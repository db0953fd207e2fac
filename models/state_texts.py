"""Short texts for keyed state: one time in full, all others by their distance from it.

A text of versions before 2026-11-29 has no time in front of its bracket, and its times stand in full.
"""

from typing import Any, Final

import msgspec

from models.arbitration.proposed_change import ProposedChange
from models.session_clock import SessionClock
from models.state_records import DecisionState, StandingProposal

_encoder: Final = msgspec.json.Encoder()


def clock_text(clock: SessionClock) -> str:
    """Writes a clock: when the session began, and the rest as JSON."""
    since_ms = clock.first_ms
    rest = (
        clock.interacted_ms - since_ms,
        clock.last_event_ms - since_ms,
        clock.window_end_ms - since_ms,
        _from(clock.hidden_ms or None, since_ms),
        _from(clock.timer_ms or None, since_ms),
        clock.device,
        clock.content_type,
    )
    return f"{since_ms}{_encoder.encode(rest).decode()}"


def read_clock(text: str) -> SessionClock:
    """Reads what `clock_text` wrote."""
    since, json = _parted(text)
    if not since:
        return msgspec.json.decode(text, type=SessionClock)
    since_ms = int(since)
    interacted_ms, last_event_ms, window_end_ms, hidden_ms, timer_ms, device, content_type = msgspec.json.decode(json)
    return SessionClock(
        since_ms,
        interacted_ms + since_ms,
        last_event_ms + since_ms,
        window_end_ms + since_ms,
        0 if hidden_ms is None else hidden_ms + since_ms,
        0 if timer_ms is None else timer_ms + since_ms,
        device,
        content_type,
    )


def decisions_text(state: DecisionState) -> str:
    """Writes what is remembered of a target's decisions, rule by rule, without what its record has by default."""
    since_ms = state.streaks_at_ms
    for times in (state.cooldown_until_ms, state.counted_at_ms, state.due_ms):
        for at_ms in times.values():
            if not since_ms or at_ms < since_ms:
                since_ms = at_ms
    rules: dict[str, list[Any]] = {}
    for rule in (*state.standing, *state.cooldown_until_ms, *state.streaks, *state.counted_at_ms, *state.due_ms):
        if rule not in rules:
            rules[rule] = _trimmed(
                [
                    _from(state.cooldown_until_ms.get(rule), since_ms),
                    _standing_list(state.standing.get(rule), since_ms),
                    state.streaks.get(rule),
                    _from(state.counted_at_ms.get(rule), since_ms),
                    _from(state.due_ms.get(rule), since_ms),
                ]
            )
    rest: list[Any] = _trimmed([_from(state.streaks_at_ms or None, since_ms), rules or None])
    return f"{since_ms}{_encoder.encode(rest).decode()}"


def read_decisions(text: str) -> DecisionState:
    """Reads what `decisions_text` wrote."""
    since, json = _parted(text)
    if not since:
        return msgspec.json.decode(text, type=DecisionState)
    since_ms = int(since)
    streaks_at, rules = _filled(msgspec.json.decode(json), 2)
    state = DecisionState(streaks_at_ms=0 if streaks_at is None else streaks_at + since_ms)
    for rule, told in (rules or {}).items():
        cooldown, standing, streak, counted, due = _filled(told, 5)
        if cooldown is not None:
            state.cooldown_until_ms[rule] = cooldown + since_ms
        if streak is not None:
            state.streaks[rule] = streak
        if counted is not None:
            state.counted_at_ms[rule] = counted + since_ms
        if standing is not None:
            state.standing[rule] = _read_standing(standing, since_ms)
        if due is not None:
            state.due_ms[rule] = due + since_ms
    return state


def _standing_list(stands: StandingProposal | None, since_ms: int) -> list[Any] | None:
    if stands is None:
        return None
    told: list[Any] = [stands.proposed_at_ms - since_ms, stands.expires_at_ms - since_ms, stands.streak or None]
    told += [_from(stands.counted_at_ms or None, since_ms), _from(stands.until_held_at_ms or None, since_ms)]
    return _trimmed([*told, stands.held])


def _read_standing(told: list[Any], since_ms: int) -> StandingProposal:
    proposed, expires, streak, counted, until_held, held = _filled(told, 6)
    return StandingProposal(
        proposed + since_ms,
        expires + since_ms,
        streak or 0,
        0 if counted is None else counted + since_ms,
        0 if until_held is None else until_held + since_ms,
        None if held is None else msgspec.convert(held, ProposedChange),
    )


def _parted(text: str) -> tuple[str, str]:
    """A text's first time, and its JSON; no time for a text of an earlier version."""
    since, bracket, rest = text.partition("[")
    return since, bracket + rest


def _from(at_ms: int | None, since_ms: int) -> int | None:
    return None if at_ms is None else at_ms - since_ms


def _trimmed(values: list[Any]) -> list[Any]:
    """Drops what is None at the end."""
    while values and values[-1] is None:
        values.pop()
    return values


def _filled(values: list[Any], length: int) -> list[Any]:
    """Puts back what `_trimmed` has dropped."""
    return values + [None] * (length - len(values))
