"""Planted drift on the real stack: alarm, retraining, gate, live without a restart; a bad model is taken back by itself."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from infra.kafka.reading import TopicReader
from infra.local.home import PROJECT
from infra.local.stack import Stack
from models.model_versions import ModelVersions
from schemas.alerts import Alert
from schemas.control_acks import ControlAck
from schemas.features import FeatureRow, decode_feature_row
from schemas.outcomes import Outcome
from schemas.topics import ALERTS, CONTROL_ACKS, FEATURES, OUTCOMES, Topic
from tests.support.broker import PrefixedTopics
from tests.support.drifting_readers import DriftingReaders
from tests.support.stack import submitted
from tests.support.waiting import until

pytestmark = pytest.mark.chaos

MINUTE_MS = 60_000
CALM_MINUTES = 30
BEHIND_MINUTES = 110
"""So far event time lies behind the clock at first: sessions end half an hour after their last event."""
SUBTASKS = {0, 1}
PATIENCE_S = 600
"""For a machine that others load, too."""


class Followed:
    """All records of a topic so far, read on from call to call."""

    def __init__(self, stack: Stack, topic: Topic, decode: Any) -> None:
        self._reader, self._decode = TopicReader(stack.bootstrap, topic.name), decode
        self._reader.assign_beginning()
        self._found: list[Any] = []

    def all(self) -> list[Any]:
        self._found += [self._decode(each.value) for each in self._reader.read_to_end(quiet_s=0.0) if each.value]
        return self._found

    def close(self) -> None:
        self._reader.close()


class World:
    """What stands on the topics, and the command line against them."""

    def __init__(self, stack: Stack, store: Path) -> None:
        self.environ = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(PROJECT),
            "OMP_NUM_THREADS": "1",
            "MICROADJUST_BOOTSTRAP": stack.bootstrap,
            "MICROADJUST_MODELS": str(store),
        }
        self.store = ModelVersions(store)
        self._followed = [
            Followed(stack, FEATURES, decode_feature_row),
            Followed(stack, ALERTS, msgspec.json.Decoder(Alert).decode),
            Followed(stack, CONTROL_ACKS, msgspec.json.Decoder(ControlAck).decode),
            Followed(stack, OUTCOMES, msgspec.json.Decoder(Outcome).decode),
        ]

    def rows(self) -> list[FeatureRow]:
        return self._followed[0].all()

    def alerts(self, kind: str) -> list[Alert]:
        return [each for each in self._followed[1].all() if each.kind == kind]

    def acks(self, version: int) -> list[ControlAck]:
        found = [each for each in self._followed[2].all() if (each.kind, each.id) == ("model", "length")]
        return [each for each in found if each.version == version and each.refused is None]

    def outcomes(self) -> list[Outcome]:
        return self._followed[3].all()

    def scored_by(self, version: int) -> list[FeatureRow]:
        return [each for each in self.rows() if each.models.get("length") == version and "length" in each.scores]

    def answered(self, version: int) -> int:
        """Sessions that the version scored and whose readers have told the length."""
        told = {each.session_id for each in self.outcomes()}
        return len({each.session_id for each in self.scored_by(version)} & told)

    def run(self, *words: str) -> str:
        done = subprocess.run(
            ["microadjust", *words], env=self.environ, capture_output=True, text=True, check=False, cwd=PROJECT
        )
        print(done.stdout + done.stderr)
        assert done.returncode == 0, f"{' '.join(words)}: {done.stdout + done.stderr}"
        return done.stdout

    def wait_live(self, version: int) -> None:
        until(lambda: {each.subtask for each in self.acks(version)} == SUBTASKS, patience_s=PATIENCE_S)
        until(lambda: bool(self.scored_by(version)), patience_s=PATIENCE_S)

    def close(self) -> None:
        for each in self._followed:
            each.close()


@contextmanager
def learner(world: World, log: Path, *options: str) -> Iterator[None]:
    with log.open("w") as out:
        words = ["microadjust", "learn", *options]
        process = subprocess.Popen(words, env=world.environ, stdout=out, stderr=subprocess.STDOUT, cwd=PROJECT)
        try:
            yield
            assert process.poll() is None, log.read_text()
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)
            print(log.read_text())


def reversed_lengths(world: World, folder: Path) -> Sequence[str]:
    """Files as of a site whose readers tell how much is to be cut: whoever learns from them is badly wrong here."""
    rows, outcomes = folder / "features.jsonl", folder / "outcomes.jsonl"
    rows.write_bytes(b"\n".join(msgspec.json.encode(each) for each in world.rows()))
    told = [msgspec.structs.replace(each, value=1_000.0 - (each.value or 0.0)) for each in world.outcomes()]
    outcomes.write_bytes(b"\n".join(msgspec.json.encode(each) for each in told))
    return "--features", str(rows), "--outcomes", str(outcomes)


@pytest.mark.timeout(3_000)
def test_drift_is_told_learnt_judged_and_live_and_a_bad_model_is_taken_back(stack: Stack, tmp_path: Path) -> None:
    topics = PrefixedTopics(stack.bootstrap, "")
    begin_ms = (time.time_ns() // 1_000_000 // MINUTE_MS - BEHIND_MINUTES) * MINUTE_MS
    drift_ms = begin_ms + CALM_MINUTES * MINUTE_MS
    world = World(stack, tmp_path / "models")
    options = ("--parallelism", "2", "--feature-log", "on", "--startup", "earliest", "--checkpoint-ms", "1000")
    with (
        submitted(stack, "adjust", options),
        DriftingReaders(topics, 1_701, begin_ms, drift_ms, per_minute=20) as readers,
    ):
        # Calm readers; the first model, from what the stream recorded of them.
        readers.pause_at_ms = drift_ms
        until(lambda: any(each.window_end_ms >= drift_ms - MINUTE_MS for each in world.rows()), patience_s=PATIENCE_S)
        world.run("models", "train", "length", "--last", "7d")
        world.run("models", "promote", "length", "1", "--from-ms", "0")
        with learner(
            world,
            tmp_path / "learn.log",
            *("--retrain", "length", "--roll-back", "--look-back-minutes", "0"),
            *("--reference-sessions", "200", "--range-sessions", "50"),
        ):
            # Drifted readers: the alarm, the retraining, and what the gate says.
            readers.pause_at_ms = None
            began_s = time.monotonic()
            until(lambda: bool(world.alerts("feature_drift")), patience_s=PATIENCE_S)
            first = world.alerts("feature_drift")[0]
            print(f"alarm {(first.at_ms - drift_ms) / MINUTE_MS:.1f} minutes of event time after the drift began")
            print(f"alarm {time.monotonic() - began_s:.1f} s after its first event was sent: {first.text}")
            assert first.at_ms > drift_ms
            assert {each.subject for each in world.alerts("feature_drift")} >= {"hover_ms"}
            until(lambda: bool(world.alerts("retraining")), patience_s=30)
            print(f"the text of the retraining: {world.alerts('retraining')[0].text}")
            until(lambda: world.store.promoted("length") == 2, patience_s=PATIENCE_S)
            evaluation = msgspec.json.decode(world.store.read("length", 2, "evaluation.json") or b"")
            assert evaluation["incumbent"] == "length@1"
            for check in evaluation["checks"]:
                print(f"gate, {check['name']}: {check['detail']}")
            assert all(check["passed"] for check in evaluation["checks"])
            assert readers.caught_up.wait(PATIENCE_S)
            readers.per_minute = 120
            world.wait_live(2)
            until(lambda: world.answered(2) >= 80, patience_s=PATIENCE_S)

            # A bad version, which its own data bears out, and the gate lets in.
            assert not world.alerts("worse_version")
            world.run("models", "train", "length", *reversed_lengths(world, tmp_path))
            world.run("models", "promote", "length", "3")
            promoted_s = time.monotonic()
            world.wait_live(3)
            until(lambda: bool(world.alerts("worse_version")), patience_s=PATIENCE_S)
            print(f"found {time.monotonic() - promoted_s:.0f} s after: {world.alerts('worse_version')[0].text}")
            until(lambda: world.store.promoted("length") == 2, patience_s=60)
            until(lambda: bool(world.alerts("model_rolled_back")), patience_s=60)
            print(
                f"taken back {time.monotonic() - promoted_s:.0f} s after: {world.alerts('model_rolled_back')[0].text}"
            )
            assert not world.alerts("rollback_failed")
            assert [each.kind for each in world.store.promotions("length")] == [*["promote"] * 3, "rollback"]
            newest_ms = max(each.window_end_ms for each in world.scored_by(3))
            until(lambda: any(each.window_end_ms > newest_ms for each in world.scored_by(2)), patience_s=PATIENCE_S)
    world.close()
