"""Tells the console what the watch for drift found, look after look, and which alerts followed."""

from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct

from infra.gateway.settings import Settings
from infra.kafka.topic_scan import scan_latest
from schemas.alerts import Alert
from schemas.drift import DriftLook
from schemas.topics import ALERTS, DRIFT
from schemas.unreadable import UNREADABLE

LOOKS_BACK: Final = 500
ALERTS_BACK: Final = 1_000
MAX_ALERTS: Final = 50
MAX_SUBJECTS: Final = 60

R = TypeVar("R", bound=Struct)


def describe_drift(settings: Settings) -> dict[str, Any]:
    """Returns the answer of ``GET /console/api/drift``: numbers most drifted first, alerts newest first. Raises `StreamError`."""
    # Read again after a restart, the same rows give the same looks and alerts.
    looks = {each.at_ms: each for each in _read(settings, DRIFT.name, DriftLook, LOOKS_BACK)}
    alerts = {each.alert_id: each for each in _read(settings, ALERTS.name, Alert, ALERTS_BACK)}
    newest = sorted(alerts.values(), key=lambda each: each.at_ms, reverse=True)
    return {
        "looks": len(looks),
        **subjects_of([looks[at_ms] for at_ms in sorted(looks)]),
        "unknown": looks[max(looks)].unknown if looks else [],
        "alerts": newest[:MAX_ALERTS],
    }


def subjects_of(looks: list[DriftLook]) -> dict[str, Any]:
    """The readings by feature or score, each in order of time."""
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for look in looks:
        for each in look.readings:
            found.setdefault((each.kind, each.subject), []).append(
                {
                    "at_ms": look.at_ms,
                    "psi": each.psi,
                    "threshold": each.psi_threshold,
                    "rows": each.rows,
                    "has_drifted": each.has_drifted,
                }
            )
    # Newest reading beside its threshold: what is drifting now stands first.
    order = sorted(found, key=lambda each: (-_excess(found[each][-1]), each))
    return {
        "subjects": [
            {"kind": kind, "subject": subject, "readings": found[kind, subject]}
            for kind, subject in order[:MAX_SUBJECTS]
        ],
        "left_out": max(0, len(order) - MAX_SUBJECTS),
    }


def _excess(reading: dict[str, Any]) -> float:
    return float(reading["has_drifted"]) * 1e6 + float(reading["psi"] - reading["threshold"])


def _read(settings: Settings, topic: str, kind: type[R], back: int) -> list[R]:
    decode, found = msgspec.json.Decoder(kind).decode, []
    for record in scan_latest(settings.kafka, [settings.topic(topic)], back, lambda _: True):
        try:
            found.append(decode(record.value or b""))
        except UNREADABLE:
            continue
    return found
