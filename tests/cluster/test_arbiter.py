"""The arbiter in Flink: what its timers emit reaches both outputs."""

import json

import pytest

from jobs.config import AdjustConfig
from jobs.environment import create_environment
from jobs.java.keying import key_by_first_field, key_value_type, to_data_stream
from models.arbitration.budget import split
from models.arbitration.proposed_change import encode_change
from tests.support.builders import ANNA
from tests.support.proposed_changes import proposed
from udfs import side_outputs
from udfs.arbiter import ArbiterFunction
from udfs.crossing_rows import target_key

pytestmark = pytest.mark.cluster

CHANGES = (
    proposed("click", "reorder", 61, lane="event"),
    proposed("weak", "shorten", 60, priority=10),
    proposed("strong", "simplify", 60, priority=90),
)


@pytest.mark.timeout(180)
@pytest.mark.parametrize("mode", ["thread", "process"])
def test_commands_and_proposals_of_events_and_of_timers_come_out(mode: str) -> None:
    _, t_env = create_environment(AdjustConfig(execution_mode=mode))
    values = ", ".join(f"('{target_key(each.command.target)}', '{encode_change(each)}')" for each in CHANGES)
    query = f"SELECT k, ROW(body) AS v FROM (VALUES {values}) AS given (k, body)"
    rows = to_data_stream(t_env, t_env.sql_query(query), key_value_type(side_outputs.PROPOSED_CHANGE), "rows")
    commands = key_by_first_field(rows, side_outputs.PROPOSED_CHANGE).process(
        ArbiterFunction(split(4, 60)), output_type=side_outputs.KAFKA_RECORD
    )
    both = commands.union(commands.get_side_output(side_outputs.PROPOSALS))
    with both.execute_and_collect() as collected:
        found = [(bytes(row[0]).decode(), json.loads(bytes(row[1]))) for row in collected]
    assert {key for key, _ in found} == {ANNA}
    told = sorted((each["source"]["id"], each.get("outcome", each["action"])) for _, each in found)
    assert told == [
        ("click", "commanded"),
        ("click", "reorder"),
        ("strong", "commanded"),
        ("strong", "simplify"),
        ("weak", "suppressed"),
    ]
