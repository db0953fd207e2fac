"""Entry point of the adjust job: reader events in, adjustment commands out. `flink run -pym jobs.adjust`."""

import os
import sys
from pathlib import Path

from pyflink.datastream import StreamExecutionEnvironment
from pyflink.table import StreamTableEnvironment

from jobs.config import AdjustConfig, ConfigError
from jobs.environment import create_stream_environment
from jobs.graph import build
from jobs.kafka_start import adjust_needs, hidden_secrets, with_kafka_checked
from jobs.sinks import add_kafka_sink
from models.model_store import BUNDLED, ModelError, StoredModel, load_forest
from models.rules.cel_library import check_rule
from models.rules.compiled import KNOWN_FEATURES
from schemas.rules import Rule, RuleError, parse_rule_file
from udfs.lanes.sessions import DETECTORS

BUNDLED_RULES = BUNDLED / "rules.yaml"


def load_rules(path: str) -> tuple[Rule, ...]:
    """Loads the rules of a file, or those that ship with the job if `path` is empty. Raises `RuleError`."""
    source = Path(path) if path else BUNDLED_RULES
    try:
        text = source.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RuleError(f"the rule file cannot be read: {error}") from None
    # Compiled here for the errors that only compiling finds: in a TaskManager the job would restart on them for ever.
    return tuple(parse_rule_file(text, KNOWN_FEATURES, DETECTORS, check_rule, source.name))


def main() -> None:
    try:
        config = AdjustConfig.load(sys.argv[1:], os.environ)
        rules = load_rules(config.rules_file)
        default_forest = load_forest(Path(config.model_store) if config.model_store else BUNDLED)
    except (ConfigError, RuleError, ModelError) as error:
        sys.exit(f"adjust: {error}")
    env = create_stream_environment(config)
    # Before the planner is loaded: a login that is refused shall not wait for it.
    config = with_kafka_checked("adjust", config, adjust_needs(config))
    t_env = StreamTableEnvironment.create(env)
    with hidden_secrets(config):
        run(env, t_env, config, rules, default_forest)


def run(
    env: StreamExecutionEnvironment,
    t_env: StreamTableEnvironment,
    config: AdjustConfig,
    rules: tuple[Rule, ...],
    default_forest: StoredModel,
) -> None:
    """Builds the graph, attaches the sinks and submits the job."""
    outputs = build(t_env, config, rules, default_forest)
    # A command is sent at once instead of waiting for others.
    add_kafka_sink(outputs.commands, config.adjustments_topic, "commands", config, linger_ms=0)
    if outputs.proposals is not None:
        add_kafka_sink(outputs.proposals, config.proposals_topic, "proposals", config)
    add_kafka_sink(outputs.rejected, config.rejected_topic, "rejected", config)
    add_kafka_sink(outputs.late, config.late_topic, "late", config)
    add_kafka_sink(outputs.tally, config.tally_topic, "tally", config)
    # The key tells a repeat: who waits for a rule to be in force must not wait for a checkpoint.
    add_kafka_sink(outputs.control_acks, config.control_acks_topic, "control-acks", config, at_once=True, linger_ms=0)
    # The id tells a repeat here, too.
    if outputs.alerts is not None:
        add_kafka_sink(outputs.alerts, config.alerts_topic, "alerts", config, at_once=True, linger_ms=0)
    if outputs.session_states is not None:
        add_kafka_sink(outputs.session_states, config.session_state_topic, "session-state", config)
    if outputs.features is not None:
        add_kafka_sink(outputs.features, config.features_topic, "features", config)
    env.execute("adjust")


if __name__ == "__main__":
    main()
