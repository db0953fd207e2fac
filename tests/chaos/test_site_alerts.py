"""The site as a whole through the job, at one and at two subtasks: `make test-chaos`."""

from collections.abc import Iterator
from random import Random

import msgspec
import pytest

from infra.local.stack import Stack
from models.judgement.site_stream import CRITICAL_SCORE, FIRST_MINUTES, MINUTE_MS
from schemas.alerts import Alert
from schemas.events import Event
from schemas.features import decode_feature_row
from schemas.topics import ALERTS, FEATURES
from tests.support.stack import running_job

pytestmark = pytest.mark.chaos

BEGIN_MS = 1_760_054_400_000
READERS = 60
OUTAGE = range(FIRST_MINUTES + 30, FIRST_MINUTES + 35)
MINUTES = OUTAGE.stop + 5


def recording() -> Iterator[bytes]:
    """Readers who come and go by chance, engaged for half of each minute in which they are there; nobody in the outage."""
    random = Random(17)
    for minute in range(MINUTES):
        found = []
        for number in range(READERS):
            if minute in OUTAGE or random.random() < 0.2:
                continue
            for half in range(2):
                at_ms = BEGIN_MS + minute * MINUTE_MS + half * 30_000 + random.randrange(25_000)
                name = f"reader-{number}"
                found.append(
                    Event(
                        f"{name}-{minute}-{half}", "heartbeat", at_ms, at_ms + 40, name, value=15_000.0, content_id="a"
                    )
                )
        yield from map(msgspec.json.encode, sorted(found, key=lambda each: each.received_at_ms))


@pytest.mark.timeout(900)
def test_an_outage_is_told_of_once_and_two_subtasks_find_the_same(stack: Stack) -> None:
    runs = []
    for parallelism in ("1", "2"):
        with running_job(stack, "--feature-log", "on", "--parallelism", parallelism) as job:
            assert job.settle(job.replay(recording()).sent, patience_s=180).missing == 0
            assert job.restarts() == 0
            # At least once: an id may stand twice.
            alerts = {alert.alert_id: alert for alert in (_alert(each.value) for each in job.read(ALERTS))}
            rows = [decode_feature_row(record.value) for record in job.read(FEATURES)]
            known = {
                (row.session_id, row.window_end_ms): row.features["site_oddness"]
                for row in rows
                if row.kind == "window"
            }
            runs.append((alerts, known))
    assert runs[0] == runs[1]
    alerts, known = runs[0]
    (alert,) = alerts.values()
    assert (alert.kind, alert.at_ms) == ("site_anomaly", BEGIN_MS + (OUTAGE.start + 1) * MINUTE_MS)
    assert alert.value is not None
    assert alert.value >= CRITICAL_SCORE
    assert sum(score is not None for score in known.values()) > len(known) // 2


def _alert(value: bytes) -> Alert:
    return msgspec.json.decode(value, type=Alert)
