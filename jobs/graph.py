"""The graph of the adjust job, without the sinks."""

from typing import NamedTuple

from pyflink.common import Duration, Types, WatermarkStrategy
from pyflink.datastream import DataStream, OutputTag, StreamExecutionEnvironment
from pyflink.table import StreamTableEnvironment

from jobs.config import AdjustConfig
from jobs.java.keying import ROW, keyed, pairs, to_stream
from jobs.java.plan_barrier import cut
from jobs.sql.crossing_queries import commands_query, gestures_query, refit_query, seen_query, windows_query
from jobs.sql.source_table import rules_ddl, source_ddl
from jobs.sql.window_views import UID_FORMAT, uid_format, window_views
from models.isolation_forest.schedule import RefitSchedule
from models.model_store import StoredModel
from schemas.rules import Rule
from udfs import side_outputs
from udfs.event_commands import FastLane
from udfs.forest_refit import ForestRefit
from udfs.session_state import SessionStates
from udfs.stages.broadcast_control import CONTROL
from udfs.window_commands import Adjust

CONTROL_ROW = Types.ROW([Types.STRING(), Types.STRING(), Types.STRING()])


class Outputs(NamedTuple):
    """Streams of records for Kafka: (key, value) as bytes."""

    commands: DataStream
    rejected: DataStream
    late: DataStream
    tally: DataStream
    session_states: DataStream | None


def build(
    env: StreamExecutionEnvironment,
    t_env: StreamTableEnvironment,
    config: AdjustConfig,
    rules: tuple[Rule, ...],
    cold: StoredModel,
) -> Outputs:
    """From the topics to the outputs. `rules` are in force from the first event; the topic can change them later."""
    t_env.execute_sql(rules_ddl(config))
    windows, gestures = crossing(t_env, config)
    schedule = RefitSchedule(config.refit_min * 60_000, config.refit_lead_s * 1000)
    known = _rules(t_env)
    telling = config.session_state == "on"
    adjust = Adjust(rules, cold.artefact, cold.card, schedule, config.window_ms, config.slide_ms, telling)
    commands = (
        keyed(windows, ROW)
        .connect(_with_refits(t_env, known, schedule).broadcast(CONTROL))
        .process(adjust, output_type=side_outputs.RECORD)
        .name("adjust")
        .uid("adjust")
    )
    at_once = (
        keyed(gestures, ROW)
        .connect(known.broadcast(CONTROL))
        .process(FastLane(rules), output_type=side_outputs.RECORD)
        .name("fast-lane")
        .uid("fast-lane")
    )
    if config.fast_lane_slot == "own":
        at_once.slot_sharing_group("fast")
    return Outputs(
        commands.union(at_once),
        _side(commands, side_outputs.REJECTED),
        _side(commands, side_outputs.LATE),
        _side(commands, side_outputs.TALLY),
        _session_states(t_env, config, commands.union(at_once), _side(commands, side_outputs.TOLD))
        if telling
        else None,
    )


def _side(stream: DataStream, tag: OutputTag) -> DataStream:
    """A side output. PyFlink hands it through a map of its own, which wants a name like every operator."""
    return stream.get_side_output(tag).name(tag.tag_id).uid(tag.tag_id)


def _session_states(
    t_env: StreamTableEnvironment, config: AdjustConfig, commands: DataStream, scores: DataStream
) -> DataStream:
    """What is known of each session: what it was seen to do, its scores, and the commands to it."""
    t_env.create_temporary_view("commands", commands)
    rows = (
        to_stream(t_env, t_env.sql_query(query), pairs(side_outputs.TOLD_ROW), uid)
        for query, uid in ((seen_query(config), "seen"), (commands_query(), "commanded"))
    )
    return (
        keyed(scores.union(*rows), side_outputs.TOLD_ROW)
        .process(SessionStates(), output_type=side_outputs.RECORD)
        .name("session-state")
        .uid("session-state")
    )


def crossing(t_env: StreamTableEnvironment, config: AdjustConfig) -> tuple[DataStream, DataStream]:
    """All that SQL does: from the topic to the rows (key, row) of the window lane and of the fast lane."""
    t_env.execute_sql(source_ddl(config))
    cut(t_env, t_env.sql_query("SELECT * FROM source"), "events", "occurred_at")
    t_env.get_config().set("table.exec.uid.format", uid_format())
    for view in window_views(config):
        # Windows over slices have few rows of one key to gather: a local stage before them would only cost.
        t_env.get_config().set(
            "table.optimizer.agg-phase-strategy", "TWO_PHASE" if view.name == "slices" else "ONE_PHASE"
        )
        if view.time:
            cut(t_env, t_env.sql_query(view.query), view.name, view.time)
        else:
            t_env.execute_sql(f"CREATE TEMPORARY VIEW {view.name} AS {view.query}")
    windows = to_stream(t_env, t_env.sql_query(windows_query(config)), pairs(ROW), "windows")
    t_env.get_config().set("table.exec.uid.format", UID_FORMAT)
    return windows, to_stream(t_env, t_env.sql_query(gestures_query(config)), pairs(ROW), "gestures")


def _rules(t_env: StreamTableEnvironment) -> DataStream:
    """Rules from their topic."""
    table = t_env.sql_query("SELECT CAST('rule' AS STRING), id, body FROM rules")
    rules = to_stream(t_env, table, CONTROL_ROW, "rules")
    # Rules come once in a blue moon; without idleness their silence would stop event time.
    idle = WatermarkStrategy.no_watermarks().with_idleness(Duration.of_millis(200))
    return rules.assign_timestamps_and_watermarks(idle).name("rules").uid("rules-idleness")


def _with_refits(t_env: StreamTableEnvironment, rules: DataStream, schedule: RefitSchedule) -> DataStream:
    """The rules, and refits of the forest."""
    if not schedule.enabled:
        return rules
    refits = (
        keyed(to_stream(t_env, t_env.sql_query(refit_query()), pairs(ROW), "sampled"), ROW)
        .process(ForestRefit(schedule.every_ms, schedule.lead_ms), output_type=CONTROL_ROW)
        .name("forest-refit")
        .uid("forest-refit")
        .slot_sharing_group("refit")
    )
    return rules.union(refits)
