"""models predict: one reader by --set, many by --csv."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from infra.cli.main import app
from models.model_versions import EVALUATION, ModelVersions, Promotion
from tests.support.announced_models import length_card, length_model
from tests.support.model_stores import evaluation, filled_store


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Version 1 of `length` is in force, version 2 was kept out: 400 words, 10 less for each click, 100 more on a desktop."""
    filled_store(tmp_path / "store")
    return tmp_path / "store"


def predict(store: Path, *arguments: object) -> Result:
    return CliRunner().invoke(app, ["models", "predict", *map(str, arguments), "--store", str(store)])


def test_one_reader_gets_words_with_interval_and_confidence(store: Path) -> None:
    found = predict(store, "length", "--set", "clicks=3", "--set", "device=phone")
    assert found.exit_code == 0, found.stderr
    assert found.stderr == "microadjust: length version 1, in force\n"
    lines = [line.split(maxsplit=1) for line in found.stdout.splitlines()]
    assert lines[:3] == [["words", "350"], ["interval", "290 to 450 words"], ["confidence", "0.90"]]
    document = json.loads(predict(store, "length", 2, "--set", "clicks=3", "--set", "device=phone", "--json").stdout)
    assert (document["version"], document["in_force"], document["value"]) == (2, False, 350)


def test_an_interval_holds_lengths_that_a_reader_can_wish_for(tmp_path: Path) -> None:
    store, artefact = ModelVersions(tmp_path), length_model(base=60.0)
    store.add(length_card(artefact), artefact)
    #  60 words, 80 either way
    asked = ("length", "--set", "clicks=0", "--set", "device=phone")
    assert ["interval", "1 to 140 words"] in [
        line.split(maxsplit=1) for line in predict(tmp_path, *asked).stdout.splitlines()
    ]
    # With --json it is as the model gives it.
    assert json.loads(predict(tmp_path, *asked, "--json").stdout)["low"] == -20.0


def test_the_version_in_force_is_asked_else_the_newest_that_passed_the_gate(store: Path) -> None:
    versions = ModelVersions(store)
    arguments = ("length", "--set", "clicks=3", "--set", "device=phone")
    versions.record("length", Promotion(1, "withdraw", 0, "eva"))
    assert predict(store, *arguments).stderr == "microadjust: length version 1, not in force\n"
    document = json.loads(predict(store, *arguments, "--json").stdout)
    assert (document["version"], document["in_force"], document["gate"]) == (1, False, True)
    versions.record("length", Promotion(2, "promote", 0, "eva"))
    document = json.loads(predict(store, *arguments, "--json").stdout)
    assert (document["version"], document["in_force"], document["gate"]) == (2, True, False)


def test_where_none_passed_the_gate_the_newest_is_asked_and_said_to_be_kept_out(tmp_path: Path) -> None:
    store, artefact = ModelVersions(tmp_path), length_model()
    for _ in range(2):
        store.add(length_card(artefact), artefact, {EVALUATION: evaluation(False)})
    arguments = ("length", "--set", "clicks=3", "--set", "device=phone")
    says = "microadjust: length version 2, not in force, kept out by the gate: `models show` says why\n"
    assert predict(tmp_path, *arguments).stderr == says
    store.add(length_card(artefact), artefact)
    assert predict(tmp_path, "length", 3, *arguments[1:]).stderr.endswith("not in force, not judged by the gate\n")
    assert json.loads(predict(tmp_path, "length", 3, *arguments[1:], "--json").stdout)["gate"] is None


def test_json_has_the_same_keys_whether_the_model_answers_or_is_silent(store: Path) -> None:
    answered, silent = (
        json.loads(predict(store, "length", "--set", f"clicks={clicks}", "--set", "device=phone", "--json").stdout)
        for clicks in (3, 30)
    )
    assert answered.keys() == silent.keys()
    assert {"model", "version", "kind", "in_force", "gate", "value", "confidence", "silence"} <= silent.keys()
    assert (silent["value"], silent["confidence"], answered["silence"]) == (None, None, None)


def test_silence_is_an_answer(store: Path) -> None:
    found = predict(store, "length", "--set", "clicks=30")
    assert found.exit_code == 0
    assert "outside the training range by clicks: 30, trained on 0 to 20" in found.stdout


def test_rows_of_a_file_are_asked_in_their_order(store: Path, tmp_path: Path) -> None:
    path = tmp_path / "readers.csv"
    path.write_text("pressed;age;device;session_age_ms;note\n1,5;9;phone;1;x\nNA;9;desktop;2;y\n60;9;phone;3;z\n")
    found = predict(store, "length", "--csv", path, "--rename", "pressed=clicks*2", "--json")
    rows = json.loads(found.stdout)["rows"]
    #  400 - 2 * 1.5 clicks of 10 words = 370
    assert rows[0]["scores"]["length"] == 370.0
    assert rows[1]["unknown"] == ["clicks"]
    assert "by clicks: 120" in rows[2]["silence"]
    table = predict(store, "length", "--csv", path, "--rename", "pressed=clicks*2").stdout
    assert len(table.splitlines()) == 4


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--set", "clikcs=3"), "--set clikcs=3: length version 1 has no input clikcs; did you mean clicks?"),
        (("--set", "clicks"), "--set clicks: give FEATURE=VALUE"),
        (("--set", "clicks=many"), "--set clicks=many: 'many' is no finite number"),
        (("--set", "clicks=1", "--set", "clicks=2"), "--set clicks=…: given twice"),
        (
            ("--csv", "FILE"),
            "line 1: no column clicks, which length version 1 reads; --rename COLUMN=clicks gives it one",
        ),
        (("--csv", "FILE", "--rename", "a=clicks"), "line 2, column a: 'x' is no finite number"),
        (("--csv", "FILE", "--rename", "b=clicks"), "line 1: no column b"),
    ],
)
def test_what_cannot_be_read_is_told(store: Path, tmp_path: Path, arguments: tuple[str, ...], says: str) -> None:
    path = tmp_path / "readers.csv"
    path.write_text("a,device,session_age_ms\nx,phone,1\n")
    found = predict(store, "length", *(str(path) if each == "FILE" else each for each in arguments))
    assert found.exit_code == 1
    assert says in found.stderr


def test_one_source_is_given(store: Path) -> None:
    assert predict(store, "length").exit_code == 2
    assert predict(store, "length", "--set", "clicks=3", "--csv", "x.csv").exit_code == 2
    assert predict(store, "length", "--set", "clicks=3", "--rename", "a=b").exit_code == 2


@pytest.fixture
def renamed_store(tmp_path: Path) -> Path:
    """A length whose clicks were made of the column `pressed`, which counts dozens, and whose device of `kind`."""
    artefact, folder = length_model(), tmp_path / "renamed"
    card = length_card(artefact, options={"rename": ["pressed=clicks*12", "kind=device", "other=left_out"]})
    ModelVersions(folder).add(card, artefact)
    return folder


@pytest.mark.parametrize(
    ("header", "options", "clicks"),
    [
        ("pressed,kind", (), 12.0),
        # What the file itself calls clicks is no dozen.
        ("clicks,kind", (), 1.0),
        ("clicks,device", (), 1.0),
        ("pressed,kind", ("--rename", "pressed=clicks*3"), 3.0),
        ("taps,kind", ("--rename", "taps=clicks*2"), 2.0),
    ],
)
def test_columns_are_renamed_as_in_training_unless_the_file_or_an_option_says_otherwise(
    renamed_store: Path, tmp_path: Path, header: str, options: tuple[str, ...], clicks: float
) -> None:
    path = tmp_path / "readers.csv"
    path.write_text(f"{header},session_age_ms\n1,phone,1\n")
    found = predict(renamed_store, "length", "--csv", path, *options, "--json")
    assert found.exit_code == 0, found.stderr
    assert json.loads(found.stdout)["rows"][0]["scores"]["length"] == 400.0 - 10.0 * clicks


def test_a_unit_that_training_changed_under_the_same_name_is_changed_again(tmp_path: Path) -> None:
    artefact, folder, path = length_model(), tmp_path / "dozens", tmp_path / "readers.csv"
    ModelVersions(folder).add(length_card(artefact, options={"rename": ["clicks=clicks*12"]}), artefact)
    path.write_text("clicks,device,session_age_ms\n1,phone,1\n")
    for options, clicks in (((), 12.0), (("--rename", "clicks=clicks*2"), 2.0)):
        found = predict(folder, "length", "--csv", path, *options, "--json")
        assert json.loads(found.stdout)["rows"][0]["scores"]["length"] == 400.0 - 10.0 * clicks


def test_an_option_wins_over_the_renamings_of_the_training(renamed_store: Path, tmp_path: Path) -> None:
    path = tmp_path / "readers.csv"
    path.write_text("pressed,taps,kind,session_age_ms\n1,2,phone,1\n")
    found = predict(renamed_store, "length", "--csv", path, "--rename", "taps=clicks", "--json")
    assert json.loads(found.stdout)["rows"][0]["scores"]["length"] == 380.0


def test_a_missing_column_is_told_with_the_renaming_of_the_training(renamed_store: Path, tmp_path: Path) -> None:
    path = tmp_path / "readers.csv"
    path.write_text("taps,kind,session_age_ms\n1,phone,1\n")
    says = "--rename COLUMN=clicks*FACTOR gives it one, in training it was --rename pressed=clicks*12"
    assert says in predict(renamed_store, "length", "--csv", path).stderr
