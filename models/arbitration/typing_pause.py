"""Quiet while a reader writes: what windows propose waits until he has stopped, and is refused where he does not stop.

Proposals of single events do not wait: they answer what the reader has just done, such as sending what he has written.
"""

from bisect import insort
from collections.abc import Sequence
from typing import Final

import msgspec

from models.arbitration.precedence import is_safety
from models.arbitration.proposed_change import ProposedChange
from models.arbitration.target_state import TargetState

TYPING_MS: Final = 10_000
"""A reader counts as typing for so long after the page has told it, which it does every 8 s (`infra/tracker/src/typing.js`)."""

MAX_TYPING_WAIT_MS: Final = 30_000
"""A proposal waits no longer for the end of typing: its cause would be of another minute."""

SECOND_MS: Final = 1_000

_PREFIX: Final = "typing:"


def encode_typing(at_ms: int) -> str:
    """The text that crosses to the arbiter in the place of a proposal."""
    return f"{_PREFIX}{at_ms}"


def decode_typing(text: str) -> int | None:
    """When the reader typed; None where the text is a proposal."""
    return int(text[len(_PREFIX) :]) if text.startswith(_PREFIX) else None


def record(state: TargetState, at_ms: int) -> int:
    """Remembers that the reader typed, and returns the time that is remembered: the full second at which it is over.

    So a page that tells it without end fills a dozen places at most. Rounded up, it is known before event time passes it.
    """
    told_ms = -(-at_ms // SECOND_MS) * SECOND_MS
    if told_ms not in state.typed_ms:
        insort(state.typed_ms, told_ms)
    return told_ms


def forget(state: TargetState, now_ms: int) -> None:
    """Forgets what is over at that event time."""
    state.typed_ms = [each for each in state.typed_ms if each + TYPING_MS > now_ms]


def typing_until_ms(state: TargetState, at_ms: int) -> int | None:
    """Until when the reader counts as typing, by what he did up to `at_ms`; None where he does not type then."""
    latest = max((each for each in state.typed_ms if each <= at_ms), default=None)
    return None if latest is None or latest + TYPING_MS <= at_ms else latest + TYPING_MS


def waits(change: ProposedChange) -> bool:
    """Whether typing keeps that proposal waiting: neither what is taken back, renewed or for access, nor shadow."""
    command = change.command
    return (
        change.mode == "active"
        and not change.renews
        and command.action != "revert"
        and not is_safety(command.source.kind)
    )


def postponed(change: ProposedChange, at_ms: int, until_ms: int) -> ProposedChange | None:
    """The proposal as it is decided later; None where it has waited long enough, or would expire meanwhile."""
    since_ms = at_ms if change.held_since_ms is None else change.held_since_ms
    if at_ms - since_ms >= MAX_TYPING_WAIT_MS or until_ms >= change.command.expires_at_ms:
        return None
    command = msgspec.structs.replace(change.command, issued_at_ms=until_ms)
    return msgspec.structs.replace(change, command=command, held_since_ms=since_ms)


def withdrawn(due: Sequence[ProposedChange], waiting: Sequence[ProposedChange]) -> list[ProposedChange]:
    """Those that typing has held up, and whose rule takes its change back (among `due`) before it was made."""
    over = {each.command.source.id for each in due if each.command.action == "revert"}
    if not over:
        return []
    return [each for each in (*due, *waiting) if each.held_since_ms is not None and each.command.source.id in over]
