"""Wires the adjust job: from the topics to its outputs, without the sinks."""

from typing import Final, NamedTuple

from pyflink.common import Duration, Types, WatermarkStrategy
from pyflink.datastream import DataStream, OutputTag
from pyflink.table import StreamTableEnvironment

from jobs.config import AdjustConfig
from jobs.java.keying import CROSSING_ROW_TYPE, key_by_first_field, key_value_type, to_data_stream
from jobs.java.plan_barrier import create_barrier_view
from jobs.sql.crossing_queries import (
    commands_query,
    refit_query,
    sampled_windows_query,
    sections_query,
    session_actions_query,
    trigger_events_query,
    windows_query,
)
from jobs.sql.section_views import section_views
from jobs.sql.source_table import events_query, register_functions, rules_ddl, source_ddl
from jobs.sql.window_views import UID_FORMAT, uid_format, window_views
from models.isolation_forest.schedule import RefitSchedule
from models.judgement.card_registry import LEAD_MS
from models.judgement.site_statistics import CARD_MS
from models.model_store import StoredModel
from schemas.rules import Rule
from udfs import side_outputs
from udfs.event_commands import EventCommands
from udfs.forest_refit import ForestRefit
from udfs.session_state import SessionStates
from udfs.site_cards import SiteCards
from udfs.stages.broadcast_control import CONTROL
from udfs.window_commands import WindowCommands

CONTROL_ROW = Types.ROW([Types.STRING(), Types.STRING(), Types.STRING()])

LEARNING_SUBTASKS: Final = 1
"""Subtasks of the operators that learn from many sessions: the whole site is one key, and the bound on content types holds for
all of them, whatever the parallelism of the rest."""


class Outputs(NamedTuple):
    """Streams of records for Kafka: (key, value) as bytes."""

    commands: DataStream
    rejected: DataStream
    late: DataStream
    tally: DataStream
    session_states: DataStream | None


def build(
    t_env: StreamTableEnvironment, config: AdjustConfig, rules: tuple[Rule, ...], default_forest: StoredModel
) -> Outputs:
    """Builds the graph. `rules` are in force from the first event; the topic can change them later."""
    t_env.execute_sql(rules_ddl(config))
    windows, trigger_events = build_sql_pipeline(t_env, config)
    schedule = RefitSchedule(config.refit_min * 60_000, config.refit_lead_s * 1000)
    card_schedule = RefitSchedule(CARD_MS, LEAD_MS)
    rules_stream = _rules(t_env)
    patch_pyflink = config.pyflink_patches == "on"
    emit_scores = config.session_state == "on"
    window_commands = WindowCommands(
        rules,
        default_forest.artefact,
        default_forest.card,
        schedule,
        card_schedule,
        config.window_ms,
        config.slide_ms,
        emit_scores,
        patch_pyflink,
    )
    learned = _with_learned(t_env, rules_stream, schedule, card_schedule, patch_pyflink)
    # Last of the queries with state: the operators of one are named by their number, and later ones would get others.
    for view in section_views(config):
        t_env.execute_sql(f"CREATE TEMPORARY VIEW {view.name} AS {view.query}")
    sections = _crossing_rows(t_env, sections_query(), "sections")
    commands = (
        key_by_first_field(windows.union(sections), CROSSING_ROW_TYPE)
        .connect(learned.broadcast(CONTROL))
        .process(window_commands, output_type=side_outputs.KAFKA_RECORD)
        .name("adjust")
        .uid("adjust")
    )
    fast_lane_commands = (
        key_by_first_field(trigger_events, CROSSING_ROW_TYPE)
        .connect(rules_stream.broadcast(CONTROL))
        .process(EventCommands(rules, patch_pyflink), output_type=side_outputs.KAFKA_RECORD)
        .name("fast-lane")
        .uid("fast-lane")
    )
    if config.fast_lane_slot == "own":
        fast_lane_commands.slot_sharing_group("fast")
    all_commands = commands.union(fast_lane_commands)
    return Outputs(
        all_commands,
        _side_output(commands, side_outputs.REJECTED),
        _side_output(commands, side_outputs.LATE),
        _side_output(commands, side_outputs.TALLY),
        _session_states(t_env, config, all_commands, _side_output(commands, side_outputs.SESSION_UPDATES))
        if emit_scores
        else None,
    )


def _side_output(stream: DataStream, tag: OutputTag) -> DataStream:
    """Returns a side output. PyFlink adds a map of its own for it, which needs name and uid like every operator."""
    return stream.get_side_output(tag).name(tag.tag_id).uid(tag.tag_id)


def _session_states(
    t_env: StreamTableEnvironment, config: AdjustConfig, commands: DataStream, scores: DataStream
) -> DataStream:
    """Merges the actions of each session, its scores and the commands to it into one record."""
    t_env.create_temporary_view("commands", commands)
    updates = (
        to_data_stream(t_env, t_env.sql_query(query), key_value_type(side_outputs.SESSION_UPDATE), uid)
        for query, uid in ((session_actions_query(), "seen"), (commands_query(), "commanded"))
    )
    return (
        key_by_first_field(scores.union(*updates), side_outputs.SESSION_UPDATE)
        .process(SessionStates(config.pyflink_patches == "on"), output_type=side_outputs.KAFKA_RECORD)
        .name("session-state")
        .uid("session-state")
    )


def build_sql_pipeline(t_env: StreamTableEnvironment, config: AdjustConfig) -> tuple[DataStream, DataStream]:
    """Builds the SQL half of the job: from the topic to the crossing rows of the window lanes and of the event lane."""
    register_functions(t_env)
    t_env.execute_sql(source_ddl(config))
    create_barrier_view(t_env, t_env.sql_query(events_query(config)), "events", "occurred_at")
    t_env.get_config().set("table.exec.uid.format", uid_format())
    for view in window_views(config):
        # Windows over slices have few rows of one key to gather: a local stage before them would only cost.
        phases = "TWO_PHASE" if view.in_two_phases else "ONE_PHASE"
        t_env.get_config().set("table.optimizer.agg-phase-strategy", phases)
        if view.time:
            create_barrier_view(t_env, t_env.sql_query(view.query), view.name, view.time)
        else:
            t_env.execute_sql(f"CREATE TEMPORARY VIEW {view.name} AS {view.query}")
    windows = _crossing_rows(t_env, windows_query(config), "windows")
    t_env.get_config().set("table.exec.uid.format", UID_FORMAT)
    return windows, _crossing_rows(t_env, trigger_events_query(config), "gestures")


def _crossing_rows(t_env: StreamTableEnvironment, query: str, uid: str) -> DataStream:
    return to_data_stream(t_env, t_env.sql_query(query), key_value_type(CROSSING_ROW_TYPE), uid)


def _rules(t_env: StreamTableEnvironment) -> DataStream:
    """Reads rules from their topic."""
    table = t_env.sql_query("SELECT CAST('rule' AS STRING), id, body FROM rules")
    rules = to_data_stream(t_env, table, CONTROL_ROW, "rules")
    # Rules rarely change. Mark the source idle, or it would hold back the watermark.
    idle = WatermarkStrategy.no_watermarks().with_idleness(Duration.of_millis(200))
    return rules.assign_timestamps_and_watermarks(idle).name("rules").uid("rules-idleness")


def _with_learned(
    t_env: StreamTableEnvironment, rules: DataStream, refits: RefitSchedule, cards: RefitSchedule, patch_pyflink: bool
) -> DataStream:
    """Adds to the rules what is learned from many sessions: the site's cards and refits of the forest."""
    site = _crossing_rows(t_env, sampled_windows_query("TRUE", "'site'"), "site-windows")
    made = (
        key_by_first_field(site, CROSSING_ROW_TYPE)
        .process(SiteCards(cards.every_ms, cards.lead_ms, patch_pyflink), output_type=CONTROL_ROW)
        .name("site-cards")
        .uid("site-cards")
        .set_parallelism(LEARNING_SUBTASKS)
        .slot_sharing_group("refit")
    )
    if not refits.enabled:
        return rules.union(made)
    fitted = (
        key_by_first_field(_crossing_rows(t_env, refit_query(), "sampled"), CROSSING_ROW_TYPE)
        .process(ForestRefit(refits.every_ms, refits.lead_ms, patch_pyflink), output_type=CONTROL_ROW)
        .name("forest-refit")
        .uid("forest-refit")
        .set_parallelism(LEARNING_SUBTASKS)
        .slot_sharing_group("refit")
    )
    return rules.union(made, fitted)
