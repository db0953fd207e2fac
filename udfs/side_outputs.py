"""Outputs of the operators that propose and decide, and the types of the rows in them."""

from typing import Final

from pyflink.common import Types
from pyflink.datastream import OutputTag

_BYTES: Final = Types.PRIMITIVE_ARRAY(Types.BYTE())
KAFKA_RECORD: Final = Types.ROW_NAMED(["key", "value"], [_BYTES, _BYTES])
"""A record for Kafka: key and value as they are written."""

SESSION_UPDATE: Final = Types.ROW([Types.STRING(), Types.STRING()])
"""A change of one session's state: `SessionUpdateKind` and JSON (`udfs/session_state.py`)."""

PROPOSED_CHANGE: Final = Types.ROW([Types.STRING()])
"""A proposal on its way to the arbiter, as JSON (`models/arbitration/proposed_change.py`)."""

KEYED_CHANGE: Final = Types.ROW([Types.STRING(), PROPOSED_CHANGE])
"""The same with the key of its target."""

PROPOSALS: Final = OutputTag("proposals", KAFKA_RECORD)
REJECTED: Final = OutputTag("rejected", KAFKA_RECORD)
LATE: Final = OutputTag("late", KAFKA_RECORD)
TALLY: Final = OutputTag("tally", KAFKA_RECORD)
CONTROL_ACKS: Final = OutputTag("control-acks", KAFKA_RECORD)
"""Of both operators that evaluate rules; the broadcast side may emit to it in thread and in process mode."""

FEATURES: Final = OutputTag("features", Types.ROW([Types.STRING(), Types.STRING()]))
"""Rows of the feature log (session id, JSON), as texts: thread mode hands byte arrays over element by element."""

SESSION_UPDATES: Final = OutputTag("told", Types.ROW([Types.STRING(), SESSION_UPDATE]))
