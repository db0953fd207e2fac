"""The outputs of the adjust operator beside its commands."""

from typing import Final

from pyflink.common import Types
from pyflink.datastream import OutputTag

_BYTES: Final = Types.PRIMITIVE_ARRAY(Types.BYTE())
RECORD: Final = Types.ROW_NAMED(["key", "value"], [_BYTES, _BYTES])
"""A record for Kafka: key and value as they are written."""

TOLD_ROW: Final = Types.ROW([Types.STRING(), Types.STRING()])
"""What session-state.v1 is made of: kind and JSON (`udfs/session_state.py`)."""

REJECTED: Final = OutputTag("rejected", RECORD)
LATE: Final = OutputTag("late", RECORD)
TALLY: Final = OutputTag("tally", RECORD)
TOLD: Final = OutputTag("told", Types.ROW([Types.STRING(), TOLD_ROW]))
