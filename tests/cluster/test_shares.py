"""The shares of the sessions against Flink's own hash, and how evenly they lie on subtasks."""

from collections import Counter
from typing import Any
from uuid import UUID

import pytest
from pyflink.java_gateway import get_gateway

from infra.local.jars import flink_jars
from jobs.config import AdjustConfig
from jobs.environment import create_environment
from jobs.sql.shares import key_group, shares

pytestmark = pytest.mark.cluster

MAX_PARALLELISM = 128


@pytest.fixture(scope="module")
def jvm() -> Any:
    create_environment(AdjustConfig(jars=",".join(str(jar) for jar in flink_jars())))
    return get_gateway().jvm


def row(jvm: Any, number: int) -> Any:
    """The key of a join on one INT column, as the planner makes it."""
    key = jvm.org.apache.flink.table.data.binary.BinaryRowData(1)
    writer = jvm.org.apache.flink.table.data.writer.BinaryRowWriter(key)
    writer.writeInt(0, number)
    writer.complete()
    return key


@pytest.mark.parametrize("max_parallelism", [1, 3, MAX_PARALLELISM, 1_000])
def test_a_key_group_is_the_one_that_flink_computes(jvm: Any, max_parallelism: int) -> None:
    assign = jvm.org.apache.flink.runtime.state.KeyGroupRangeAssignment.assignToKeyGroup
    for number in (0, 1, 2, 77, 4_096, 2**31 - 1, *shares(max_parallelism)[:20]):
        assert key_group(number, max_parallelism) == assign(row(jvm, number), max_parallelism)


@pytest.mark.parametrize("ids", ["uuid", "counted"])
@pytest.mark.parametrize("subtasks", [2, 3, 4, 8, 16])
def test_no_subtask_has_more_than_its_part_of_the_sessions(jvm: Any, subtasks: int, ids: str) -> None:
    count = 6_000
    numbers = shares(MAX_PARALLELISM)
    share_of = jvm.microadjust.format.ShareOf()
    text = ",".join(map(str, numbers))
    assign = jvm.org.apache.flink.runtime.state.KeyGroupRangeAssignment.assignKeyToParallelOperator
    subtask = {number: assign(row(jvm, number), MAX_PARALLELISM, subtasks) for number in numbers}
    names = [
        f"reader-{n}" if ids == "counted" else str(UUID(int=n * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128))
        for n in range(count)
    ]
    sessions = Counter(subtask[share_of.eval(name, text)] for name in names)
    print(f"\n{subtasks} subtasks, {ids}: the largest has {max(sessions.values()) * subtasks / count:.2f} of the mean")
    assert len(sessions) == subtasks
    assert max(sessions.values()) <= 1.3 * count / subtasks
