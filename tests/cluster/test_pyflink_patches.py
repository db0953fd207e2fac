"""PyFlink's patches on a real JVM: applied in thread mode alone, and rows with and without output still come out right."""

import pytest
from pyflink.common import Types

from jobs.config import AdjustConfig
from jobs.environment import create_environment
from jobs.java.keying import CROSSING_ROW_TYPE, key_by_first_field, key_value_type, to_data_stream
from tests.cluster.counting import Patched

pytestmark = pytest.mark.cluster

QUERY = """
SELECT k, ROW(CAST('kind' AS STRING), ARRAY[a], ARRAY[CAST(k AS STRING)]) AS v
FROM (VALUES ('x', 1e0), ('y', 0e0), ('x', 0e0), ('z', 2e0)) AS given (k, a)
"""


@pytest.mark.timeout(180)
@pytest.mark.parametrize(("mode", "patches"), [("thread", 2), ("process", 0)])
def test_both_patches_are_in_force_in_thread_mode_alone(mode: str, patches: int) -> None:
    _, t_env = create_environment(AdjustConfig(execution_mode=mode))
    rows = to_data_stream(t_env, t_env.sql_query(QUERY), key_value_type(CROSSING_ROW_TYPE), "rows")
    patched = key_by_first_field(rows, CROSSING_ROW_TYPE).process(Patched(), output_type=Types.INT())
    with patched.execute_and_collect() as collected:
        assert list(collected) == [patches, patches]
