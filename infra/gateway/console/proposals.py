"""Finds what was proposed for a session, whether it was done or not, and why."""

from typing import Any, Final

from infra.gateway.console import record_views
from infra.gateway.settings import Settings
from infra.kafka.topic_scan import has_key, scan_latest
from schemas.proposals import REASONS
from schemas.topics import PROPOSALS

PROPOSALS_BACK: Final = 100_000
"""Records of each partition that are searched."""

MAX_PROPOSALS: Final = 1_000


def session_proposals(settings: Settings, session_id: str, from_ms: int | None, to_ms: int | None) -> dict[str, Any]:
    """Finds a session's proposals of a span of event time, both ends included, oldest first.

    Of more than 1,000 the newest are given, and `left_out` says how many are not. Raises `StreamError`.
    """
    found: dict[str, dict[str, Any]] = {}
    topics = settings.console_topics(PROPOSALS.name)
    for record in scan_latest(settings.kafka, topics, PROPOSALS_BACK, has_key(session_id)):
        fields = record_views.decoded(record.value)
        if fields is not None and _is_of_session(fields) and _is_within(fields.get("at_ms"), from_ms, to_ms):
            # A job that restarts repeats the proposals that were not committed yet.
            found[str(fields.get("proposal_id"))] = record_views.proposal(fields)
    ordered = sorted(found.values(), key=lambda each: each["at_ms"])
    return {
        "session_id": session_id,
        "proposals": ordered[-MAX_PROPOSALS:],
        "left_out": max(0, len(ordered) - MAX_PROPOSALS),
        "reasons": REASONS,
    }


def _is_of_session(fields: dict[str, Any]) -> bool:
    """The key is the id of a target: a content item or a segment may have the same."""
    target = fields.get("target")
    return isinstance(target, dict) and target.get("kind") == "session"


def _is_within(at_ms: Any, from_ms: int | None, to_ms: int | None) -> bool:
    if not isinstance(at_ms, int) or isinstance(at_ms, bool):
        return False
    return (from_ms is None or at_ms >= from_ms) and (to_ms is None or at_ms <= to_ms)
