"""A barrier for the SQL planner between two queries: Table -> DataStream -> temporary view.

Flink's planner shares a part of a plan between two readers only if both read the same columns of it; otherwise it
runs that part twice, down to reading the topic twice. Behind a barrier there is one stream for all readers. The rows stay in
Flink's internal form, so a barrier has no measurable cost per row.
"""

from pyflink.java_gateway import get_gateway
from pyflink.table import StreamTableEnvironment, Table


def create_barrier_view(t_env: StreamTableEnvironment, table: Table, name: str, time_column: str) -> None:
    """Registers `table` as the view `name`, with `time_column` as event time and the watermark that arrives with the rows."""
    jvm = get_gateway().jvm
    j_env, j_table = t_env._j_tenv, table._j_table
    row_data = (
        jvm.java.lang.Thread.currentThread().getContextClassLoader().loadClass("org.apache.flink.table.data.RowData")
    )
    resolved = j_table.getResolvedSchema()
    stream = j_env.toDataStream(j_table, resolved.toPhysicalRowDataType().bridgedTo(row_data))
    schema = jvm.org.apache.flink.table.api.Schema.newBuilder()
    columns = resolved.getColumns()
    for index in range(columns.size()):
        column = columns.get(index)
        schema = schema.column(column.getName(), column.getDataType())
    schema = schema.watermark(time_column, "SOURCE_WATERMARK()").build()
    j_env.createTemporaryView(name, j_env.fromDataStream(stream, schema))
