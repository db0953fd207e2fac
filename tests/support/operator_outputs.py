"""What an operator emitted, read as its consumers read it."""

from collections.abc import Iterable
from typing import Any

from models.arbitration.proposed_change import ProposedChange, decode_change
from schemas.commands import AdjustmentCommand
from tests.support.builders import BEGINNING, CrossingRow
from tests.support.flink_fakes import Running
from udfs.crossing_rows import target_key


def changes(emitted: Iterable[Any]) -> list[ProposedChange]:
    """The proposals among what was emitted; each stands under its target's key."""
    found = []
    for each in emitted:
        if isinstance(each, tuple):
            continue
        key, (body,) = each
        change = decode_change(body)
        assert key == target_key(change.command.target)
        found.append(change)
    return found


def commands(emitted: Iterable[Any]) -> list[AdjustmentCommand]:
    """The commands that were proposed."""
    return [each.command for each in changes(emitted)]


def seconds(emitted: Iterable[Any]) -> list[float]:
    """When the commands were issued, in seconds after `BEGINNING`."""
    return [(each.issued_at_ms - BEGINNING) / 1000 for each in commands(emitted)]


def records(emitted: Iterable[Any]) -> list[tuple[str, bytes, bytes]]:
    """(output, key, value) of what went to side outputs."""
    return [(each[0].tag_id, *each[1]) for each in emitted if isinstance(each, tuple)]


def key_of(row: CrossingRow) -> str:
    """The key that SQL gives a row."""
    kind, _, texts = row
    return {"session": "s", "event": "s", "content": "c"}.get(kind, "p") + (texts[0] or "")


def fed(job: Running, rows: Iterable[CrossingRow]) -> list[Any]:
    """What is emitted for rows that come one after another, without any timer between them."""
    return [each for row in rows for each in job.send(key_of(row), row)]
