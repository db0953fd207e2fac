"""Keys a stream by its first column without a detour through Python."""

from pyflink.common import Types
from pyflink.common.typeinfo import TypeInformation
from pyflink.datastream.data_stream import DataStream, KeyedStream
from pyflink.java_gateway import get_gateway
from pyflink.table import StreamTableEnvironment, Table

ROW = Types.ROW([Types.STRING(), Types.PRIMITIVE_ARRAY(Types.DOUBLE()), Types.BASIC_ARRAY(Types.STRING())])
"""A crossing row: kind, numbers, texts."""


def to_stream(t_env: StreamTableEnvironment, table: Table, value: TypeInformation, uid: str) -> DataStream:
    """The rows of `table` as a stream; `value` is their type."""
    stream = t_env.to_append_stream(table, value)
    # The planner names its own operators; the last one, which hands the rows over, it leaves to its caller.
    stream._j_data_stream.getTransformation().setUid(uid)
    return stream


def pairs(value: TypeInformation) -> TypeInformation:
    """The type of rows (key, value)."""
    return Types.ROW([Types.STRING(), value])


def keyed(stream: DataStream, value: TypeInformation) -> KeyedStream:
    """The values, keyed by their keys.

    PyFlink's `key_by` would run a Python function on each row to make just such (key, value) rows; these have been made by SQL.
    `KeyByKeySelector` is the internal class that PyFlink's own keyed streams use; `tests/cluster/test_keying.py` holds it
    to what is expected of it here.
    """
    selector = get_gateway().jvm.KeyByKeySelector()
    key_type = Types.ROW([Types.STRING()]).get_java_type_info()
    return KeyedStream(stream._j_data_stream.keyBy(selector, key_type), value, stream)
