"""The minutes of an item's sections: SQL on a mini-cluster beside the same in plain Python."""

from random import Random

import pytest
from pyflink.common import Row, Types
from pyflink.table import DataTypes, Schema

from infra.local.jars import flink_jars
from infra.simulate.reference_sections import section_minutes
from jobs.config import AdjustConfig
from jobs.environment import create_environment
from jobs.sql.section_views import section_views
from models.language.section_attention import SectionMinute
from schemas.events import EVENT_TYPES, Event
from tests.support.builders import at

pytestmark = pytest.mark.cluster

COLUMNS = {
    "type_no": (Types.INT(), DataTypes.INT()),
    "occurred_at_ms": (Types.LONG(), DataTypes.BIGINT()),
    "session_id": (Types.STRING(), DataTypes.STRING()),
    "content_id": (Types.STRING(), DataTypes.STRING()),
    "content_type": (Types.STRING(), DataTypes.STRING()),
    "element": (Types.STRING(), DataTypes.STRING()),
    "value": (Types.DOUBLE(), DataTypes.DOUBLE()),
    "section_ms": (Types.DOUBLE(), DataTypes.DOUBLE()),
}


def some_events() -> list[Event]:
    """Three minutes of twelve readers on three sections of two items, and what is no view of a section."""
    random, found = Random(7), []
    for number in range(400):
        is_section = random.random() < 0.9
        occurred_at_ms = at(random.uniform(0.0, 179.0))
        found.append(
            Event(
                event_id=f"e{number}",
                type="custom",
                occurred_at_ms=occurred_at_ms,
                received_at_ms=occurred_at_ms,
                session_id=f"reader-{random.randrange(12)}",
                content_id=random.choice(("a", "b", None)),
                content_type=random.choice(("news", None)),
                element=random.choice(("lead", "method", "results", None)),
                value=random.choice((0.3, 0.9, 1.0, None)),
                properties={
                    "name": "section" if is_section else "video",
                    "ms": str(random.choice((300, 1_999, 2_000, 9_000, 70_000))),
                },
            )
        )
    return sorted(found, key=lambda event: event.occurred_at_ms)


def in_sql(events: list[Event]) -> list[SectionMinute]:
    config = AdjustConfig(jars=",".join(str(jar) for jar in flink_jars()), parallelism=1)
    env, t_env = create_environment(config)
    rows = [_row(event) for event in events]
    stream = env.from_collection(rows, Types.ROW_NAMED(list(COLUMNS), [kind for kind, _ in COLUMNS.values()]))
    schema = Schema.new_builder()
    for name, (_, kind) in COLUMNS.items():
        schema = schema.column(name, kind)
    schema = schema.column_by_expression("occurred_at", "TO_TIMESTAMP_LTZ(occurred_at_ms, 3)")
    schema = schema.column_by_expression("received_at_ms", "occurred_at_ms")
    schema = schema.watermark("occurred_at", "occurred_at")
    t_env.create_temporary_view("events", t_env.from_data_stream(stream, schema.build()))
    for view in section_views(config):
        t_env.execute_sql(f"CREATE TEMPORARY VIEW {view.name} AS {view.query}")
    names = "window_end_ms, readers, passers, seen_ms, content_id, content_type, section"
    with t_env.sql_query(f"SELECT {names} FROM section_minutes").execute().collect() as results:
        return sorted((SectionMinute(*row) for row in results), key=lambda each: (each[4], each[0], each[6]))


def _row(event: Event) -> Row:
    told = event.properties or {}
    ms = float(told["ms"]) if told["name"] == "section" else None
    type_no = EVENT_TYPES.index(event.type)
    return Row(
        *(type_no, event.occurred_at_ms, event.session_id, event.content_id),
        *(event.content_type, event.element, event.value, ms),
    )


@pytest.mark.timeout(180)
def test_sql_and_plain_python_find_the_same_minutes_of_sections() -> None:
    events = some_events()
    expected = section_minutes(events)
    assert len(expected) == 18
    assert sum(each.passers for each in expected) > 10
    assert in_sql(events) == expected
