"""Finds the rule behind a command."""

from typing import Any, Final

import msgspec

from infra.gateway.settings import Settings
from infra.kafka.topic_scan import has_key, scan_latest
from models.model_store import BUNDLED
from models.rules.compiled import KNOWN_FEATURES
from schemas.rules import Rule, parse_rule_file
from schemas.topics import RULES
from schemas.unreadable import UNREADABLE

RULES_BACK: Final = 10_000


def find_rule(settings: Settings, source: Any) -> dict[str, Any] | None:
    """The rule of that id and version: those of rules.v1 before those that ship with the job. Raises `StreamError`.

    None where no such rule is kept any more, or something else than a rule decided.
    """
    if not isinstance(source, dict) or not isinstance(source.get("id"), str):
        return None
    shipped = parse_rule_file((BUNDLED / "rules.yaml").read_text(), KNOWN_FEATURES)
    for rule in (*_put(settings, source["id"]), *shipped):
        if rule.id == source["id"] and rule.version == source.get("version"):
            return {"about": rule.about, "lane": rule.lane, "for_windows": rule.for_windows}
    return None


def _put(settings: Settings, rule_id: str) -> list[Rule]:
    found = []
    for record in scan_latest(settings.kafka, [settings.topic(RULES.name)], RULES_BACK, has_key(rule_id)):
        try:
            found.append(msgspec.json.decode(record.value or b"", type=Rule))
        except UNREADABLE:
            continue
    return found
