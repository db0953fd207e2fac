"""The one internal class that the job relies on: rows keyed by SQL must behave as rows keyed by PyFlink."""

from collections import Counter

import pytest
from pyflink.common import Types

from jobs.config import AdjustConfig
from jobs.environment import create_environment
from jobs.java.keying import CROSSING_ROW_TYPE, key_by_first_field, key_value_type, to_data_stream
from tests.cluster.counting import Counting

pytestmark = pytest.mark.cluster

QUERY = """
SELECT k, ROW(CAST('kind' AS STRING), ARRAY[a, b], ARRAY[CAST(t AS STRING), CAST(NULL AS STRING)]) AS v
FROM (VALUES ('x', 1e0, 2e0, 'one'), ('y', 3e0, 4e0, 'ü'), ('x', 5e0, 6e0, '😀'), ('x', 7e0, 8e0, '')) AS given (k, a, b, t)
"""


@pytest.mark.timeout(180)
@pytest.mark.parametrize("mode", ["thread", "process"])
def test_each_key_has_its_own_state_and_every_row_arrives_whole(mode: str) -> None:
    _, t_env = create_environment(AdjustConfig(execution_mode=mode))
    rows = to_data_stream(t_env, t_env.sql_query(QUERY), key_value_type(CROSSING_ROW_TYPE), "rows")
    counted = key_by_first_field(rows, CROSSING_ROW_TYPE).process(
        Counting(), output_type=Types.ROW([Types.STRING(), Types.LONG(), Types.DOUBLE()])
    )
    with counted.execute_and_collect() as collected:
        found = Counter((str(row[0]), int(row[1])) for row in collected)
    assert found == Counter({("x", 1): 1, ("x", 2): 1, ("x", 3): 1, ("y", 1): 1})
