"""Acknowledgements leave the operators on a real JVM, from the broadcast side, in thread and in process mode."""

import json

import msgspec
import pytest
from pyflink.table import StreamTableEnvironment, Table

from jobs.config import AdjustConfig
from jobs.environment import create_environment
from jobs.graph import CONTROL_ROW
from jobs.java.keying import CROSSING_ROW_TYPE, key_by_first_field, key_value_type, to_data_stream
from jobs.sql.source_table import sql_literal
from schemas.control_acks import ControlAck
from tests.support.builders import rule, rule_data
from udfs import side_outputs
from udfs.crossing_rows import EVENT_NUMBERS, EVENT_TEXTS
from udfs.event_commands import EventCommands
from udfs.stages.broadcast_control import CONTROL

pytestmark = pytest.mark.cluster

NUMBERS = ", ".join("a" for _ in EVENT_NUMBERS)
TEXTS = ", ".join("'click'" if name == "type" else "k" for name in EVENT_TEXTS)
EVENTS = f"""
SELECT 's' || k, ROW(CAST('event' AS STRING), ARRAY[{NUMBERS}], ARRAY[{TEXTS}])
FROM (VALUES ('x', 1e0), ('y', 2e0)) AS given (k, a)
"""


def control_rows(t_env: StreamTableEnvironment, *rules: tuple[str, str | None]) -> Table:
    rows = ", ".join(
        f"({sql_literal(name)}, {'CAST(NULL AS STRING)' if body is None else sql_literal(body)})"
        for name, body in rules
    )
    return t_env.sql_query(
        f"SELECT CAST('rule' AS STRING), CAST(id AS STRING), body FROM (VALUES {rows}) AS r (id, body)"
    )


@pytest.mark.timeout(180)
@pytest.mark.parametrize("mode", ["thread", "process"])
def test_each_subtask_acknowledges_what_it_took_up_refused_and_deleted(mode: str) -> None:
    _, t_env = create_environment(AdjustConfig(execution_mode=mode, parallelism=2))
    t_env.get_config().set("restart-strategy.type", "none")
    clicks = {"lane": "event", "when": [{"event": "type", "equals": "click"}]}
    rules = (
        ("good", json.dumps(rule_data(id="good", version=3, **clicks))),
        ("broken", json.dumps(rule_data(id="broken", version=2, **clicks) | {"lane": "event", "then": 7})),
        ("gone", None),
    )
    events = to_data_stream(t_env, t_env.sql_query(EVENTS), key_value_type(CROSSING_ROW_TYPE), "events")
    control = to_data_stream(t_env, control_rows(t_env, *rules), CONTROL_ROW, "control")
    acks = (
        key_by_first_field(events, CROSSING_ROW_TYPE)
        .connect(control.broadcast(CONTROL))
        .process(EventCommands((rule(id="gone", **clicks),), 2_500), output_type=side_outputs.KEYED_CHANGE)
        .get_side_output(side_outputs.CONTROL_ACKS)
    )
    with acks.execute_and_collect() as collected:
        found = [msgspec.json.decode(bytes(row[1]), type=ControlAck) for row in collected]
    # A subtask that an event reaches acknowledges its own file, too, at a moment of its own.
    told = sorted((each.subtask, each.id, each.version or 0, each.refused is not None) for each in found)
    told = [each for each in told if each[1:3] != ("gone", 1)]
    one = [("broken", 2, True), ("gone", 0, False), ("good", 3, False)]
    assert told == [(subtask, *each) for subtask in (0, 1) for each in one]
    assert {each.subtasks for each in found} == {2}
    assert {each.refused for each in found if each.id == "broken"} == {
        "rule broken: then: Expected `object`, got `int`"
    }
