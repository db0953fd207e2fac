"""The outputs of the adjust operator beside its commands."""

from typing import Final

from pyflink.common import Types
from pyflink.datastream import OutputTag

_BYTES: Final = Types.PRIMITIVE_ARRAY(Types.BYTE())
RECORD: Final = Types.ROW_NAMED(["key", "value"], [_BYTES, _BYTES])
"""A record for Kafka: key and value as they are written."""

REJECTED: Final = OutputTag("rejected", RECORD)
LATE: Final = OutputTag("late", RECORD)
TALLY: Final = OutputTag("tally", RECORD)
