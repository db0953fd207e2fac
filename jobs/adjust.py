"""The adjust job: reader events in, adjustment commands out. `flink run -pym jobs.adjust`."""

import os
import sys
from pathlib import Path

from jobs.config import AdjustConfig, ConfigError
from jobs.environment import environment
from jobs.graph import build
from jobs.sinks import attach
from models.model_store import SHIPPED, ModelError, load_forest
from models.rules.compiled import KNOWN_FEATURES
from models.rules.evaluation import RuleSet
from schemas.rules import Rule, RuleError, parse_rule_file

SHIPPED_RULES = SHIPPED / "rules.yaml"


def load_rules(path: str) -> tuple[Rule, ...]:
    """The rules of a file; those that ship with the job if `path` is empty. Raises `RuleError`."""
    source = Path(path) if path else SHIPPED_RULES
    try:
        text = source.read_text()
    except OSError as error:
        raise RuleError(f"the rule file cannot be read: {error}") from None
    rules = tuple(parse_rule_file(text, KNOWN_FEATURES))
    # Compiled here for what only compiling finds: in a TaskManager the job would fail on it for ever.
    RuleSet(rules)
    return rules


def main() -> None:
    try:
        config = AdjustConfig.load(sys.argv[1:], os.environ)
        rules = load_rules(config.rules_file)
        cold = load_forest(Path(config.model_store) if config.model_store else SHIPPED)
    except (ConfigError, RuleError, ModelError) as error:
        sys.exit(f"adjust: {error}")
    env, t_env = environment(config)
    outputs = build(env, t_env, config, rules, cold)
    attach(outputs.commands, config.adjustments_topic, "commands", config)
    attach(outputs.rejected, config.rejected_topic, "rejected", config)
    attach(outputs.late, config.late_topic, "late", config)
    attach(outputs.tally, config.tally_topic, "tally", config)
    if outputs.session_states is not None:
        attach(outputs.session_states, config.session_state_topic, "session-state", config)
    env.execute("adjust")


if __name__ == "__main__":
    main()
