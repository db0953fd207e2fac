"""Reads records as JSON objects, for commands that show what stands on a topic."""

from typing import Any

import msgspec

from infra.kafka.reading import Record
from schemas.unreadable import UNREADABLE


def json_object(record: Record, *fields: str) -> dict[str, Any] | None:
    """Returns the JSON object in a record; None where it is none, or lacks one of these fields. Anybody may write to a topic."""
    try:
        found = msgspec.json.decode(record.value or b"")
    except UNREADABLE:
        return None
    return found if isinstance(found, dict) and all(each in found for each in fields) else None
