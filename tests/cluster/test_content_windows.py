"""The windows of content items: SQL on a mini-cluster beside the same in plain Python."""

from collections import defaultdict
from math import isnan
from random import Random
from typing import Any

import pytest
from pyflink.common import Row, Types
from pyflink.table import DataTypes, Schema

from infra.local.jars import flink_jars
from infra.simulate.reference_windows import Slice, content_minute, slices_of, windows
from jobs.config import AdjustConfig
from jobs.environment import create_environment
from jobs.sql.source_table import CONTEXT_TYPE
from jobs.sql.window_views import window_views
from models.features import CONTENT_NAMES
from schemas.events import EVENT_TYPES, Event, EventType
from tests.support.builders import at

pytestmark = pytest.mark.cluster

COLUMNS = {
    "event_id": (Types.STRING(), DataTypes.STRING()),
    "type_no": (Types.INT(), DataTypes.INT()),
    "occurred_at_ms": (Types.LONG(), DataTypes.BIGINT()),
    "session_id": (Types.STRING(), DataTypes.STRING()),
    "content_id": (Types.STRING(), DataTypes.STRING()),
    "value": (Types.DOUBLE(), DataTypes.DOUBLE()),
}
KINDS: tuple[EventType, ...] = ("scroll", "heartbeat", "page_hide", "click", "page_view", "scroll")
NUMBERS = ("first_ms", "new_exits", "new_rapid_exits", "present")


def some_events() -> list[Event]:
    """Four minutes of eight readers on two items, who leave and come back."""
    random, found = Random(5), []
    for number in range(700):
        kind = random.choice(KINDS)
        values = {
            "scroll": random.random(),
            "heartbeat": 5_000.0,
            # Without a value the page is only out of view.
            "page_hide": random.choice((900.0, 10_000.0, 60_000.0, None)),
        }
        occurred_at_ms = at(random.uniform(0.0, 240.0))
        found.append(
            Event(
                event_id=f"e{number}",
                type=kind,
                occurred_at_ms=occurred_at_ms,
                received_at_ms=occurred_at_ms,
                session_id=f"reader-{random.randrange(8)}",
                content_id=random.choice(("a", "b", None)),
                value=values.get(kind),
            )
        )
    return sorted(found, key=lambda event: event.occurred_at_ms)


def in_sql(events: list[Event]) -> dict[tuple[str, int], dict[str, float | None]]:
    """What SQL makes of them: numbers by item and end of window."""
    config = AdjustConfig(jars=",".join(str(jar) for jar in flink_jars()), parallelism=1)
    env, t_env = create_environment(config)
    rows = [
        Row(e.event_id, EVENT_TYPES.index(e.type), e.occurred_at_ms, e.session_id, e.content_id, e.value)
        for e in events
    ]
    stream = env.from_collection(rows, Types.ROW_NAMED(list(COLUMNS), [kind for kind, _ in COLUMNS.values()]))
    schema = Schema.new_builder()
    for name, (_, kind) in COLUMNS.items():
        schema = schema.column(name, kind)
    schema = schema.column_by_expression("occurred_at", "TO_TIMESTAMP_LTZ(occurred_at_ms, 3)")
    schema = schema.column_by_expression("received_at_ms", "occurred_at_ms")
    texts = ("content_type", "user_id", "`element`", "placement")
    for name in texts:
        schema = schema.column_by_expression(name.strip("`"), "CAST(NULL AS STRING)")
    schema = schema.column_by_expression("scroll_pages", "CAST(NULL AS DOUBLE)")
    schema = schema.column_by_expression("context", f"CAST(NULL AS {CONTEXT_TYPE})")
    schema = schema.watermark("occurred_at", "occurred_at")
    t_env.create_temporary_view("events", t_env.from_data_stream(stream, schema.build()))
    for view in window_views(config):
        if view.name in ("slices", "reader_windows", "content_windows"):
            t_env.create_temporary_view(view.name, t_env.sql_query(view.query))
    names = (*NUMBERS, *(f"f_{name}" for name in CONTENT_NAMES))
    table = t_env.sql_query(f"SELECT content_id, window_end_ms, {', '.join(names)} FROM content_windows")
    found: dict[tuple[str, int], dict[str, float | None]] = {}
    with table.execute().collect() as results:
        for row in results:
            content, end, *numbers = list(row)
            found[content, end] = dict(zip((*NUMBERS, *CONTENT_NAMES), numbers, strict=True))
    return found


def in_python(events: list[Event]) -> dict[tuple[str, int], dict[str, float | None]]:
    found: dict[tuple[str, int], dict[str, float | None]] = {}
    for end, cells in windows(slices_of(events), 2**62):
        by_content: dict[str, list[tuple[str, Slice]]] = defaultdict(list)
        for session, content, cell in cells:
            if content is not None:
                by_content[content].append((session, cell))
        for content, own in by_content.items():
            now = content_minute(own, end)
            numbers: dict[str, Any] = {
                name: None if isnan(value) else value for name, value in now.values.items()
            } | dict(
                zip(NUMBERS, (now.first_ms, now.new_exits, len(now.newly_left_rapidly), now.reader_slices), strict=True)
            )
            found[content, end] = numbers
    return found


@pytest.mark.timeout(180)
def test_sql_and_plain_python_find_the_same_windows_of_content_items() -> None:
    events = some_events()
    expected = in_python(events)
    assert sum(each["new_exits"] or 0 for each in expected.values()) > 20
    found = in_sql(events)
    assert found.keys() == expected.keys()
    for key, numbers in expected.items():
        assert found[key] == pytest.approx(numbers), key
