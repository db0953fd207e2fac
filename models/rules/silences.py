"""Silences that rules wait for: which begin, which are broken, and which are over. By event time alone."""

from math import isfinite
from typing import Final, NamedTuple

from models.recent_clicks import Click
from models.rules.compiled import CompiledRule
from models.rules.own_events import OwnEventsPlan, Recorded
from models.rules.signals import Signals
from models.state_records import OpenSilence, OwnEventsState

MAX_SILENCES: Final = 8
"""Silences of a rule that a session can wait for at a time; others that begin meanwhile are not waited for."""


class EndedSilence(NamedTuple):
    rule: CompiledRule
    silence: OpenSilence


class Beginning(NamedTuple):
    """What is known of the event with which silences begin."""

    event_id: str
    user_id: str | None
    content_id: str | None
    clicks: list[Click]
    signals: Signals


def break_silences(plan: OwnEventsPlan, state: OwnEventsState, recorded: Recorded) -> None:
    """Ends the silences that the event breaks: they come to nothing."""
    for key, silences in list(state.silences.items()):
        sequence = plan.silences[key].sequence
        if sequence is None or sequence.without is None or sequence.without.key not in recorded.matchers:
            continue
        kept = [each for each in silences if each.is_over or not sequence.breaks(recorded.event, each.start)]
        if kept:
            state.silences[key] = kept
        else:
            del state.silences[key]


def begin_silences(plan: OwnEventsPlan, state: OwnEventsState, recorded: Recorded, beginning: Beginning) -> list[int]:
    """Begins the silences of the rules whose conditions hold at the event, and returns the times at which they are over."""
    deadlines = []
    for key, rule in plan.silences.items():
        sequence = rule.sequence
        if sequence is None or sequence.elements[0].key not in recorded.matchers:
            continue
        if sequence.is_broken(recorded.event, state.logs):
            continue
        open_ones = state.silences.get(key, [])
        signals = beginning.signals
        if len(open_ones) >= MAX_SILENCES or not rule.conditions_hold(signals):
            continue
        silence = OpenSilence(
            recorded.event,
            recorded.event.at_ms + sequence.within_ms,
            beginning.event_id,
            beginning.user_id,
            beginning.content_id,
            beginning.clicks,
            {name: value for name, value in signals.scalars.items() if isfinite(value)},
            {name: text for name, text in signals.attributes.items() if text is not None},
        )
        state.silences[key] = [*open_ones, silence]
        deadlines.append(silence.deadline_ms)
    return deadlines


def end_silences(plan: OwnEventsPlan, state: OwnEventsState, now_ms: int) -> list[EndedSilence]:
    """The silences that are over at `now_ms` and had not been, in the order of their ends, then by priority of the rule.

    They keep their places until `release_silences`, or how many fit would depend on when time was told.
    """
    ended = []
    for key, rule in plan.silences.items():
        for silence in state.silences.get(key, ()):
            if silence.deadline_ms <= now_ms and not silence.is_over:
                silence.is_over = True
                ended.append(EndedSilence(rule, silence))
    # Sorting is stable: `silences` are in the order of the rules.
    return sorted(ended, key=lambda each: (each.silence.deadline_ms, each.silence.start))


def release_silences(state: OwnEventsState, oldest_ms: int) -> None:
    """Gives the places of silences back that ended before `oldest_ms`, before which no event can come any more."""
    for key, silences in list(state.silences.items()):
        kept = [each for each in silences if each.deadline_ms >= oldest_ms]
        if kept:
            state.silences[key] = kept
        else:
            del state.silences[key]
