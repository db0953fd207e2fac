"""A verdict holds against the model that was in force then; a segment's model faces that of all readers."""

from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner, Result

from infra.cli.main import app
from infra.learning.incumbents import incumbent_name, load_incumbent
from models.learning.evaluation import Check, Evaluation
from models.model_versions import EVALUATION, ModelVersions, Promotion
from schemas.model_cards import MetricValue
from tests.support.announced_models import length_card, length_model
from tests.support.model_stores import NOON_MS


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["models", *map(str, arguments)])


def add(store: ModelVersions, model_id: str, incumbent: str | None) -> int:
    """A version that the gate let in, judged against `incumbent`."""
    artefact = length_model()
    segment = model_id.partition(".")[2] or None
    found = Evaluation(
        model_id, "length", "preferred_content_length", "words", "a file", 1, "mean absolute error", [], 0, 0, [],
        {"mae": MetricValue(70.0)}, [], [], [], [Check("parity", True, "agrees")], incumbent,
    )  # fmt: skip
    card = length_card(artefact, id=model_id, segment=segment)
    return store.add(card, artefact, {EVALUATION: msgspec.json.encode(found)}).version


def put(store: ModelVersions, model_id: str, version: int) -> None:
    store.record(model_id, Promotion(version, "promote", NOON_MS, "eva"))


def test_a_version_judged_against_another_incumbent_is_refused_with_the_way_out(tmp_path: Path) -> None:
    store = ModelVersions(tmp_path)
    for incumbent in (None, None, "length@1"):
        add(store, "length", incumbent)
    assert run("promote", "length", 1, "--no-announce", "--store", tmp_path).exit_code == 0

    stale = run("promote", "length", 2, "--no-announce", "--store", tmp_path)
    assert stale.exit_code == 1
    assert "length version 2 was judged without an incumbent, and length@1 is in force now" in stale.stderr
    assert "microadjust models train length" in stale.stderr
    assert store.promoted("length") == 1

    assert run("promote", "length", 3, "--no-announce", "--store", tmp_path).exit_code == 0
    # The version in force may be announced again; the one before comes back by a rollback alone.
    assert run("promote", "length", 3, "--no-announce", "--store", tmp_path).exit_code == 0
    assert "was judged without" in run("promote", "length", 1, "--no-announce", "--store", tmp_path).stderr
    assert run("rollback", "length", "--no-announce", "--store", tmp_path).exit_code == 0
    assert store.promoted("length") == 1
    assert run("promote", "length", 3, "--no-announce", "--store", tmp_path).exit_code == 0


def test_the_first_model_of_a_segment_faces_that_of_all_readers(tmp_path: Path) -> None:
    store = ModelVersions(tmp_path)
    add(store, "length", None)
    add(store, "length.s1", None)
    assert incumbent_name(store, "length.s1") is None
    assert load_incumbent(store, "length.s1") is None
    put(store, "length", 1)
    assert incumbent_name(store, "length.s1") == "length@1"
    faced = load_incumbent(store, "length.s1")
    assert faced is not None
    assert faced.card.id == "length"
    assert "length@1 is in force now" in run("promote", "length.s1", 1, "--no-announce", "--store", tmp_path).stderr

    add(store, "length.s1", "length@1")
    assert run("promote", "length.s1", 2, "--no-announce", "--store", tmp_path).exit_code == 0
    assert incumbent_name(store, "length.s1") == "length.s1@2"


@pytest.mark.parametrize(("model_id", "name"), [("isolation_forest", "forest@3"), ("anomaly", None)])
def test_the_forest_that_ships_is_in_force_until_another_is(tmp_path: Path, model_id: str, name: str | None) -> None:
    store = ModelVersions(tmp_path)
    assert incumbent_name(store, model_id) == name
    found = load_incumbent(store, model_id)
    assert (None if found is None else f"{found.card.id}@{found.card.version}") == name


def test_a_version_of_an_earlier_release_that_faced_no_incumbent_is_not_promoted(tmp_path: Path) -> None:
    store = ModelVersions(tmp_path)
    add(store, "length", None)
    place = tmp_path / "length" / "1" / EVALUATION
    found = msgspec.json.decode(place.read_bytes(), type=Evaluation)
    found.checks.append(Check("incumbent", True, "not asked: no column device", asked=False))
    place.write_bytes(msgspec.json.encode(found))
    refused = run("promote", "length", 1, "--no-announce", "--store", tmp_path)
    assert refused.exit_code == 1
    assert "the gate keeps it out: not asked: no column device" in refused.stderr
