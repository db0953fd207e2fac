"""Measures how long a model takes from its announcement to its first scores: `.venv/bin/python -m infra.bench.model_swaps --help`

Announces lengths one after another on a job under load, each shortly after a minute has ended: predictions are made of windows
that end with a minute, and these are complete two and a half seconds later. Prints the time until every subtask has loaded and
acknowledged a model, until the first row that it scored, and until it has scored a row of every session, whichever subtask that
is in. Compares each score of the log with offline scoring, and the commands with the clicks that ask for one each.
"""

import argparse
import json
import time
from collections.abc import Sequence
from hashlib import sha256
from typing import Any, Final

import msgspec
from onnx import TensorProto, helper

from infra.bench.latency import NO_BUDGET, SESSIONS, WAIT_MS, shares
from infra.bench.loaded_job import LoadedJob, loaded_job
from infra.kafka.blocking_producer import BlockingProducer
from infra.kafka.reading import TopicReader
from infra.local import stack
from infra.local.home import Home
from models.announced.artefact import pack
from models.announced.checking import check_record
from models.announced.loading import LoadedModel
from models.announced.loading import load as load_model
from models.predictions.prediction import predict
from models.rules.compiled import KNOWN_FEATURES
from schemas.control_acks import ControlAck
from schemas.features import decode_feature_row
from schemas.model_cards import ModelCard, ModelRecord
from schemas.rules import parse_rule_file
from schemas.topics import ADJUSTMENTS, CONTROL_ACKS, FEATURES, MODELS

RULES: Final = """
rules:
  - {id: each-click, version: 1, about: one command for each click, lane: event, cooldown_s: 0, priority: 90,
     when: [{event: type, equals: click}], then: {action: refresh_recommendations}}
"""
INPUTS: Final = ["clicks", "engaged_ms", "session_age_ms"]
MINUTE_S: Final = 60.0
AFTER_MINUTE_S: Final = 0.3
"""When a model is announced: the windows of this minute are still to come."""

TIMEOUT_S: Final = 180.0
COMMITTED_S: Final = 60.0
"""Longest wait for the last commands: they are committed with a checkpoint."""


def announcement(version: int) -> str:
    """A length that is a little longer with each version; returns the record."""
    weights = helper.make_tensor("w", TensorProto.FLOAT, [len(INPUTS), 1], [3.0, 1e-4, 1e-6])
    bias = helper.make_tensor("b", TensorProto.FLOAT, [1], [400.0 + version])
    zero = helper.make_tensor("zero", TensorProto.FLOAT, [], [0.0])
    graph = helper.make_graph(
        [
            helper.make_node("IsNaN", ["x"], ["unknown"]),
            helper.make_node("Where", ["unknown", "zero", "x"], ["known"]),
            helper.make_node("Gemm", ["known", "w", "b"], ["y"]),
        ],
        "length",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, len(INPUTS)])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, 1])],
        [weights, bias, zero],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    artefact = model.SerializeToString()
    digest = sha256(artefact).hexdigest()
    card = ModelCard("length", version, "length", INPUTS, None, digest, "nothing", half_width=50.0, coverage=0.9)
    return msgspec.json.encode(ModelRecord(card, pack(artefact))).decode()


class Swaps:
    """Announces models to one job, and watches what it answers."""

    def __init__(self, job: LoadedJob) -> None:
        self._models = job.name(MODELS)
        self._producer = BlockingProducer(job.stack.bootstrap)
        # What the job has written counts, not what a checkpoint has committed since.
        self._acks = TopicReader(job.stack.bootstrap, job.name(CONTROL_ACKS), isolation="read_uncommitted")
        self._features = TopicReader(job.stack.bootstrap, job.name(FEATURES), isolation="read_uncommitted")
        self._acks.assign_beginning()
        self._features.assign_beginning()
        self._loaded: dict[int, LoadedModel] = {}
        self.scored: dict[int, set[str]] = {}
        """Sessions by the version that scored a window of theirs."""
        self.rows = 0
        self.unequal = 0
        """Rows whose score offline scoring does not give."""

    def announce(self, version: int, sessions: int) -> tuple[float, float, float]:
        """Returns the seconds from the announcement to the last subtask's acknowledgement, to the first row that the version
        scored, and to the first row of the last of so many sessions."""
        body = announcement(version)
        self._loaded[version] = load_model(check_record("length", body))
        began_s, subtasks = time.monotonic(), set[int]()
        self._producer.send(self._models, body.encode(), b"length")
        self._producer.flush()
        acknowledged_s = first_s = 0.0
        while not acknowledged_s or len(self.scored.get(version, ())) < sessions:
            now_s = time.monotonic() - began_s
            if now_s > TIMEOUT_S:
                scored = {each: len(names) for each, names in self.scored.items()}
                raise SystemExit(f"version {version}: acknowledged by {sorted(subtasks)}, sessions scored {scored}")
            for record in self._acks.poll(0.01):
                ack = msgspec.json.decode(record.value or b"", type=ControlAck)
                if (ack.kind, ack.version, ack.refused) == ("model", version, None):
                    subtasks.add(ack.subtask)
                    if len(subtasks) == ack.subtasks and not acknowledged_s:
                        acknowledged_s = time.monotonic() - began_s
            self._read_log(0.01)
            if version in self.scored and not first_s:
                first_s = time.monotonic() - began_s
        return acknowledged_s, first_s, time.monotonic() - began_s

    def _read_log(self, wait_s: float) -> None:
        for record in self._features.poll(wait_s):
            row = decode_feature_row(record.value or b"")
            version = row.models.get("length")
            if version is not None:
                self.scored.setdefault(version, set()).add(row.session_id)
                self.rows += 1
                expected = predict(self._loaded[version], row.features, row.context).scores
                self.unequal += expected["length"] != row.scores["length"]

    def close(self) -> None:
        for reader in (self._acks, self._features):
            reader.close()


def commands_of(job: LoadedJob) -> dict[str, int]:
    """Compares the committed commands with the clicks that were sent, each of which asks for one."""
    clicks, ids, asked = set(job.load.clicked_at), list[str](), list[tuple[str, int]]()
    end = time.monotonic() + COMMITTED_S
    with TopicReader(job.stack.bootstrap, job.name(ADJUSTMENTS)) as reader:
        while time.monotonic() < end and not clicks <= set(asked):
            for record in reader.read_to_end(quiet_s=1.0):
                command = msgspec.json.decode(record.value or b"")
                ids.append(command["command_id"])
                if command["source"]["id"] == "each-click":
                    asked.append((command["session_id"], command["issued_at_ms"]))
    return {
        "clicks": len(clicks),
        "commands": len(ids),
        "commands_lost": len(clicks - set(asked)),
        "commands_doubled": len(ids) - len(set(ids)) + len(asked) - len(set(asked)),
    }


def measure(on: stack.Stack, rate: int, swaps: int, warm_up_s: int, options: Sequence[str]) -> dict[str, Any]:
    """Runs a job of its own under load and swaps models meanwhile."""
    parse_rule_file(RULES, KNOWN_FEATURES)
    rules = on.home.folder("bench") / "model-swaps-rules.yaml"
    rules.write_text(RULES)
    flags = ["--feature-log", "on", "--content", "off", "--rules-file", str(rules), *NO_BUDGET, *options]
    seconds = warm_up_s + int(TIMEOUT_S * (swaps + 1))
    with loaded_job(on, "swaps", rate, seconds, flags) as job:
        job.start_load()
        watched = Swaps(job)
        watched.announce(1, SESSIONS)
        time.sleep(warm_up_s)
        found = []
        for version in range(2, swaps + 2):
            time.sleep(MINUTE_S - time.time() % MINUTE_S + AFTER_MINUTE_S)
            found.append(watched.announce(version, SESSIONS))
        job.stop_load()
        commands = commands_of(job)
        watched.close()
        restarts = job.restarts()
    acknowledged, first, every = zip(*found, strict=True)
    return {
        "announce_to_last_ack_ms": shares([1000 * each for each in acknowledged]),
        "announce_to_first_score_s": [round(each, 2) for each in first],
        "announce_to_every_session_scored_s": [round(each, 2) for each in every],
        "watermark_wait_s": WAIT_MS / 1000,
        "rows_scored": watched.rows,
        "rows_unequal_to_offline": watched.unequal,
        **commands,
        "rate": rate,
        "restarts": restarts,
        "options": list(options),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, epilog="What follows a -- goes to the job.")
    parser.add_argument("--rate", type=int, default=1000, help="events a second, 5 %% of them clicks")
    parser.add_argument("--swaps", type=int, default=5)
    parser.add_argument("--warm-up", type=int, default=60, help="seconds under load before the first swap that counts")
    parser.add_argument(
        "--taskmanagers", type=int, default=4, help="of one slot each; --parallelism N of the job needs N + 1"
    )
    parser.add_argument("options", nargs="*", help="options of the job")
    given = parser.parse_args()
    on = stack.up(Home.from_env(), taskmanagers=given.taskmanagers)
    print(json.dumps(measure(on, given.rate, given.swaps, given.warm_up, given.options)))


if __name__ == "__main__":
    main()
