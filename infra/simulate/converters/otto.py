"""OTTO (2022): sessions of a shop with clicks, carts and orders, as `click`, `custom` and `conversion` events.

A line is a session with its events. A click becomes a `click` on that content; an item put in the cart is no kind of
event of the contract, so `custom` with the property action=cart; an item ordered is a `conversion` without a value,
since prices are unknown. Items of one order share an instant and stay one event each.

Reads the whole file and sorts: some 250 bytes an event, 0.2 MB for the sample's 862. (The full set of 220 million is
too large for that.)
"""

from collections.abc import Iterator
from operator import itemgetter
from pathlib import Path
from typing import Final, Literal

import msgspec

from infra.simulate.converters.rows import RECEIVED_AFTER_MS, BadRowError, instant, opened
from schemas.events import Event, EventType
from schemas.unreadable import UNREADABLE

TYPES: Final[dict[str, EventType]] = {"clicks": "click", "carts": "custom", "orders": "conversion"}
CART: Final = {"action": "cart"}


class Action(msgspec.Struct):
    """`ts` is in milliseconds."""

    aid: int
    ts: int
    type: Literal["clicks", "carts", "orders"]


class Session(msgspec.Struct):
    session: int
    events: list[Action]


_decoder: Final = msgspec.json.Decoder(Session)


def convert(path: Path) -> Iterator[Event]:
    """The events of a .jsonl file, or of all in a folder, in order of time. Raises `BadRowError` at the first bad line."""
    files = sorted(path.glob("*.jsonl")) if path.is_dir() else [path]
    if not files:
        raise FileNotFoundError(f"{path} holds no .jsonl file")
    actions = [action for file in files for action in _actions(file)]
    for at_ms, session, number, action in sorted(actions, key=itemgetter(0)):
        yield Event(
            event_id=f"ot-{session}-{number}",
            type=TYPES[action.type],
            occurred_at_ms=at_ms,
            received_at_ms=at_ms + RECEIVED_AFTER_MS,
            session_id=f"ot-{session}",
            content_id=str(action.aid),
            properties=CART if action.type == "carts" else None,
        )


def _actions(path: Path) -> Iterator[tuple[int, int, int, Action]]:
    """Time, session, number in the session, action."""
    with opened(path) as lines:
        for place, line in enumerate(lines, start=1):
            try:
                read = _decoder.decode(line)
                for action in read.events:
                    instant(action.ts)
            except (*UNREADABLE, ValueError) as error:
                raise BadRowError(f"{path}:{place}: {error}") from error
            for number, action in enumerate(sorted(read.events, key=lambda each: each.ts), start=1):
                yield action.ts, read.session, number, action
