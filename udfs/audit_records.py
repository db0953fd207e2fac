"""Builds the records of the audit topics: what was rejected, what came late, how much was used."""

from base64 import b64encode
from typing import Any

import msgspec
from pyflink.common import Row

from schemas.audit import LateEvent, WindowTally
from schemas.rejects import RejectedRecord
from schemas.topics import EVENTS
from udfs import side_outputs
from udfs.crossing_rows import LATE, REJECTED, Numbers, Texts

_encoder = msgspec.json.Encoder()


def to_audit_record(kind: str, numbers: Numbers, texts: Texts) -> tuple[Any, Row]:
    """Returns (output, (key, JSON)) for a rejected, late or tally row."""
    whole = [int(number) for number in numbers]
    if kind == REJECTED:
        # SQL carries the original bytes as Latin-1 text, one character a byte.
        original = b64encode((texts[2] or "").encode("latin-1")).decode("ascii")
        rejected = RejectedRecord(
            texts[0] or "malformed",  # type: ignore[arg-type]
            texts[1] or "",
            "adjust",
            EVENTS.name,
            whole[0],
            whole[1],
            original,
            whole[2],
        )
        return side_outputs.REJECTED, Row(rejected.reason.encode(), _encoder.encode(rejected))
    if kind == LATE:
        late = LateEvent(texts[0], texts[1], texts[2] or "", *whole)
        return side_outputs.LATE, Row(late.session_id.encode(), _encoder.encode(late))
    tally = WindowTally(*whole)
    return side_outputs.TALLY, Row(str(tally.window_end_ms).encode(), _encoder.encode(tally))
