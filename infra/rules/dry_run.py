"""A dry run: a rule in shadow mode under an id of its own, on the live stream, for some minutes.

The job's own operators evaluate it, with the habits, baselines and cards that they have of each reader; nothing outside of
the job has these. In shadow mode it commands nothing and stands in no other rule's way.
"""

from datetime import UTC, datetime
from secrets import token_hex
from typing import Final

import msgspec

from infra.rules.changing import RuleChanger
from schemas.rules import Rule

MAX_ID_CHARS: Final = 64
MARK: Final = "-dry-"
SLACK_MS: Final = 60_000
"""The rule stops by itself so long after its time, where nobody is left to delete it."""


def shadow_of(rule: Rule, until_ms: int) -> Rule:
    """Returns the rule in shadow mode under an id of its own, valid until a little after `until_ms`."""
    mark = MARK + token_hex(3)
    stops = datetime.fromtimestamp((until_ms + SLACK_MS) // 1000, UTC)
    return msgspec.structs.replace(
        rule,
        id=rule.id[: MAX_ID_CHARS - len(mark)] + mark,
        version=1,
        mode="shadow",
        enabled=True,
        valid_from=None,
        valid_until=stops.strftime("%Y-%m-%dT%H:%M:%SZ"),
    )


def is_dry_run(rule_id: str) -> bool:
    """Whether an id is that of a dry run."""
    return MARK in rule_id


def begin(changer: RuleChanger, rule: Rule, until_ms: int) -> Rule:
    """Puts the shadow of a rule and returns it. Raises `StreamError`."""
    shadow = shadow_of(rule, until_ms)
    changer.write(changer.plan_put([shadow], kind="dry-run"))
    return shadow


def end(changer: RuleChanger, rule_id: str) -> None:
    """Deletes the shadow. Raises `UnknownRuleError` where it is gone already, and `StreamError`."""
    changer.write(changer.plan_delete(rule_id))
