"""Keys a stream by its first field with Flink's own selector, without a detour through Python."""

from typing import Final

from pyflink.common import Types
from pyflink.common.typeinfo import TypeInformation
from pyflink.datastream.data_stream import DataStream, KeyedStream
from pyflink.java_gateway import get_gateway
from pyflink.table import StreamTableEnvironment, Table

CROSSING_ROW_TYPE: Final = Types.ROW(
    [Types.STRING(), Types.PRIMITIVE_ARRAY(Types.DOUBLE()), Types.BASIC_ARRAY(Types.STRING())]
)
"""Kind, numbers, texts."""


def to_data_stream(
    t_env: StreamTableEnvironment,
    table: Table,
    row_type: TypeInformation,
    uid: str,
    slot_sharing_group: str | None = None,
) -> DataStream:
    """Converts `table` to a stream of rows of `row_type`.

    Without a group of its own the stream is in that of what comes before it, and so is all that follows.
    """
    stream = t_env.to_append_stream(table, row_type)
    # The planner names its own operators; the last one, which hands the rows over, it leaves to its caller.
    transformation = stream._j_data_stream.getTransformation()
    transformation.setUid(uid)
    if slot_sharing_group is not None:
        transformation.setSlotSharingGroup(slot_sharing_group)
    return stream


def key_value_type(value_type: TypeInformation) -> TypeInformation:
    """Returns the type of rows (key, value)."""
    return Types.ROW([Types.STRING(), value_type])


def key_by_first_field(stream: DataStream, value_type: TypeInformation) -> KeyedStream:
    """Keys rows (key, value) by their key and keeps the values.

    PyFlink's `key_by` would run a Python function on each row to make just such (key, value) rows; these have been made by SQL.
    `KeyByKeySelector` is the internal class that PyFlink's own keyed streams use; `tests/cluster/test_keying.py` checks
    what this function relies on.
    """
    selector = get_gateway().jvm.KeyByKeySelector()
    key_type = Types.ROW([Types.STRING()]).get_java_type_info()
    return KeyedStream(stream._j_data_stream.keyBy(selector, key_type), value_type, stream)
