"""`kill -9` of the TaskManager that scores: the scores that follow are those of a run that nobody disturbed."""

import threading
import time
from pathlib import Path

import msgspec
import pytest

from infra.bench.recovery import kill_decider
from infra.local.stack import Stack
from infra.simulate.recording import records
from infra.simulate.scenario import Scenario
from schemas.control_acks import ControlAck
from schemas.features import FeatureRow, decode_feature_row
from schemas.topics import CONTROL_ACKS, FEATURES, MODELS
from tests.support.announced_models import announced_anomaly, announced_length, forest_announcement
from tests.support.stack import RunningJob, running_job
from tests.support.waiting import until

pytestmark = pytest.mark.chaos

MODELS_ANNOUNCED = (
    announced_length(400.0, ranges={}, categories={"device": ["mobile", "desktop"]}),
    announced_anomaly(),
    forest_announcement(),
)
SPEED = 12
KILL_AT_S = 40
SCORES = 1_000
"""As many at least have to follow the kill."""


def rows_by_key(job: RunningJob) -> dict[tuple[str, int, str], FeatureRow]:
    rows = [decode_feature_row(record.value) for record in job.read(FEATURES)]
    found: dict[tuple[str, int, str], FeatureRow] = {
        (each.session_id, each.window_end_ms, each.kind): each for each in rows
    }
    assert len(found) == len(rows), "a row was committed twice"
    return found


def run(
    stack: Stack, recording: list[bytes], kill_at_s: float | None
) -> tuple[dict[tuple[str, int, str], FeatureRow], int]:
    """Returns the rows of the feature log, and the end of the newest window that was logged before the kill."""
    with running_job(stack, "--feature-log", "on") as job:
        job.topics.put(MODELS, [(key, body.encode()) for key, body in MODELS_ANNOUNCED])

        def acknowledged() -> set[str]:
            acks = [msgspec.json.decode(each.value, type=ControlAck) for each in job.read(CONTROL_ACKS)]
            return {each.id for each in acks if each.kind == "model" and each.refused is None}

        until(lambda: acknowledged() == {key for key, _ in MODELS_ANNOUNCED}, patience_s=120)
        player = threading.Thread(target=lambda: job.replay(recording, SPEED))
        player.start()
        before_ms = 0
        if kill_at_s is not None:
            time.sleep(kill_at_s)
            before_ms = max(each.window_end_ms for each in rows_by_key(job).values())
            print(f"every task runs again {kill_decider(stack, job.job_id):.1f} s after the kill")
        player.join()
        assert job.settle(len(recording)).missing == 0
        return rows_by_key(job), before_ms


@pytest.mark.timeout(900)
def test_the_next_thousand_scores_are_those_of_an_undisturbed_run(stack: Stack, tmp_path: Path) -> None:
    path = tmp_path / "readers.jsonl.gz"
    Scenario(seconds=900, ordinary=40, per_behaviour=3, seed=16).write(path)
    recording = list(records(path))

    killed, before_ms = run(stack, recording, KILL_AT_S)
    undisturbed, _ = run(stack, recording, None)

    names = {"length", "anomaly", "isolation_forest"}
    later = {key: row for key, row in undisturbed.items() if row.window_end_ms > before_ms and row.kind == "window"}
    scores = {(key, name): row.scores[name] for key, row in later.items() for name in names & row.scores.keys()}
    known = {key: score for key, score in scores.items() if score is not None}
    print(
        f"{len(known)} scores after the kill: { {name: sum(key[1] == name for key in known) for name in sorted(names)} }"
    )
    assert len(known) >= SCORES
    assert {name for _, name in known} == names
    assert killed == undisturbed
