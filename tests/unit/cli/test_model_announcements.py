"""models train on files of the log; promote and rollback through librdkafka's mock cluster, with a thread that acknowledges."""

import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner, Result

from infra.bench.mock_kafka import MockKafka, mock_kafka
from infra.cli.main import app
from infra.kafka.reading import TopicReader
from infra.learning.announcing import announced
from models.announced.checking import check_record
from models.announced.loading import load
from models.model_versions import ModelVersions, Promotion
from schemas.topics import MODELS
from tests.support.acknowledging_job import acknowledging
from tests.support.told_lengths import recorded


@pytest.fixture(scope="module")
def kafka() -> Iterator[MockKafka]:
    with mock_kafka() as found:
        yield found


@pytest.fixture(scope="module")
def store(kafka: MockKafka, tmp_path_factory: pytest.TempPathFactory) -> ModelVersions:
    """A store with one version that was trained on files of the log, and a copy of it as the second."""
    folder = tmp_path_factory.mktemp("store")
    rows, outcomes = recorded()
    (folder / "features.jsonl").write_bytes(b"\n".join(map(msgspec.json.encode, rows)))
    (folder / "outcomes.jsonl").write_bytes(b"\n".join(map(msgspec.json.encode, outcomes)))
    files = ("--features", folder / "features.jsonl", "--outcomes", folder / "outcomes.jsonl")
    trained = run(kafka, folder, "train", "length", *files, "--json")
    assert trained.exit_code == 0, trained.output
    assert json.loads(trained.stdout)["evaluation"]["source"] == "features.v1 with outcomes.v1, 1500 outcomes"
    found = ModelVersions(folder)
    stored = found.load("length", 1)
    findings = found.read("length", 1, "evaluation.json")
    assert findings is not None
    found.add(stored.card, stored.artefact, {"evaluation.json": findings})
    return found


def run(kafka: MockKafka, folder: Path, *arguments: object) -> Result:
    given = ["models", *map(str, arguments), "--store", str(folder), "--bootstrap", kafka.bootstrap]
    return CliRunner().invoke(app, given)


def folder_of(store: ModelVersions) -> Path:
    return store.path("length", 1).parents[1]


def test_a_promoted_model_is_on_the_topic_and_waited_for(kafka: MockKafka, store: ModelVersions) -> None:
    folder = folder_of(store)
    with acknowledging(kafka.bootstrap, kind="model"):
        promoted = run(kafka, folder, "promote", "length", 1, "--from-ms", 5_000, "--json")
        assert promoted.exit_code == 0, promoted.output
        assert run(kafka, folder, "promote", "length", 2, "--json").exit_code == 0
        back = run(kafka, folder, "rollback", "length", "--json")
    told = json.loads(promoted.stdout)
    assert (told["state"], told["in_force"], told["before"]) == ("in_force", "2 of 2 subtasks", None)
    assert (json.loads(back.stdout)["version"], json.loads(back.stdout)["before"]) == (1, 2)
    assert store.promoted("length") == 1
    record = announced(kafka.bootstrap)["length"]
    assert record.card == store.load("length", 1).card
    assert record.location == store.path("length", 1).resolve().as_uri()
    with TopicReader(kafka.bootstrap, MODELS.name) as reader:
        reader.assign_beginning()
        bodies = [each.value or b"" for each in reader.read_to_end(quiet_s=0.0)]
    versions = [json.loads(body)["card"]["version"] for body in bodies]
    assert versions == [1, 2, 1]
    assert json.loads(bodies[0])["from_ms"] == 5_000
    for body in bodies:
        load(check_record("length", body.decode()))


def test_a_model_that_the_job_refuses_is_not_counted_as_in_force(kafka: MockKafka, store: ModelVersions) -> None:
    folder, before = folder_of(store), store.promotions("length")
    with acknowledging(kafka.bootstrap, refuse="no memory", kind="model"):
        refused = run(kafka, folder, "promote", "length", 2)
    assert refused.exit_code == 1
    assert "model length version 2 is refused, and the one before stays in force: no memory" in refused.stderr
    assert store.promotions("length") == before


def test_a_subtask_that_does_not_answer_is_named(kafka: MockKafka, store: ModelVersions) -> None:
    with acknowledging(kafka.bootstrap, subtasks=3, silent=(1,), kind="model"):
        waiting = run(kafka, folder_of(store), "promote", "length", 2, "--timeout", 2)
    assert waiting.exit_code == 1
    assert "no acknowledgement from subtask 1 within 2 s" in waiting.stderr


def test_without_a_job_the_model_is_written_all_the_same(kafka: MockKafka, store: ModelVersions) -> None:
    alone = run(kafka, folder_of(store), "promote", "length", 1, "--timeout", 0.5)
    assert alone.exit_code == 1
    assert "is the adjust job running? It takes the model up when it starts" in alone.stderr
    assert store.promoted("length") == 1
    assert msgspec.to_builtins(store.promotions("length")[-1])["kind"] == "promote"
    assert isinstance(store.promotions("length")[-1], Promotion)
