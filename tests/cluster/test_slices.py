"""The slices as Flink's planner sees them."""

import pytest

from infra.local.jars import flink_jars
from jobs.config import AdjustConfig
from jobs.environment import create_environment
from jobs.java.plan_barrier import create_barrier_view
from jobs.sql.slices import slice_columns, slices
from jobs.sql.source_table import events_query, register_functions, source_ddl
from models.features import CONTENT_FEATURES, SESSION_FEATURES

pytestmark = pytest.mark.cluster


@pytest.mark.timeout(180)
def test_both_branches_of_the_slices_have_the_same_types() -> None:
    """Of a UNION the planner would cast them to a common type in silence, and copy every row."""
    config = AdjustConfig(jars=",".join(str(jar) for jar in flink_jars()))
    _, t_env = create_environment(config)
    register_functions(t_env)
    t_env.execute_sql(source_ddl(config))
    create_barrier_view(t_env, t_env.sql_query(events_query(config)), "events", "occurred_at")
    columns = slice_columns(config, (*SESSION_FEATURES, *CONTENT_FEATURES))
    schemas = [t_env.sql_query(query).get_schema() for query in slices(config, columns)]
    names, others = (schema.get_field_names() for schema in schemas)
    assert names == others
    # Whether a column can be null may differ: a constant cannot.
    types, other_types = (
        [str(each).removesuffix(" NOT NULL") for each in schema.get_field_data_types()] for schema in schemas
    )
    assert dict(zip(names, types, strict=True)) == dict(zip(others, other_types, strict=True))


@pytest.mark.timeout(180)
def test_the_source_itself_holds_the_watermark_to_the_brokers_time() -> None:
    """Partition by partition: behind the source a partition that is ahead would speak for all."""
    config = AdjustConfig(jars=",".join(str(jar) for jar in flink_jars()))
    _, t_env = create_environment(config)
    register_functions(t_env)
    t_env.execute_sql(source_ddl(config))
    plan = t_env.sql_query(events_query(config)).explain()
    [scan] = [
        line for line in plan.split("== Optimized Execution Plan ==")[1].splitlines() if "TableSourceScan" in line
    ]
    assert (
        "watermark=[TO_TIMESTAMP_LTZ(-(-(received_at_ms, AHEAD_MS(received_at_ms, written, 500:BIGINT)), 2500), 3)]"
        in scan
    )
