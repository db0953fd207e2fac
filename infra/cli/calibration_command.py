"""actions calibrate: makes rules rest longer whose actions pages do not carry out."""

from typing import Annotated, Any, Final

import msgspec
import typer

from infra.cli.bootstrap import Bootstrap, resolve_kafka
from infra.cli.output import Json, errors, show
from infra.cli.rule_changes import Timeout, Wait, author, change_rules
from infra.rules.action_outcomes import ActionOutcomes, count_outcomes, newest_records
from infra.rules.changing import RuleChanger
from infra.rules.listing import list_rules
from infra.rules.rule_topics import RuleTopics
from models.proportion import wilson_interval
from models.rest_factor import rest_factor
from schemas.rules import Rule
from schemas.topics import ADJUSTMENTS, OUTCOMES

RECORDS_BACK: Final = 100_000
"""Records of each partition that are counted."""


def calibrate(
    put: Annotated[
        bool, typer.Option("--put", help="Write the rules to rules.v1; without it they are only shown.")
    ] = False,
    wait: Wait = True,
    timeout: Timeout = 30.0,
    bootstrap: Bootstrap = "",
    as_json: Json = False,
) -> None:
    """Lengthen the cooldowns of rules whose actions pages do not carry out, by the newest records of outcomes.v1.

    Rules that name their cooldown_s are left alone, and so are those whose action has fewer than 30 outcomes. The factor is a
    field of the rule (rest_factor), so that it reaches the job as a rule does: with a version, acknowledged, in the history, and
    in a replay.
    """
    with errors():
        kafka = resolve_kafka(bootstrap)
        topics = RuleTopics(kafka)
        counts = count_outcomes(
            newest_records(kafka, [topics.name(ADJUSTMENTS)], RECORDS_BACK),
            newest_records(kafka, [topics.name(OUTCOMES)], RECORDS_BACK),
        )
        rules = [each.rule for each in list_rules(topics) if each.rule is not None]
        fitted = [each for rule in rules if (each := _fitted(rule, counts)) is not None]
        if put and fitted:
            changes = RuleChanger(topics, author()).plan_put(fitted, bump=True)
            change_rules(topics, changes, wait, timeout, as_json)
        else:
            factors = {rule.id: rule.rest_factor for rule in rules}
            show([_row(each, factors[each.id], counts) for each in fitted], as_json, "no rule has to rest otherwise")


def _fitted(rule: Rule, counts: ActionOutcomes) -> Rule | None:
    """The rule with its factor; None where it has that already, names its cooldown itself, or too little is known."""
    action = rule.then.action
    factor = rest_factor(counts.applied[action], counts.told[action])
    if rule.cooldown_s is not None or factor is None or factor == rule.rest_factor:
        return None
    return msgspec.structs.replace(rule, rest_factor=factor)


def _row(rule: Rule, before: float, counts: ActionOutcomes) -> dict[str, Any]:
    action = rule.then.action
    applied, told = counts.applied[action], counts.told[action]
    low, high = wilson_interval(applied, told) or (None, None)
    return {
        "rule": rule.id,
        "action": action,
        "outcomes": told,
        "applied": round(applied / told, 3),
        "low": low and round(low, 3),
        "high": high and round(high, 3),
        "rest_factor": rule.rest_factor,
        "before": before,
    }
