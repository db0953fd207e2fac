"""The audit contract (rules-history.v1): who changed which rule, when, from where, and the text of each version."""

from typing import Literal

from msgspec import Struct

from schemas.rules import Rule

ChangeKind = Literal["put", "delete", "rollback", "dry-run"]
ChangedVia = Literal["command line", "console"]


class RuleChange(Struct):
    """One change of rules.v1, written just before it. `rule` is None for a deletion, as is `version`.

    `by` is the user of the operating system, or the operator of the console; `host` is the machine, or the network that the
    operator's request came from.
    """

    id: str
    version: int | None
    change: ChangeKind
    at_ms: int
    by: str
    host: str
    via: ChangedVia
    rule: Rule | None = None
