"""What is damaged in a store of models is named, and hides nothing else."""

import json
from pathlib import Path
from shutil import copytree

import pytest

from tests.support.model_commands import RENAMED, copied, run


def test_a_pickle_in_the_store_is_told_and_never_opened(folder: Path, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    artefact = copied(folder, tmp_path) / "length" / "1" / "model.onnx"
    artefact.write_bytes(b"cposix\nsystem\n(S'touch " + str(canary).encode() + b"'\ntR.")
    row = json.loads(run("list", "--store", tmp_path / "store", "--json").stdout)[0]
    assert (row["version"], row["state"]) == (1, "in force, damaged")
    assert run("promote", "length", 1, "--no-announce", "--store", tmp_path / "store").exit_code == 1
    assert not canary.exists()


def test_one_broken_version_hides_no_other(folder: Path, tmp_path: Path) -> None:
    store = copied(folder, tmp_path)
    copytree(store / "length" / "1", store / "tone" / "1")
    copytree(store / "length", store / "length.s1")
    (store / "length" / "1" / "evaluation.json").write_text("{")
    rows = json.loads(run("list", "--store", store, "--json").stdout)
    assert {(each["model"], each["version"]): each["state"] for each in rows}[("length", 1)] == "in force, damaged"
    assert "evaluation.json cannot be read" in rows[0]["problem"]
    assert "damaged" in run("list", "--store", store).stdout
    (store / "length" / "promotions.json").write_text("[{")
    rows = json.loads(run("list", "--store", store, "--json").stdout)
    assert {each["model"] for each in rows} == {"length", "length.s1", "tone"}


def test_a_damaged_version_in_force_stops_no_training_and_is_named(folder: Path, tmp_path: Path) -> None:
    store = copied(folder, tmp_path)
    (store / "length" / "1" / "model.onnx").write_bytes(b"cut")

    trained = run("train", "length", "--csv", folder / "wishes.csv", *RENAMED, "--store", store, "--json")
    rows = json.loads(run("list", "--store", store, "--json").stdout)

    assert trained.exit_code == 1
    told = json.loads(trained.stdout)
    (reason,) = told["evaluation"]["reasons"] if "reasons" in told["evaluation"] else told["reasons"]
    assert "the version in force is damaged" in reason
    assert str(store / "length" / "1") in reason
    states = {each["version"]: each["state"] for each in rows}
    assert states[1] == "in force, damaged"
    assert states[max(states)] is None
    withdrawn = run("withdraw", "length", "--no-announce", "--store", store, "--json")
    assert json.loads(withdrawn.stdout)["before"] == 1
    again = run("train", "length", "--csv", folder / "wishes.csv", *RENAMED, "--store", store, "--json")
    assert again.exit_code == 0, again.output


def test_a_card_with_a_time_beyond_the_calendar_stops_no_training_and_is_named(folder: Path, tmp_path: Path) -> None:
    store = copied(folder, tmp_path)
    card = store / "length" / "1" / "card.json"
    card.write_text(json.dumps(json.loads(card.read_text()) | {"trained_until_ms": 10**18}))

    trained = run("train", "length", "--csv", folder / "wishes.csv", *RENAMED, "--store", store)

    assert isinstance(trained.exception, SystemExit)
    assert trained.exit_code == 1
    says = f"the version in force is damaged, so nothing was compared with it: {card}: trained_until_ms is no time"
    assert says in trained.stderr


def test_what_says_what_is_in_force_may_be_damaged_and_hides_no_version(folder: Path, tmp_path: Path) -> None:
    store = copied(folder, tmp_path)
    promotions = store / "length" / "promotions.json"
    promotions.write_text("[{")

    rows = json.loads(run("list", "--store", store, "--json").stdout)
    rolled_back = run("rollback", "length", "--no-announce", "--store", store)

    assert {each["state"] for each in rows} == {"not known"}
    assert {each["gate"] for each in rows} <= {True, False}
    assert all(str(promotions) in each["problem"] for each in rows)
    assert rolled_back.exit_code == 1
    assert "delete it and promote the version in force again" in " ".join(rolled_back.stderr.split())


@pytest.mark.parametrize("name", ["1/card.json", "1/evaluation.json", "promotions.json", "promotions/1.json"])
def test_json_that_is_nested_too_deeply_is_told_by_its_place(folder: Path, tmp_path: Path, name: str) -> None:
    store = copied(folder, tmp_path)
    place = store / "length" / name
    place.parent.mkdir(exist_ok=True)
    place.write_text('{"x":' + "[" * 1_500 + "]" * 1_500 + "}")

    listed = run("list", "--store", store, "--json")
    others = [run("show", "length", "--store", store)]
    others.append(run("promote", "length", 1, "--no-announce", "--store", store))

    assert listed.exit_code == 0, listed.exception
    assert name.rpartition("/")[2] in json.loads(listed.stdout)[0]["problem"] or "length/1" in listed.stdout
    # One line, and no trace.
    assert all(each.exception is None or isinstance(each.exception, SystemExit) for each in others)
