"""Measures how long a model takes from its announcement to its scores: `.venv/bin/python -m infra.bench.model_swaps --help`

Announces lengths one after another on a job under load. Prints the time until every subtask has loaded each, scored probe rows
and acknowledged it, and until the first window that it scored stands on features.v1 (predictions are made once a minute); and
compares each score of the log with offline scoring.
"""

import argparse
import json
import threading
import time
from collections.abc import Sequence
from hashlib import sha256
from typing import Any, Final
from uuid import uuid4

import msgspec
from kafka import KafkaAdminClient
from kafka.admin import NewTopic
from onnx import TensorProto, helper

from infra.bench.latency import PARTITIONS, Load, shares
from infra.kafka.blocking_producer import BlockingProducer
from infra.kafka.reading import TopicReader
from infra.local import flink, stack
from infra.local.home import Home
from infra.local.submit import submit
from models.announced.artefact import pack
from models.announced.checking import check_record
from models.announced.loading import load as load_model
from models.predictions.prediction import predict
from schemas.control_acks import ControlAck
from schemas.features import decode_feature_row
from schemas.model_cards import ModelCard, ModelRecord
from schemas.topics import (
    ADJUSTMENTS,
    CONTROL_ACKS,
    EVENTS,
    FEATURES,
    LATE,
    MODELS,
    PROPOSALS,
    REJECTED,
    RULES,
    SEGMENTS,
    SESSION_STATE,
    TALLY,
)

TOPICS: Final = {
    "events": EVENTS,
    "adjustments": ADJUSTMENTS,
    "proposals": PROPOSALS,
    "rejected": REJECTED,
    "late": LATE,
    "tally": TALLY,
    "rules": RULES,
    "models": MODELS,
    "segments": SEGMENTS,
    "features": FEATURES,
    "control-acks": CONTROL_ACKS,
    "session-state": SESSION_STATE,
}
INPUTS: Final = ["clicks", "engaged_ms", "session_age_ms"]
TIMEOUT_S: Final = 120.0


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
    card = ModelCard(
        "length",
        version,
        "length",
        INPUTS,
        None,
        sha256(artefact).hexdigest(),
        "nothing",
        half_width=50.0,
        coverage=0.9,
    )
    return msgspec.json.encode(ModelRecord(card, pack(artefact))).decode()


class Swaps:
    """Announces models to one job, and watches what it answers."""

    def __init__(self, bootstrap: str, prefix: str) -> None:
        self._models = prefix + MODELS.name
        self._producer = BlockingProducer(bootstrap)
        self._acks = TopicReader(bootstrap, prefix + CONTROL_ACKS.name)
        self._features = TopicReader(bootstrap, prefix + FEATURES.name)
        self._acks.assign_beginning()
        self._features.assign_beginning()
        self._records: dict[int, str] = {}
        self.scored: dict[int, int] = {}
        """Rows of the log by the version that scored them."""
        self.unequal = 0
        """Rows whose score offline scoring does not give."""

    def announce(self, version: int) -> tuple[float, float]:
        """Returns the seconds from the announcement to the last subtask's acknowledgement, and to the first row of the log."""
        self._records[version] = announcement(version)
        began_s, subtasks = time.monotonic(), set[int]()
        self._producer.send(self._models, self._records[version].encode(), b"length")
        self._producer.flush()
        acknowledged_s = 0.0
        while not acknowledged_s or not self.scored.get(version):
            now_s = time.monotonic() - began_s
            if now_s > TIMEOUT_S:
                raise SystemExit(f"version {version}: acknowledged by {sorted(subtasks)}, rows {self.scored}")
            for record in self._acks.poll(0.02):
                ack = msgspec.json.decode(record.value or b"", type=ControlAck)
                if (ack.kind, ack.version, ack.refused) == ("model", version, None):
                    subtasks.add(ack.subtask)
                    if len(subtasks) == ack.subtasks and not acknowledged_s:
                        acknowledged_s = time.monotonic() - began_s
            self._read_log(0.02)
        return acknowledged_s, time.monotonic() - began_s

    def _read_log(self, wait_s: float) -> None:
        for record in self._features.poll(wait_s):
            row = decode_feature_row(record.value or b"")
            version = row.models.get("length")
            if version is not None:
                model = load_model(check_record("length", self._records[version]))
                self.scored[version] = self.scored.get(version, 0) + 1
                expected = predict(model, row.features, row.context).scores
                self.unequal += expected["length"] != row.scores["length"]

    def finish(self) -> None:
        for reader in (self._acks, self._features):
            reader.close()


def measure(on: stack.Stack, rate: int, swaps: int, warm_up_s: int, options: Sequence[str]) -> dict[str, Any]:
    """Runs a job of its own under load and swaps models meanwhile."""
    prefix = f"swaps-{uuid4().hex[:8]}-"
    admin = KafkaAdminClient(bootstrap_servers=on.bootstrap)
    names = {flag: prefix + topic.name for flag, topic in TOPICS.items()}
    topics = [NewTopic(name, PARTITIONS if flag == "events" else 1, 1) for flag, name in names.items()]
    admin.create_topics(topics, wait_for_metadata=True)
    flags = [part for flag, name in names.items() for part in (f"--{flag}-topic", name)]
    flags += ["--group-id", prefix + "job", "--startup", "earliest", "--feature-log", "on", "--content", "off"]
    job_id = submit(on, "adjust", [*flags, *options])
    load = Load(on.bootstrap, names["events"], rate)
    sending = threading.Thread(target=load.run, args=(warm_up_s + 90 * swaps,), daemon=True)
    try:
        flink.wait_for_job(on.rest_port, job_id)
        sending.start()
        watched = Swaps(on.bootstrap, prefix)
        watched.announce(1)
        time.sleep(warm_up_s)
        found = [watched.announce(version) for version in range(2, swaps + 2)]
        watched.finish()
        with TopicReader(on.bootstrap, names["adjustments"]) as reader:
            commands = [msgspec.json.decode(each.value or b"")["command_id"] for each in reader.read_to_end(5.0)]
        entries = flink.get(on.rest_port, f"/jobs/{job_id}/exceptions?maxExceptions=20")["exceptionHistory"]["entries"]
    finally:
        flink.stop_job(on.rest_port, job_id, savepoint=False)
        admin.delete_topics(list(names.values()))
        admin.close()
    return {
        "announce_to_last_ack_ms": shares([1000 * acknowledged_s for acknowledged_s, _ in found]),
        "announce_to_first_row_s": [round(row_s, 1) for _, row_s in found],
        "rows_by_version": watched.scored,
        "rows_unequal_to_offline": watched.unequal,
        "commands": len(commands),
        "commands_doubled": len(commands) - len(set(commands)),
        "rate": rate,
        "restarts": len(entries),
        "options": list(options),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, epilog="What follows a -- goes to the job.")
    parser.add_argument("--rate", type=int, default=1000, help="events a second, 5 %% of them clicks")
    parser.add_argument("--swaps", type=int, default=3)
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
