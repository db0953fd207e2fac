"""A version of a store in one row: in force, and for whom."""

from pathlib import Path

from typer.testing import CliRunner

from infra.cli.main import app
from infra.learning.version_rows import row_of, state_of
from models.model_versions import EVALUATION, Promotion
from tests.support.announced_models import length_card, length_model
from tests.support.model_stores import NOON_MS, evaluation, filled_store


def test_a_version_that_was_not_announced_is_in_force_in_the_store_only(tmp_path: Path) -> None:
    store = filled_store(tmp_path)
    # Its promotion is from before it was noted whether one was announced.
    assert state_of(store, "length", 1) == "in force"
    store.record("length", Promotion(2, "promote", NOON_MS + 1, "eva", announced=False))
    assert (state_of(store, "length", 1), state_of(store, "length", 2)) == (None, "in force (store only)")
    store.record("length", Promotion(2, "promote", NOON_MS + 2, "eva", announced=True))
    assert state_of(store, "length", 2) == "in force"


def test_a_row_has_numbers_and_booleans(tmp_path: Path) -> None:
    store = filled_store(tmp_path)
    first, second = row_of(store, "length", 1), row_of(store, "length", 2)
    assert (first.gate, first.in_force, first.metrics["mae"].value) == (True, True, 70.0)
    assert (second.gate, second.in_force, second.state) == (False, False, None)
    assert first.created_ms is not None
    (tmp_path / "length" / "2" / "card.json").unlink()
    assert row_of(store, "length", 2).state == "broken"


def test_inputs_that_the_job_does_not_know_are_named_beside_the_gate(tmp_path: Path) -> None:
    store, artefact = filled_store(tmp_path), length_model()
    assert row_of(store, "length", 1).unknown_to_the_job == []
    features = {"features": ["session_duration", "device_type"], "categories": {"device_type": ["phone"]}, "ranges": {}}
    store.add(length_card(artefact, **features), artefact, {EVALUATION: evaluation(True)})
    assert row_of(store, "length", 3).unknown_to_the_job == ["session_duration", "device_type"]
    listed, shown = (
        CliRunner().invoke(app, ["models", *words, "--store", str(tmp_path)]).stdout
        for words in (["list"], ["show", "length", "3"])
    )
    names = "session_duration, device_type"
    assert f"in; not announced: the job computes no {names}" in listed
    assert listed.count("not announced") == 1
    assert f"the job computes no {names}: it can be compared and asked, not announced" in shown
