"""models train, list, show, promote, rollback, compare on a store, without Kafka."""

import json
import shlex
from pathlib import Path
from shutil import copytree

import pytest

from infra.learner.model_hook import ROLLBACK_COMMAND, words_for
from infra.simulate.preferences import CHOOSING, JUDGING
from models.model_versions import ModelVersions
from tests.support.announced_models import length_card, length_model
from tests.support.model_commands import RENAMED, copied, run, write


def test_a_trained_model_is_listed_and_shown_with_its_report(folder: Path) -> None:
    (row,) = [
        each for each in json.loads(run("list", "--store", folder / "store", "--json").stdout) if each["version"] == 1
    ]
    assert (row["model"], row["state"], row["in_force"], row["gate"]) == ("length", "in force (store only)", True, True)
    assert row["metrics"]["mae"]["low"] < row["metrics"]["mae"]["value"]
    assert row["created_ms"] > row["trained_until_ms"] > 1_700_000_000_000
    shown = json.loads(run("show", "length", "--store", folder / "store", "--json").stdout)
    assert shown["card"]["features"] == ["session_age_ms", "click_rate", "device", "user_expertise"]
    assert all(check["passed"] for check in shown["evaluation"]["checks"])
    assert shown["evaluation"]["checks"][-1]["detail"].endswith("; all of it lies above 0")
    card = shown["card"]
    assert card["options"]["rename"] == ["session_duration=session_age_ms*1000", "device_type=device"]
    assert "without" not in card["options"]
    assert set(card["libraries"]) == {"scikit-learn", "numpy", "onnx"}
    assert (len(card["data_sha256"]), card["created_at_ms"] > 1_700_000_000_000) == (64, True)
    assert [each["kind"] for each in shown["promotions"]] == ["promote"]
    assert (folder / "store" / "length" / "1" / "report.html").read_text().startswith("<!doctype html>")
    assert shown["in_force"] is True
    page = run("show", "length", 1, "--store", folder / "store").stdout
    for says in (
        "beats the linear model",
        "in force (store only), created 20",
        "no incumbent",
        "later 240 rows",
        "importance",
    ):
        assert says in page


def test_great_numbers_of_a_training_range_are_written_out(tmp_path: Path) -> None:
    store, artefact = ModelVersions(tmp_path / "store"), length_model()
    store.add(length_card(artefact, ranges={"clicks": (5_100.0, 1_701_850.0)}), artefact)
    assert "5100 to 1,701,850" in run("show", "length", "--store", tmp_path / "store").stdout


def test_a_version_that_is_no_better_stays_out_with_the_reason(folder: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    again = run(
        "train", "length", "--csv", folder / "wishes.csv", *RENAMED, "--store", folder / "store", "--report", page
    )
    assert again.exit_code == 1
    assert "the gate keeps the model out: not shown to be better than the incumbent" in again.stderr
    assert b"keeps this model out" in page.read_bytes()
    refused = run("promote", "length", 2, "--no-announce", "--store", folder / "store")
    assert refused.exit_code == 1
    assert "length version 2: the gate keeps it out" in refused.stderr
    listed = json.loads(run("list", "--store", folder / "store", "--json").stdout)
    assert [(each["version"], each["state"], each["gate"]) for each in listed[:2]] == [
        (1, "in force (store only)", True),
        (2, None, False),
    ]


def again_in(store: Path) -> int:
    """Stores the first version once more, judged against itself; returns its number."""
    versions = ModelVersions(store)
    first, findings = versions.load("length", 1), versions.read("length", 1, "evaluation.json")
    assert findings is not None
    findings = json.dumps(json.loads(findings) | {"incumbent": "length@1"}).encode()
    return versions.add(first.card, first.artefact, {"evaluation.json": findings}).version


def test_promote_and_rollback(folder: Path, tmp_path: Path) -> None:
    store, changed = copied(folder, tmp_path), write(tmp_path / "changed.csv", CHOOSING, 22, rows=1_600)
    trained = run("train", "length", "--csv", changed, "--store", store)
    assert trained.exit_code == 0, trained.stderr
    assert "device_type (did you mean device?): the model can be compared and asked, not announced" in trained.stderr
    unknown = json.loads(run("list", "--store", store, "--json").stdout)[-1]["version"]
    for announce in ((), ("--no-announce",)):
        refused = run("promote", "length", unknown, *announce, "--store", store)
        assert refused.exit_code == 1
        assert "the job would refuse it: the feature 'session_duration' is not known to this job" in refused.stderr
    version = again_in(store)
    for says in ("", f"microadjust: model length version {version} was in force before\n"):
        promoted = run("promote", "length", version, "--no-announce", "--store", store)
        assert (promoted.exit_code, promoted.stderr) == (0, says)
    learner = (*shlex.split(ROLLBACK_COMMAND)[2:], "--no-announce", "--store", str(store), "--json")
    back = json.loads(run(*words_for(learner, "length", str(version))).stdout)
    assert (back["version"], back["before"], back["change"]) == (1, version, "rollback")
    # Found again, as after a restart of the learner: version 1 is not to blame.
    again = run(*words_for(learner, "length", str(version)))
    assert (again.exit_code, json.loads(again.stdout)["state"]) == (0, "unchanged")
    assert [each.kind for each in ModelVersions(store).promotions("length")] == [
        "promote",
        "promote",
        "rollback",
    ]
    assert run("rollback", "length", "--no-announce", "--store", store).exit_code == 0
    none = run("rollback", "length", "--no-announce", "--store", store)
    assert none.exit_code == 1
    assert "no version is in force" in none.stderr


def test_versions_are_compared_on_new_rows(folder: Path, tmp_path: Path) -> None:
    newer = write(tmp_path / "newer.csv", JUDGING, 23, rows=300)
    found = run("compare", "length", 1, 1, "--csv", newer, *RENAMED, "--store", folder / "store", "--json")
    compared = json.loads(found.stdout)
    assert (compared["rows"], compared["verdict"]) == (300, "neither is shown to be better")
    assert compared["first_metrics"]["mae"]["low"] < compared["first_metrics"]["mae"]["value"]
    # The columns are renamed as the version was trained on them.
    as_trained = run("compare", "length", 1, 1, "--csv", newer, "--store", folder / "store", "--json")
    assert json.loads(as_trained.stdout)["first_metrics"] == compared["first_metrics"]
    (tmp_path / "fewer.csv").write_text(newer.read_text().replace("session_duration", "duration"))
    lacking = run("compare", "length", 1, 1, "--csv", tmp_path / "fewer.csv", "--store", folder / "store")
    assert "no column session_age_ms, nor session_duration that can be read: give data that has it" in lacking.stderr


def test_versions_for_a_segment_are_compared_on_its_rows(folder: Path, tmp_path: Path) -> None:
    store, newer = copied(folder, tmp_path), write(tmp_path / "newer.csv", JUDGING, 23, rows=300)
    copytree(store / "length" / "1", store / "length.s1" / "1")
    card = store / "length.s1" / "1" / "card.json"
    card.write_text(json.dumps(json.loads(card.read_text()) | {"id": "length.s1", "segment": "s1"}))
    lines = newer.read_text().splitlines()
    cells = [f"s{1 + place % 3}," + each for place, each in enumerate(lines[1:])]
    newer.write_text("\n".join(["segment," + lines[0], *cells]))
    found = run("compare", "length.s1", 1, 1, "--csv", newer, *RENAMED, "--store", store, "--json")
    assert json.loads(found.stdout)["rows"] == 100
    warned = run("compare", "length", 1, 1, "--csv", newer, *RENAMED, "--store", store)
    assert "rows lie before the end of the training of length@1" in warned.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (
            ("train", "mood", "--csv", "x.csv"),
            "tone, each alone or with .SEGMENT, and the detectors isolation_forest and anomaly\n",
        ),
        (("train", "length"), "give one source: --csv FILE"),
        (("train", "length", "--features", "x.jsonl"), "--features and --outcomes belong together"),
        (("train", "length", "--csv", "nowhere.csv"), "nowhere.csv cannot be read"),
        (("train", "length", "--last", "soon"), "--last soon: give a number above 0 with s, m, h or d"),
        (("show", "length"), "/store holds no model length"),
        (("promote", "length", "1"), "model length: no version 1"),
        (("rollback", "length"), "/store holds no model length; there are none"),
        (("withdraw", "length", "--no-announce"), "/store holds no model length; there are none"),
        (
            ("list", "--store", "s3://bucket/models"),
            "s3://bucket/models: the driver of s3:// is not installed: pip install s3fs",
        ),
    ],
)
def test_errors_are_one_line_with_the_fix(tmp_path: Path, arguments: tuple[str, ...], says: str) -> None:
    store = () if "--store" in arguments else ("--store", tmp_path / "store")
    found = run(*arguments, *store)
    assert found.exit_code == 1
    assert says in found.stderr
    assert len(found.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("given", "status", "says"),
    [("", 2, "is empty: give a folder"), ("file://", 1, "file:///path"), ("  ", 2, "is empty")],
)
def test_a_store_that_is_named_by_nothing_is_not_the_folder_one_stands_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str, status: int, says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for command in (("list",), ("withdraw", "length", "--no-announce"), ("show", "length")):
        refused = run(*command, "--store", given)
        assert refused.exit_code == status
        assert says in " ".join(refused.stderr.replace("│", " ").split())
    assert list(tmp_path.iterdir()) == []


def test_times_beyond_the_calendar_are_shown_as_numbers(folder: Path, tmp_path: Path) -> None:
    store = copied(folder, tmp_path)
    card = store / "length" / "1" / "card.json"
    card.write_text(json.dumps(json.loads(card.read_text()) | {"trained_from_ms": 0, "trained_until_ms": 10**15}))
    assert json.loads(run("list", "--store", store, "--json").stdout)[0]["trained_until_ms"] == 10**15
    assert "1000000000000000 ms" in run("list", "--store", store).stdout
    assert "to 1000000000000000 ms" in run("show", "length", 1, "--store", store).stdout


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("length.", "each alone or with .SEGMENT"),
        ("length.../../x", "is no id of a model"),
        ("length." + "a" * 80, "is no id of a model"),
    ],
)
def test_a_name_that_no_model_can_have_is_told_before_anything_is_read(tmp_path: Path, name: str, says: str) -> None:
    refused = run("train", name, "--csv", tmp_path / "nowhere.csv", "--store", tmp_path / "store")
    assert (refused.exit_code, says in refused.stderr) == (1, True)


def test_a_report_that_could_not_be_written_is_told_before_anything_is_trained(folder: Path, tmp_path: Path) -> None:
    page = tmp_path / "nowhere" / "report.html"
    refused = run("train", "length", "--csv", folder / "wishes.csv", "--store", tmp_path / "store", "--report", page)
    assert refused.exit_code == 1
    assert f"--report {page}: give a file in a folder that exists" in refused.stderr
    assert not (tmp_path / "store").exists()


def test_the_report_names_the_version(folder: Path) -> None:
    assert "<h1>Model length version 1</h1>" in (folder / "store" / "length" / "1" / "report.html").read_text()


def test_a_first_version_is_taken_back_by_withdraw_or_rollback(folder: Path, tmp_path: Path) -> None:
    for name, command in (("a", "withdraw"), ("b", "rollback")):
        (tmp_path / name).mkdir()
        store = copied(folder, tmp_path / name)
        for _ in range(2):
            done = run(command, "length", "--no-announce", "--store", store, "--json")
        kept = run("withdraw", "length", "--if-in-force", 1, "--no-announce", "--store", store, "--json")

        assert done.exit_code == (0 if command == "withdraw" else 1)
        assert json.loads(kept.stdout)["state"] == "unchanged"
        assert {each["state"] for each in json.loads(run("list", "--store", store, "--json").stdout)} == {None}
        promoted = run("promote", "length", 1, "--no-announce", "--store", store, "--json")
        assert json.loads(promoted.stdout)["before"] is None
        assert promoted.exit_code == 0, promoted.output


def test_a_store_at_an_address_does_what_a_folder_does(folder: Path, tmp_path: Path) -> None:
    at, hidden = ("--store", f"memory:/{tmp_path}/models"), f"memory://eva:secret@{tmp_path}/other"
    for version in (1, 2):
        trained = run("train", "length", "--csv", folder / "wishes.csv", *RENAMED, *at, "--seed", version)
        assert f"length version {version}: memory:/{tmp_path}/models/length/{version}/report.html" in trained.stdout
        if version == 1:
            assert run("promote", "length", 1, "--no-announce", *at).exit_code == 0
    rows = json.loads(run("list", *at, "--json").stdout)
    assert [(each["version"], each["state"]) for each in rows] == [(1, "in force (store only)"), (2, None)]
    assert f"files          memory:/{tmp_path}/models/length/2" in run("show", "length", 2, *at).stdout
    assert run("predict", "length", "--set", "click_rate=1", *at).exit_code == 0
    compared = run("compare", "length", 1, 2, "--csv", folder / "wishes.csv", *RENAMED, *at, "--json")
    assert compared.exit_code == 0, compared.output
    back = run("rollback", "length", "--no-announce", *at, "--json")
    assert json.loads(back.stdout)["change"] == "withdraw"
    assert run("promote", "length", 1, "--no-announce", *at).exit_code == 0
    assert run("withdraw", "length", "--no-announce", *at).exit_code == 0
    refused = run("promote", "length", 7, "--no-announce", "--store", hidden)
    assert f"no version 7; the store memory://{tmp_path}/other has none of it" in refused.stderr
    assert "secret" not in refused.output


def test_an_empty_store_is_named_without_a_password(tmp_path: Path) -> None:
    folder = tmp_path / "[red]"
    assert (
        f"the store {folder} holds no model; `microadjust models train` trains one"
        in run("list", "--store", folder).stdout
    )
    told = run("show", "length", "--store", f"memory://eva:secret@nowhere{tmp_path}").stderr
    assert ("secret" in told, "holds no model length" in told) == (False, True)
