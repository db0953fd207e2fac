"""The graph of the job, walked without running it."""

from typing import Any

import pytest

from infra.local.jars import flink_jars
from jobs.adjust import load_rules
from jobs.config import AdjustConfig
from jobs.environment import create_environment
from jobs.graph import build
from jobs.sinks import add_kafka_sink
from models.model_store import load_forest

pytestmark = pytest.mark.cluster

SIDES = (
    *("proposals", "rejected", "late", "tally", "told", "control-acks", "fast-control-acks"),
    *("features", "timer-features"),
)


@pytest.fixture(scope="module")
def nodes() -> list[Any]:
    config = AdjustConfig(
        fast_lane_slot="own", feature_log="on", parallelism=4, jars=",".join(str(jar) for jar in flink_jars())
    )
    env, t_env = create_environment(config)
    outputs = build(t_env, config, load_rules(""), load_forest())
    for stream, name in zip(outputs, outputs._fields, strict=True):
        assert stream is not None
        add_kafka_sink(stream, name, name, config)
    return list(env._generate_stream_graph(clear_transformations=True).getStreamNodes().toArray())  # noqa: SLF001


@pytest.mark.timeout(180)
def test_every_operator_source_and_sink_has_a_uid_of_its_own(nodes: list[Any]) -> None:
    uids = [(str(node.getOperatorName()), node.getTransformationUID()) for node in nodes]
    assert [name for name, uid in uids if not uid] == []
    assert len({uid for _, uid in uids}) == len(nodes)


def test_the_topic_is_read_once(nodes: list[Any]) -> None:
    sources = [name for node in nodes if "Source:" in (name := str(node.getOperatorName()))]
    assert len([name for name in sources if name.endswith(".source")]) == 1


def test_forests_are_fitted_and_clicks_are_answered_in_slots_of_their_own(nodes: list[Any]) -> None:
    groups = {str(node.getOperatorName()): str(node.getSlotSharingGroup()) for node in nodes}
    refit = [node for node in nodes if str(node.getSlotSharingGroup()) == "refit"]
    # Behind the site's minutes their alerts are picked out.
    stages = {"site-cards", "forest-refit", "site-stream", "DataStreamToTable"}
    assert {name for node in refit if not (name := str(node.getOperatorName())).startswith("Calc[")} == stages
    # One slot is all that the group has.
    assert {int(node.getParallelism()) for node in refit} == {1}
    assert [name for name, group in groups.items() if group == "fast"] == ["fast-lane", "fast-control-acks"]
    assert groups["arbiter"] == groups["adjust"]


def test_what_learns_from_many_sessions_has_one_subtask_at_any_parallelism(nodes: list[Any]) -> None:
    subtasks = {str(node.getOperatorName()): int(node.getParallelism()) for node in nodes}
    assert (subtasks["site-cards"], subtasks["forest-refit"], subtasks["site-stream"]) == (1, 1, 1)
    assert {subtasks[name] for name in ("adjust", "fast-lane", "arbiter", "session-state")} == {4}


def test_the_sites_totals_are_summed_by_each_subtask_first(nodes: list[Any]) -> None:
    local = {str(node.getOperatorDescription()): int(node.getParallelism()) for node in nodes}
    (subtasks,) = (
        each for name, each in local.items() if "LocalWindowAggregate(window=[TUMBLE(time_col=[session_time]" in name
    )
    assert subtasks == 4


def test_python_runs_in_seven_operators_only(nodes: list[Any]) -> None:
    """Beside the identity maps behind side outputs, which see refused, late, counting and telling rows alone."""
    factories = {str(node.getOperatorName()): node.getOperatorFactory() for node in nodes}
    simple = {name: each for name, each in factories.items() if "SimpleOperatorFactory" in each.getClass().getName()}
    python = {name for name, each in simple.items() if ".python." in each.getOperator().getClass().getName()}
    assert python == {
        "adjust",
        "arbiter",
        "fast-lane",
        "forest-refit",
        "session-state",
        "site-cards",
        "site-stream",
        *SIDES,
    }


def test_writer_and_committer_of_each_sink_are_chained(nodes: list[Any]) -> None:
    """Apart they answered faster after a checkpoint, and in one of three suites a command never reached its topic."""
    committers = {
        name: str(node.getOperatorFactory().getChainingStrategy())
        for node in nodes
        if "Committer" in (name := str(node.getOperatorName()))
    }
    assert len(committers) == 9
    assert "NEVER" not in committers.values()
