"""Whose a session's window is, and where it is read: of two user ids the later one counts, and who has signed out is not
named; of two contexts told the later one counts."""

import json
from typing import Any

import pytest
from pyflink.common import Row, Types
from pyflink.table import DataTypes, Schema

from infra.local.jars import flink_jars
from jobs.config import AdjustConfig
from jobs.environment import create_environment
from jobs.sql.source_table import CONTEXT_TYPE
from jobs.sql.window_views import window_views
from models.reading_context import ReadingContext, decode_context
from schemas.events import EVENT_TYPES
from tests.support.builders import at

pytestmark = pytest.mark.cluster

COLUMNS = {
    "event_id": (Types.STRING(), DataTypes.STRING()),
    "type_no": (Types.INT(), DataTypes.INT()),
    "occurred_at_ms": (Types.LONG(), DataTypes.BIGINT()),
    "session_id": (Types.STRING(), DataTypes.STRING()),
    "user_id": (Types.STRING(), DataTypes.STRING()),
}

STORIES: dict[str, list[tuple[int, str, str | None]]] = {
    # session: (seconds, type, user)
    "stays": [(1, "scroll", "zora"), (2, "click", "zora"), (15, "scroll", "zora")],
    "left": [(1, "scroll", "zora"), (2, "click", "zora"), (5, "click", None)],
    "left-quietly": [(1, "click", "zora"), (22, "scroll", None)],
    "changed": [(1, "scroll", "zora"), (2, "click", "zora"), (9, "click", "anton"), (15, "scroll", "anton")],
    "came": [(1, "click", None), (9, "scroll", "anton")],
    "nobody": [(1, "click", None), (9, "scroll", None)],
    "phone": [(1, "context", None), (9, "context", None), (12, "click", None)],
}

# The round trip is what the clock shows, so that the test sees which event told it.
_ROUND_TRIP = f"occurred_at_ms - {at(0)}"
CONTEXT = (
    f"CAST(ROW('mobile', 'Android \"x', CAST(NULL AS STRING), 'AT', CAST(NULL AS STRING), 'de', 'de,en', 'UTC', {_ROUND_TRIP},"
    f" CAST(NULL AS BIGINT), TRUE, 'expert') AS {CONTEXT_TYPE})"
)
TOLD: dict[str, Any] = {
    **{"os": 'Android "x', "country": "AT", "language": "de", "languages": "de,en", "timezone": "UTC"},
    "user_expertise": "expert",
}


@pytest.mark.timeout(240)
def test_of_two_users_of_a_window_the_later_counts_and_none_after_a_sign_out() -> None:
    config = AdjustConfig(jars=",".join(str(jar) for jar in flink_jars()), parallelism=1)
    env, t_env = create_environment(config)
    rows = [
        Row(f"{session}-{s}", EVENT_TYPES.index(kind), at(s), session, user)
        for session, story in STORIES.items()
        for s, kind, user in story
    ]
    rows.sort(key=lambda row: row[2])
    stream = env.from_collection(rows, Types.ROW_NAMED(list(COLUMNS), [kind for kind, _ in COLUMNS.values()]))
    schema = Schema.new_builder()
    for name, (_, kind) in COLUMNS.items():
        schema = schema.column(name, kind)
    schema = schema.column_by_expression("occurred_at", "TO_TIMESTAMP_LTZ(occurred_at_ms, 3)")
    schema = schema.column_by_expression("received_at_ms", "occurred_at_ms")
    for name in ("content_id", "content_type", "`element`", "placement"):
        schema = schema.column_by_expression(name.strip("`"), "CAST(NULL AS STRING)")
    for name in ("`value`", "scroll_pages"):
        schema = schema.column_by_expression(name.strip("`"), "CAST(NULL AS DOUBLE)")
    schema = schema.column_by_expression("context", CONTEXT)
    schema = schema.watermark("occurred_at", "occurred_at")
    t_env.create_temporary_view("events", t_env.from_data_stream(stream, schema.build()))
    t_env.create_java_temporary_function("MAIN_TYPE", "microadjust.format.MainType")
    for view in window_views(config):
        if view.name in ("slices", "session_slices", "session_windows"):
            t_env.create_temporary_view(view.name, t_env.sql_query(view.query))
    found: dict[str, str | None] = {}
    told: dict[str, str | None] = {}
    table = t_env.sql_query(f"SELECT session_id, user_id, context FROM session_windows WHERE window_end_ms = {at(60)}")
    with table.execute().collect() as results:
        for row in results:
            session, user, context = list(row)
            found[session], told[session] = user, context
    assert found == {
        "stays": "zora", "left": None, "left-quietly": None, "changed": "anton", "came": "anton", "nobody": None, "phone": None,
    }  # fmt: skip
    text = told.pop("phone")
    assert text is not None
    assert json.loads(text) == {**TOLD, "rtt_ms": 9_000, "save_data": 1}
    assert decode_context(text) == ReadingContext(**TOLD, rtt_ms=9_000, save_data=1)
    assert set(told.values()) == {None}
