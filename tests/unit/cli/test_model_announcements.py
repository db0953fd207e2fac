"""models train on files of the log; promote and rollback through librdkafka's mock cluster, with a thread that acknowledges."""

import json
from collections.abc import Iterator
from pathlib import Path
from shutil import copytree

import msgspec
import pytest
from typer.testing import CliRunner, Result

from infra.bench.mock_kafka import MockKafka, mock_kafka
from infra.cli.main import app
from infra.kafka.reading import TopicReader
from infra.learning.announcing import announcement
from infra.learning.models_topic import announced_cards
from models.announced.checking import check_record
from models.announced.loading import load
from models.model_store import ModelError, StoredModel
from models.model_versions import ModelVersions, Promotion
from models.version_files import FolderFiles
from schemas.features import FeatureRow
from schemas.outcomes import Outcome
from schemas.topics import MODELS
from tests.support.acknowledging_job import acknowledging
from tests.support.announced_models import length_card, length_model
from tests.support.model_stores import NOON_MS
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
    judged = {**json.loads(findings), "incumbent": "length@1"}
    found.add(stored.card, stored.artefact, {"evaluation.json": json.dumps(judged).encode()})
    return found


@pytest.fixture(autouse=True)
def first_in_force(store: ModelVersions) -> None:
    """Each test begins with version 1 in force, by the store alone."""
    (folder_of(store) / "length" / "promotions.json").unlink(missing_ok=True)
    store.record("length", Promotion(1, "promote", NOON_MS, "eva"))


def run(kafka: MockKafka, folder: Path, *arguments: object) -> Result:
    given = ["models", *map(str, arguments), "--store", str(folder), "--bootstrap", kafka.bootstrap]
    return CliRunner().invoke(app, given)


def folder_of(store: ModelVersions) -> Path:
    return Path(store.place("length", 1)).parents[1]


def test_a_promoted_model_is_on_the_topic_and_waited_for(kafka: MockKafka, store: ModelVersions) -> None:
    folder = folder_of(store)
    with acknowledging(kafka.bootstrap, kind="model"):
        promoted = run(kafka, folder, "promote", "length", 1, "--from-ms", 5_000, "--json")
        assert promoted.exit_code == 0, promoted.output
        assert run(kafka, folder, "promote", "length", 2, "--json").exit_code == 0
        back = run(kafka, folder, "rollback", "length", "--json")
    told = json.loads(promoted.stdout)
    assert (told["state"], told["in_force"], told["before"]) == ("in_force", "2 of 2 subtasks", 1)
    assert (json.loads(back.stdout)["version"], json.loads(back.stdout)["before"]) == (1, 2)
    assert store.promoted("length") == 1
    record = announced_cards(kafka.bootstrap)["length"]
    assert record.card == store.load("length", 1).card
    assert record.location == (folder / "length" / "1").resolve().as_uri()
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
    # A job that starts without state finds the model that stays in force, not the one that was refused.
    assert announced_cards(kafka.bootstrap)["length"].card.version == store.promoted("length") == 1


def test_where_nothing_was_in_force_a_refused_model_leaves_nothing_on_the_topic(
    kafka: MockKafka, store: ModelVersions, tmp_path: Path
) -> None:
    copytree(folder_of(store) / "length" / "1", tmp_path / "length" / "1")
    with acknowledging(kafka.bootstrap, kind="model"):
        run(kafka, tmp_path, "withdraw", "length")
    with acknowledging(kafka.bootstrap, refuse="no memory", kind="model"):
        refused = run(kafka, tmp_path, "promote", "length", 1, "--json")
    assert refused.exit_code == 1
    assert json.loads(refused.stdout)["on_the_topic"] == "deleted"
    assert "length" not in announced_cards(kafka.bootstrap)


def test_a_first_version_is_taken_back_with_a_null_record(
    kafka: MockKafka, store: ModelVersions, tmp_path: Path
) -> None:
    copytree(folder_of(store) / "length" / "1", tmp_path / "length" / "1")
    for command in ("withdraw", "rollback"):
        with acknowledging(kafka.bootstrap, kind="model"):
            run(kafka, tmp_path, "promote", "length", 1)
            assert "length" in announced_cards(kafka.bootstrap)
            told = json.loads(run(kafka, tmp_path, command, "length", "--json").stdout)
        assert (told["change"], told["before"], told["version"], told["state"]) == ("withdraw", 1, None, "in_force")
        assert "length" not in announced_cards(kafka.bootstrap)
        assert ModelVersions(tmp_path).promoted("length") is None
    assert [each.kind for each in ModelVersions(tmp_path).promotions("length")] == ["promote", "withdraw"] * 2


def test_a_name_with_a_slip_is_not_withdrawn_and_what_stands_on_the_topic_alone_is(
    kafka: MockKafka, store: ModelVersions, tmp_path: Path
) -> None:
    folder = folder_of(store)
    slip = run(kafka, folder, "withdraw", "lenght", "--no-wait")
    assert (slip.exit_code, f"the store {folder} holds no model lenght; there are length" in slip.stderr) == (1, True)
    unless = run(kafka, folder, "withdraw", "lenght", "--if-in-force", "1", "--no-wait")
    assert (unless.exit_code, f"the store {folder} holds no model lenght; there are length" in unless.stderr) == (
        1,
        True,
    )
    with TopicReader(kafka.bootstrap, MODELS.name) as reader:
        reader.assign_beginning()
        assert b"lenght" not in {each.key for each in reader.read_to_end(quiet_s=0.0)}
    run(kafka, folder, "promote", "length", 1, "--no-wait")
    elsewhere = run(kafka, tmp_path / "other", "withdraw", "length", "--no-wait", "--json")
    assert (elsewhere.exit_code, json.loads(elsewhere.stdout)["before"]) == (0, None)
    assert "length" not in announced_cards(kafka.bootstrap)


def test_a_store_that_cannot_be_written_leaves_the_topic_as_it_was(
    kafka: MockKafka, store: ModelVersions, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = folder_of(store)
    run(kafka, folder, "promote", "length", 1, "--no-wait")
    standing, promotions = announced_cards(kafka.bootstrap), store.promotions("length")

    def refuse(*given: object) -> None:
        raise ModelError("the store cannot be written: read-only")

    said = "models.v1 has the record again that stood there"
    for denied, told in (("create", said), ("require_writable", "the store cannot be written: read-only")):
        with monkeypatch.context() as patch:
            patch.setattr(FolderFiles, denied, refuse)
            for command in (("promote", "length", 2), ("withdraw", "length")):
                failed = run(kafka, folder, *command, "--no-wait")
                assert (failed.exit_code, told in failed.stderr) == (1, True), failed.stderr
                assert (said in failed.stderr) is (denied == "create"), "what was not sent is not put back"
        assert announced_cards(kafka.bootstrap) == standing
        assert store.promotions("length") == promotions


def test_where_nothing_stood_on_the_topic_a_store_that_fails_leaves_nothing_there(
    kafka: MockKafka, store: ModelVersions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copytree(folder_of(store) / "length" / "1", tmp_path / "length" / "1")
    run(kafka, folder_of(store), "withdraw", "length", "--no-wait")

    def refuse(*given: object) -> None:
        raise ModelError("the store cannot be written: read-only")

    monkeypatch.setattr(FolderFiles, "create", refuse)
    failed = run(kafka, tmp_path, "promote", "length", 1, "--no-wait")
    assert (failed.exit_code, "its record on models.v1 is deleted" in failed.stderr) == (1, True)
    assert "length" not in announced_cards(kafka.bootstrap)


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


def test_a_version_in_shadow_stands_under_a_key_of_its_own_until_it_is_ended(
    kafka: MockKafka, store: ModelVersions
) -> None:
    folder, before = folder_of(store), store.promotions("length")
    with acknowledging(kafka.bootstrap, kind="model"):
        run(kafka, folder, "promote", "length", 1, "--json")
        put = run(kafka, folder, "shadow", "length", 2, "--from-ms", 7_000, "--json")
        assert put.exit_code == 0, put.output
        found = announced_cards(kafka.bootstrap)
        ended = run(kafka, folder, "shadow", "length", "--off", "--json")
        assert ended.exit_code == 0, ended.output
    told = json.loads(put.stdout)
    assert (told["state"], told["in_force"], told["version"]) == ("in_force", "2 of 2 subtasks", 2)
    shadow = found["shadow.length"]
    assert (shadow.card.version, shadow.mode, shadow.from_ms) == (2, "shadow", 7_000)
    assert (found["length"].card.version, found["length"].mode) == (1, "active")
    assert json.loads(ended.stdout)["state"] == "in_force"
    assert set(announced_cards(kafka.bootstrap)) == {"length"}
    assert store.promotions("length")[len(before) + 1 :] == [], "a shadow is no promotion"


def test_putting_the_version_in_shadow_in_force_ends_its_shadow_and_no_other(
    kafka: MockKafka, store: ModelVersions
) -> None:
    folder = folder_of(store)
    with acknowledging(kafka.bootstrap, kind="model"):
        run(kafka, folder, "promote", "length", 1)
        run(kafka, folder, "shadow", "length", 2)
        other = json.loads(run(kafka, folder, "promote", "length", 1, "--json").stdout)
        assert announced_cards(kafka.bootstrap)["shadow.length"].card.version == 2
        alone = run(kafka, folder, "promote", "length", 2, "--no-announce", "--json")
        assert announced_cards(kafka.bootstrap)["shadow.length"].card.version == 2
        same = json.loads(run(kafka, folder, "promote", "length", 2, "--json").stdout)
    with acknowledging(kafka.bootstrap, refuse="no memory", kind="model"):
        run(kafka, folder, "shadow", "length", 1, "--no-wait")
        run(kafka, folder, "rollback", "length")
    found = announced_cards(kafka.bootstrap)
    assert ("shadow" in other, "shadow" in json.loads(alone.stdout), same["shadow"]) == (False, False, "ended")
    assert found["shadow.length"].card.version == 1, "what is refused is not in force, and goes on in shadow"
    run(kafka, folder, "shadow", "length", "--off", "--no-wait")


def test_what_shadow_cannot_do_is_told(kafka: MockKafka, store: ModelVersions) -> None:
    folder = folder_of(store)
    nothing = run(kafka, folder, "shadow", "tone", "--off")
    assert nothing.exit_code == 1
    assert "model tone: no version is in shadow; put one there with models shadow tone VERSION" in nothing.stderr
    for wrong in ((), (1, "--off")):
        found = run(kafka, folder, "shadow", "length", *wrong)
        assert found.exit_code == 2
        assert "give the version to put in shadow, or --off" in " ".join(found.stderr.replace("│", " ").split())
    with acknowledging(kafka.bootstrap, kind="model"):
        run(kafka, folder, "promote", "length", 1)
    itself = run(kafka, folder, "shadow", "length", 1)
    assert (itself.exit_code, "version 1 is in force: in shadow it would be compared with itself" in itself.stderr) == (
        1,
        True,
    )
    for from_ms in (-1, 10**15):
        assert run(kafka, folder, "shadow", "length", 1, "--from-ms", from_ms).exit_code == 2
    unknown = run(kafka, folder, "shadow", "length", 9)
    assert "no version 9; there are 1, 2" in unknown.stderr


def test_compare_without_versions_shows_shadow_beside_live(kafka: MockKafka, tmp_path: Path) -> None:
    alone = run(kafka, tmp_path, "compare", "length")
    assert alone.exit_code == 1
    assert "was scored in shadow; put a version there with `models shadow length VERSION`" in alone.stderr
    rows, outcomes = [], []
    for number in range(40):
        session, scores = f"c{number}", {"length": 500.0, "shadow_length": 410.0}
        models, segment = {"length": 1, "shadow_length": 2}, "s1" if number < 35 else "s2"
        rows.append(FeatureRow(session, NOON_MS, "window", {}, {}, segment, {**scores}, None, models))
        outcomes.append(Outcome(None, session, None, NOON_MS + 1, "preferred_content_length", 400.0))
    (tmp_path / "f.jsonl").write_bytes(b"\n".join(map(msgspec.json.encode, rows)))
    (tmp_path / "o.jsonl").write_bytes(b"\n".join(map(msgspec.json.encode, outcomes)))
    files = ("--features", tmp_path / "f.jsonl", "--outcomes", tmp_path / "o.jsonl")
    found = run(kafka, tmp_path, "compare", "length", *files, "--json")
    assert found.exit_code == 0, found.output
    told = json.loads(found.stdout)
    assert (told["live"], told["shadow"], told["readers"], told["told"]) == (1, 2, 40, 40)
    measured = [told[each]["value"] for each in ("agreement", "difference", "live_error", "shadow_error", "advantage")]
    assert measured == [0.0, 90.0, 100.0, 10.0, 90.0]
    assert json.loads(run(kafka, tmp_path, "compare", "length.s1", *files, "--json").stdout)["readers"] == 35
    shown = " ".join(run(kafka, tmp_path, "compare", "length", *files).stdout.split())
    assert "mean error in words 100 (100 to 100) 10 (10 to 10) 90 (90 to 90)" in shown
    assert run(kafka, tmp_path, "compare", "length", 1).exit_code == 2
    alone = run(kafka, tmp_path, "compare", "length", "--outcomes", tmp_path / "o.jsonl")
    assert (alone.exit_code, "give --features as well" in alone.stderr) == (2, True), "the topics are not meant"
    assert run(kafka, tmp_path, "compare", "length", 1, 2, "--csv", tmp_path / "c.csv", *files).exit_code == 2


@pytest.mark.parametrize(
    ("artefact", "changed", "says"),
    [
        (
            length_model(),
            {"features": ["clicks", "device", "mood"]},
            "'mood' is not known to this job; name the inputs as the job does, with --rename of models train",
        ),
        (b"MZ", {}, "the artefact is not ONNX; train another version, or take the files back from a copy"),
    ],
)
def test_a_refusal_ends_with_what_mends_it(artefact: bytes, changed: dict[str, object], says: str) -> None:
    with pytest.raises(ModelError) as refused:
        announcement(StoredModel(length_card(artefact, **changed), artefact), "", 0)
    assert str(refused.value).endswith(says)
