"""Shows the console a model in shadow beside the one in force, by the newest windows of the feature log."""

from collections.abc import Iterator
from typing import Final

import msgspec

from infra.gateway.console.recent_rows import RecentRows
from infra.gateway.settings import Settings
from infra.kafka.topic_scan import scan_latest
from models.predictions.side_by_side import SideBySide, side_by_side
from schemas.outcomes import Outcome
from schemas.topics import OUTCOMES
from schemas.unreadable import UNREADABLE

OUTCOMES_BACK: Final = 5_000
"""Outcomes of each partition that are looked at."""

_decode: Final = msgspec.json.Decoder(Outcome).decode


def beside_live(settings: Settings, rows: RecentRows, kind: str, segment: str | None) -> SideBySide | None:
    """Compares both; `segment` keeps to the readers of one. None where no window was scored in shadow. Raises `StreamError`."""
    own = [row for row in rows.windows() if segment is None or row.segment == segment]
    return side_by_side(kind, own, _outcomes(settings))


def _outcomes(settings: Settings) -> Iterator[Outcome]:
    for record in scan_latest(settings.kafka, [settings.topic(OUTCOMES.name)], OUTCOMES_BACK, lambda _: True):
        try:
            yield _decode(record.value or b"")
        except UNREADABLE:
            continue
