"""Models go live without a restart: announced, acknowledged by every subtask, scored by; two replays give the same log."""

import pickle
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from infra.learner.refused_models import RefusedModels
from infra.local.stack import Stack
from infra.simulate.recording import records
from infra.simulate.worlds.recording import WorldRecording
from models.announced.checking import check_record
from models.announced.loading import load
from models.predictions.prediction import predict
from schemas.alerts import Alert
from schemas.control_acks import ControlAck
from schemas.events import Context, Event
from schemas.features import FeatureRow, decode_feature_row
from schemas.model_cards import shadow_key
from schemas.proposals import Proposal
from schemas.topics import ALERTS, CONTROL_ACKS, FEATURES, MODELS, SEGMENTS
from tests.support.announced_models import announced, announced_length, edited, length_card
from tests.support.segment_records import segment_record
from tests.support.stack import RunningJob, running_job
from tests.support.waiting import until

pytestmark = pytest.mark.kafka

LENGTH = announced_length(
    400.0,
    ranges={},
    features=["clicks", "user_expertise", "session_age_ms"],
    categories={"user_expertise": ["novice", "expert"]},
)
"""100 words more for experts."""
PICKLE = pickle.dumps(print)
REFUSED = announced(length_card(PICKLE, version=2), PICKLE)
CANDIDATE = announced_length(900.0, version=3, ranges={}, categories={"device": ["mobile", "desktop"]})
SHADOW = (shadow_key("length"), edited(CANDIDATE[1], mode="shadow"))
GROUPS = (segment_record("s1", 1_000.0), segment_record("s2", 50_000.0))
SUBTASKS = {0, 1}
MAX_ALERT_S = 5.0
"""From the announcement of what is refused to its alert."""


TOLD = ("novice", "expert", None)


def with_expertise(recorded: Iterable[bytes]) -> Iterator[bytes]:
    """The records, and after each page that is opened what the page tells of its reader; of a third of them it tells nothing."""
    sessions: dict[str, str | None] = {}
    for record in recorded:
        yield record
        event = msgspec.json.decode(record, type=Event)
        if event.type == "page_view":
            expertise = sessions.setdefault(event.session_id, TOLD[len(sessions) % 3])
            context = msgspec.structs.replace(event.context or Context(), user_expertise=expertise)
            told = msgspec.structs.replace(
                event, event_id=f"{event.event_id}-told", type="context", value=None, context=context
            )
            yield msgspec.json.encode(told)


def put(job: RunningJob, *announcements: tuple[str, str]) -> None:
    job.topics.put(MODELS, [(key, body.encode()) for key, body in announcements])


def acks(job: RunningJob, name: str, version: int) -> dict[int, ControlAck]:
    """The acknowledgements of a model or segment, by subtask."""
    found = [msgspec.json.decode(record.value, type=ControlAck) for record in job.read(CONTROL_ACKS)]
    return {ack.subtask: ack for ack in found if ack.kind != "rule" and (ack.id, ack.version) == (name, version)}


def wait_for_all(job: RunningJob, name: str, version: int) -> list[ControlAck]:
    """Waits until every subtask has acknowledged."""
    until(lambda: set(acks(job, name, version)) == SUBTASKS, patience_s=60)
    return list(acks(job, name, version).values())


def assert_refusal_is_told(job: RunningJob) -> None:
    """What `microadjust learn` does with refusals, on this job's topics: one alert, within `MAX_ALERT_S` of the announcement."""
    job.topics.add(ALERTS)
    with RefusedModels(job.stack.bootstrap, job.topics.prefix) as watched:
        watched.poll(1.0)
        put(job, REFUSED)
        announced_ms = time.time_ns() // 1_000_000

        def alerts() -> list[Any]:
            watched.poll(0.1)
            return job.read(ALERTS)

        until(lambda: bool(alerts()), patience_s=60)
        (record,) = alerts()
    alert = msgspec.json.decode(record.value, type=Alert)
    print(f"the refusal was told {record.timestamp_ms - announced_ms} ms after the announcement")
    assert (alert.kind, alert.subject) == ("model_refused", "length")
    assert "length version 2" in alert.text
    assert "never opened" in alert.text
    assert record.timestamp_ms - announced_ms < MAX_ALERT_S * 1000


def feature_rows(job: RunningJob) -> dict[tuple[str, int, str], FeatureRow]:
    rows = [decode_feature_row(record.value) for record in job.read(FEATURES)]
    found: dict[tuple[str, int, str], FeatureRow] = {}
    found |= {(row.session_id, row.window_end_ms, row.kind): row for row in rows}
    assert len(found) == len(rows), "a row was committed twice"
    return found


def proposed_by_models(job: RunningJob) -> dict[str, Proposal]:
    found = {name: msgspec.json.decode(body, type=Proposal) for name, body in job.proposals().items()}
    return {name: each for name, each in found.items() if each.source.kind == "model"}


@pytest.mark.timeout(400)
def test_a_model_goes_live_scores_as_it_does_offline_and_a_pickle_does_not(stack: Stack, tmp_path: Path) -> None:
    WorldRecording("S3", 12, 12.0, seed=31, arrive_minutes=3.0).write(tmp_path / "readers.jsonl")
    recording = list(with_expertise(records(tmp_path / "readers.jsonl")))
    runs: list[tuple[dict[tuple[str, int, str], FeatureRow], dict[str, bytes], dict[str, Proposal]]] = []
    for _ in range(2):
        with running_job(stack, "--parallelism", "2", "--feature-log", "on") as job:
            began_s = time.monotonic()
            put(job, LENGTH)
            wait_for_all(job, "length", 1)
            print(f"acknowledged by every subtask after {time.monotonic() - began_s:.1f} s")
            assert_refusal_is_told(job)
            assert all("never opened" in str(ack.refused) for ack in wait_for_all(job, "length", 2))
            put(job, SHADOW)
            wait_for_all(job, SHADOW[0], 3)
            job.topics.put(SEGMENTS, [(key, body.encode()) for key, body in GROUPS])
            for key, _ in GROUPS:
                wait_for_all(job, key, 1)
            assert job.settle(job.replay(recording).sent).missing == 0
            runs.append((feature_rows(job), job.commands(), proposed_by_models(job)))
            assert job.restarts() == 0
    model, candidate = (load(check_record(*each)) for each in (LENGTH, SHADOW))
    for rows, commands, proposed in runs:
        scored = [row for row in rows.values() if "length" in row.scores]
        assert len(scored) > 50
        for row in scored:
            assert predict(model, row.features, row.context).scores["length"] == row.scores["length"]
            assert predict(candidate, row.features, row.context).scores["length"] == row.scores["shadow_length"]
            assert row.models == {"length": 1, "shadow_length": 3}
        assert {row.context["user_expertise"] for row in scored} == set(TOLD)
        asked = [msgspec.json.decode(each) for each in commands.values()]
        assert any(each["action"] == "set_length" and each["source"]["kind"] == "model" for each in asked)
        assert {each["source"]["version"] for each in asked if each["source"]["kind"] == "model"} == {1}
        shadowed = [each for each in proposed.values() if each.source.version == 3]
        assert len(shadowed) > 5
        assert {(each.outcome, each.command_id) for each in shadowed} == {("shadow", None)}
    assert runs[0] == runs[1]
    assert any(row.segment for row in runs[0][0].values())
