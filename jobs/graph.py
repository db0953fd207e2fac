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
    site_minutes_query,
    trigger_events_query,
    windows_query,
)
from jobs.sql.section_views import section_views
from jobs.sql.source_table import (
    content_ddl,
    events_query,
    models_ddl,
    register_functions,
    rules_ddl,
    segments_ddl,
    source_ddl,
)
from jobs.sql.window_views import UID_FORMAT, uid_format, window_views
from models.arbitration.budget import split
from models.isolation_forest.schedule import RefitSchedule
from models.judgement.card_registry import LEAD_MS
from models.judgement.site_scores import SITE_SCHEDULE
from models.judgement.site_statistics import CARD_MS
from models.model_store import StoredModel
from schemas.rules import Rule
from udfs import side_outputs
from udfs.arbiter import ArbiterFunction
from udfs.event_commands import EventCommands
from udfs.forest_refit import ForestRefit
from udfs.session_state import SessionStates
from udfs.site_cards import SiteCards
from udfs.site_stream import ALERT, SiteStreams
from udfs.stages.broadcast_control import CONTROL
from udfs.window_commands import WindowCommands

CONTROL_ROW = Types.ROW([Types.STRING(), Types.STRING(), Types.STRING()])

LEARNING_SUBTASKS: Final = 1
"""Subtasks of the operators that learn from many sessions: the whole site is one key, and the bound on content types holds for
all of them, whatever the parallelism of the rest."""


class Outputs(NamedTuple):
    """Streams of records for Kafka: (key, value) as bytes."""

    commands: DataStream
    proposals: DataStream | None
    rejected: DataStream
    late: DataStream
    tally: DataStream
    control_acks: DataStream
    alerts: DataStream | None
    session_states: DataStream | None
    features: DataStream | None


def build(
    t_env: StreamTableEnvironment, config: AdjustConfig, rules: tuple[Rule, ...], default_forest: StoredModel
) -> Outputs:
    """Builds the graph. `rules` are in force from the first event; the topic can change them later."""
    t_env.execute_sql(rules_ddl(config))
    windows, trigger_events = build_sql_pipeline(t_env, config)
    schedule = RefitSchedule(config.refit_min * 60_000, config.refit_lead_s * 1000)
    card_schedule = RefitSchedule(CARD_MS, LEAD_MS)
    control = _control(t_env, "rule", "rules")
    if config.content != "off":
        control = control.union(_content(t_env, config))
    patch_pyflink = config.pyflink_patches == "on"
    require_content = config.content == "required"
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
        require_content,
        config.feature_log == "on",
        SITE_SCHEDULE,
    )
    learned = _with_learned(t_env, control, schedule, card_schedule, patch_pyflink)
    # Last of the queries with state: the operators of one are named by their number, and later ones would get others.
    for view in section_views(config):
        t_env.execute_sql(f"CREATE TEMPORARY VIEW {view.name} AS {view.query}")
    sections = _crossing_rows(t_env, sections_query(), "sections")
    if config.models == "on":
        t_env.execute_sql(models_ddl(config))
        learned = learned.union(_control(t_env, "model", "models"))
    if config.segments == "on":
        t_env.execute_sql(segments_ddl(config))
        learned = learned.union(_control(t_env, "segment", "segments"))
    site_minutes = _site_minutes(t_env, patch_pyflink)
    learned = learned.union(site_minutes)
    changes = (
        key_by_first_field(windows.union(sections), CROSSING_ROW_TYPE)
        .connect(learned.broadcast(CONTROL))
        .process(window_commands, output_type=side_outputs.KEYED_CHANGE)
        .name("adjust")
        .uid("adjust")
    )
    event_changes = (
        key_by_first_field(trigger_events, CROSSING_ROW_TYPE)
        .connect(control.broadcast(CONTROL))
        .process(
            EventCommands(rules, config.wait_ms, patch_pyflink, require_content), output_type=side_outputs.KEYED_CHANGE
        )
        .name("fast-lane")
        .uid("fast-lane")
        # A click's proposal is not to wait for others in an output buffer: there are few.
        .set_buffer_timeout(0)
    )
    if config.fast_lane_slot == "own":
        event_changes.slot_sharing_group("fast")
    commands = _arbiter(config, changes.union(event_changes))
    return Outputs(
        commands,
        # In the thread of the arbiter its transactions would hold up commands at each checkpoint.
        _side_output(commands, side_outputs.PROPOSALS).start_new_chain() if config.proposals == "on" else None,
        _side_output(changes, side_outputs.REJECTED),
        _side_output(changes, side_outputs.LATE),
        _side_output(changes, side_outputs.TALLY),
        _side_output(changes, side_outputs.CONTROL_ACKS).union(
            _side_output(event_changes, side_outputs.CONTROL_ACKS, "fast-")
        ),
        _alerts(t_env, site_minutes) if config.alerts == "on" else None,
        _session_states(t_env, config, commands, _side_output(changes, side_outputs.SESSION_UPDATES))
        if emit_scores
        else None,
        _features(t_env, changes, commands) if config.feature_log == "on" else None,
    )


def _arbiter(config: AdjustConfig, changes: DataStream) -> DataStream:
    """Decides the proposals of all lanes, by target."""
    budgets = split(config.changes_per_minute, config.changes_per_session)
    arbiter = ArbiterFunction(budgets, config.proposals == "on", config.pyflink_patches == "on")
    return (
        key_by_first_field(changes, side_outputs.PROPOSED_CHANGE)
        .process(arbiter, output_type=side_outputs.KAFKA_RECORD)
        .name("arbiter")
        .uid("arbiter")
        .slot_sharing_group("default")
    )


def _side_output(stream: DataStream, tag: OutputTag, prefix: str = "") -> DataStream:
    """Returns a side output. PyFlink adds a map of its own for it, which needs name and uid like every operator."""
    name = prefix + tag.tag_id
    return stream.get_side_output(tag).name(name).uid(name)


def _site_minutes(t_env: StreamTableEnvironment, patch_pyflink: bool) -> DataStream:
    """Returns what is found of each minute of the whole site: control rows, and alerts among them."""
    return (
        key_by_first_field(_crossing_rows(t_env, site_minutes_query(), "site-minutes"), CROSSING_ROW_TYPE)
        .process(SiteStreams(patch_pyflink), output_type=CONTROL_ROW)
        .name("site-stream")
        .uid("site-stream")
        .set_parallelism(LEARNING_SUBTASKS)
        .slot_sharing_group("refit")
    )


def _alerts(t_env: StreamTableEnvironment, site_minutes: DataStream) -> DataStream:
    """Returns the alerts among the control rows of the site, as records for Kafka."""
    t_env.create_temporary_view("site_findings", site_minutes)
    query = (
        f"SELECT ENCODE(f1, 'UTF-8') AS `key`, ENCODE(f2, 'UTF-8') AS `value` FROM site_findings WHERE f0 = '{ALERT}'"
    )
    # The sink has as many subtasks as the job, for which there are slots in the group of the windows alone.
    return to_data_stream(t_env, t_env.sql_query(query), side_outputs.KAFKA_RECORD, "alert-records", "default")


def _features(t_env: StreamTableEnvironment, changes: DataStream, commands: DataStream) -> DataStream:
    """Returns the rows of the feature log, of windows and of timers, as records for Kafka."""
    rows = _side_output(changes, side_outputs.FEATURES).union(_side_output(commands, side_outputs.FEATURES, "timer-"))
    t_env.create_temporary_view("feature_rows", rows)
    query = "SELECT ENCODE(f0, 'UTF-8') AS `key`, ENCODE(f1, 'UTF-8') AS `value` FROM feature_rows"
    return to_data_stream(t_env, t_env.sql_query(query), side_outputs.KAFKA_RECORD, "feature-records")


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


def _control(t_env: StreamTableEnvironment, kind: str, table: str) -> DataStream:
    """Reads control rows of one kind (id and JSON) from their topic."""
    rows = t_env.sql_query(f"SELECT CAST('{kind}' AS STRING), id, body FROM `{table}`")
    return _idle(to_data_stream(t_env, rows, CONTROL_ROW, table), table)


def _content(t_env: StreamTableEnvironment, config: AdjustConfig) -> DataStream:
    """Reads content items from their topic, each with the time of its record in front: by it the oldest is dropped."""
    t_env.execute_sql(content_ddl(config))
    written_ms = "UNIX_TIMESTAMP(CAST(written AS STRING)) * 1000 + EXTRACT(MILLISECOND FROM written)"
    body = f"CAST({written_ms} AS STRING) || ' ' || body"
    table = t_env.sql_query(f"SELECT CAST('content' AS STRING), id, {body} FROM content")
    return _idle(to_data_stream(t_env, table, CONTROL_ROW, "content"), "content")


def _idle(stream: DataStream, name: str) -> DataStream:
    """Marks a source that rarely brings anything as idle, or it would hold back the watermark."""
    idle = WatermarkStrategy.no_watermarks().with_idleness(Duration.of_millis(200))
    return stream.assign_timestamps_and_watermarks(idle).name(name).uid(f"{name}-idleness")


def _with_learned(
    t_env: StreamTableEnvironment, rules: DataStream, refits: RefitSchedule, cards: RefitSchedule, patch_pyflink: bool
) -> DataStream:
    """Adds to the rules and content items what is learned from many sessions: the site's cards and refits of the forest."""
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
