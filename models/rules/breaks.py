"""Natural breaks: a proposal that can wait is made when the reader pauses anyway, and not while he reads or scrolls fast."""

from typing import Final, NamedTuple

from models.rules.compiled import CompiledRule
from models.rules.signals import Signals
from models.state_records import DecisionState

FAST_SCROLLING: Final = 0.9
"""Rank among the site's minutes from which a reader scrolls fast: faster than nine of ten."""

READING_MS: Final = 10_000
"""A reader who has done something within the newest slice, and is at no break, is in the middle of it."""


class Timeliness(NamedTuple):
    """Whether a rule proposes now; `quiet` is why the reader should not be disturbed, `changed` whether state has."""

    proposes: bool
    quiet: str | None
    changed: bool


def timeliness(compiled: CompiledRule, holds: bool, signals: Signals, state: DecisionState, at_ms: int) -> Timeliness:
    """Whether a rule that can wait proposes in this window. `holds` says whether it holds and does not rest.

    From the window in which it holds it waits for a break, for `grace_s`, whether or not it goes on holding. Where none comes
    it proposes all the same, with the reason if the reader is busy.
    """
    grace_s = compiled.rule.grace_s
    if grace_s is None:
        return Timeliness(holds, None, False)
    due_ms = state.due_ms.get(compiled.id)
    if due_ms is None and not holds:
        return Timeliness(False, None, False)
    is_break = signals.scalars.get("at_break", 0.0) > 0.0
    until_ms = at_ms + grace_s * 1000 if due_ms is None else due_ms
    if not is_break and at_ms < until_ms:
        state.due_ms[compiled.id] = until_ms
        return Timeliness(False, None, due_ms is None)
    state.due_ms.pop(compiled.id, None)
    return Timeliness(True, None if is_break else busy_with(signals), True)


def busy_with(signals: Signals) -> str | None:
    """What a reader is busy with, in a word; None where he is not, or nothing is known."""
    speed = None if signals.readings is None else signals.readings.rank("scroll_speed")
    if speed is not None and speed >= FAST_SCROLLING:
        return "scrolling"
    silence_ms = signals.scalars.get("silence_ms")
    return "reading" if silence_ms is not None and silence_ms < READING_MS else None
