"""models train, list, show, promote, rollback, compare on a store, without Kafka."""

import csv
import json
import shlex
from pathlib import Path
from shutil import copytree

import pytest
from typer.testing import CliRunner, Result

from infra.cli.main import app
from infra.cli.training_data import DataOptions, examples_of
from infra.learner.model_hook import ROLLBACK_COMMAND, words_for
from infra.simulate.preferences import CHOOSING, JUDGING, PreferenceShape, readers, write_csv
from models.learning.errors import TrainingDataError
from models.learning.examples import Examples
from models.model_versions import ModelVersions

RENAMED = (
    "--rename",
    "session_duration=session_age_ms*1000",
    "--rename",
    "device_type=device",
    "--without",
    "user_expertise",
)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["models", *map(str, arguments)])


def write(path: Path, shape: PreferenceShape, seed: int, rows: int = 1_200) -> Path:
    names = ("session_duration", "click_rate", "device_type", "user_expertise")
    write_csv(path, readers(shape, "length", rows, seed).only(names), "length")
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store whose first version is in force, its CSV file beside it."""
    made = tmp_path_factory.mktemp("models")
    source = write(made / "wishes.csv", JUDGING, 21)
    trained = run("train", "length", "--csv", source, *RENAMED, "--store", made / "store", "--json")
    assert trained.exit_code == 0, trained.output
    promoted = run("promote", "length", 1, "--no-announce", "--store", made / "store")
    assert promoted.exit_code == 0, promoted.output
    return made


def test_a_trained_model_is_listed_and_shown_with_its_report(folder: Path) -> None:
    (row,) = [
        each for each in json.loads(run("list", "--store", folder / "store", "--json").stdout) if each["version"] == 1
    ]
    assert (row["model"], row["state"], row["in_force"], row["gate"]) == ("length", "in force (store only)", True, True)
    assert row["metrics"]["mae"]["low"] < row["metrics"]["mae"]["value"]
    assert row["created_ms"] > row["trained_until_ms"] > 1_700_000_000_000
    shown = json.loads(run("show", "length", "--store", folder / "store", "--json").stdout)
    assert shown["card"]["features"] == ["session_age_ms", "click_rate", "device"]
    assert all(check["passed"] for check in shown["evaluation"]["checks"])
    assert shown["evaluation"]["checks"][-1]["detail"].endswith("; all of it lies above 0")
    card = shown["card"]
    assert card["options"]["rename"] == ["session_duration=session_age_ms*1000", "device_type=device"]
    assert card["options"]["without"] == ["user_expertise"]
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


def copied(folder: Path, tmp_path: Path) -> Path:
    return Path(copytree(folder / "store", tmp_path / "store"))


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
    assert (
        "device_type (did you mean device?), user_expertise: the model can be compared, not announced" in trained.stderr
    )
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
    lacking = run("compare", "length", 1, 1, "--csv", newer, "--store", folder / "store")
    assert "no column session_age_ms, device" in lacking.stderr


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


def test_a_bad_cell_is_told_by_file_line_and_column(tmp_path: Path) -> None:
    path = write(tmp_path / "wishes.csv", CHOOSING, 24, rows=300)
    lines = path.read_text().splitlines()
    cells = lines[41].split(",")
    lines[41] = ",".join([cells[0], "forever", *cells[2:]])
    path.write_text("\n".join(lines) + "\n")
    found = run("train", "length", "--csv", path, "--store", tmp_path / "store")
    assert found.exit_code == 1
    assert f"{path}, line 42, column session_duration: 'forever' is no finite number" in found.stderr
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("train", "mood", "--csv", "x.csv"), "mood: trained are length and tone"),
        (("train", "length"), "give one source: --csv FILE"),
        (("train", "length", "--features", "x.jsonl"), "--features and --outcomes belong together"),
        (("train", "length", "--csv", "nowhere.csv"), "nowhere.csv cannot be read"),
        (("train", "length", "--last", "soon"), "--last soon: give a number above 0 with s, m, h or d"),
        (("show", "length"), "the store holds no model length"),
        (("promote", "length", "1"), "model length: no version 1"),
        (("rollback", "length"), "no version is in force"),
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


def test_a_pickle_in_the_store_is_told_and_never_opened(folder: Path, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    artefact = copied(folder, tmp_path) / "length" / "1" / "model.onnx"
    artefact.write_bytes(b"cposix\nsystem\n(S'touch " + str(canary).encode() + b"'\ntR.")
    row = json.loads(run("list", "--store", tmp_path / "store", "--json").stdout)[0]
    assert (row["version"], row["state"]) == (1, "in force, damaged")
    assert run("promote", "length", 1, "--no-announce", "--store", tmp_path / "store").exit_code == 1
    assert not canary.exists()


def given(path: Path, **changes: object) -> DataOptions:
    options: dict[str, object] = {
        "csv": path, "features": (), "outcomes": (), "last": "", "target": "", "time": "", "session": "",
        "without": (), "category": (), "rename": (),
    }  # fmt: skip
    return DataOptions(**(options | changes))  # type: ignore[arg-type]


def test_one_segment_of_a_csv_file_is_taken_by_its_column(tmp_path: Path) -> None:
    path = tmp_path / "wishes.csv"
    path.write_text("segment,a,preferred_content_length\ns1,1,100\ns2,2,200\ns1,3,300\n")
    found: Examples = examples_of(given(path), "length", "s1", "")
    assert found.truth.tolist() == [100.0, 300.0]
    assert found.names == ("a",)
    path.write_text("a,preferred_content_length\n1,100\n")
    with pytest.raises(
        TrainingDataError, match=r"no column segment, by which .* --rename COLUMN=segment names another"
    ):
        examples_of(given(path), "length", "s1", "")
    path.write_text("group,a,preferred_content_length\n1,1,100\n2,2,200\n")
    assert examples_of(given(path, rename=("group=segment",)), "length", "2", "").truth.tolist() == [200.0]
    path.write_text("segment,a,preferred_content_length\ns1,1,100\n")
    with pytest.raises(TrainingDataError, match="--without segment leaves out the column"):
        examples_of(given(path, without=("segment",)), "length", "s1", "")


@pytest.mark.parametrize("length", ["0", "-5", "100001"])
def test_a_length_that_no_text_has_is_told_by_its_line(tmp_path: Path, length: str) -> None:
    path = tmp_path / "wishes.csv"
    path.write_text(f"a,preferred_content_length\n1,100\n2,{length}\n")
    with pytest.raises(
        TrainingDataError, match=f"line 3, column preferred_content_length: {length} is not 1 to 100000"
    ):
        examples_of(given(path), "length", None, "")
    assert len(examples_of(given(path, target="a"), "length", None, "").truth) == 2


def test_a_column_is_renamed_and_brought_to_the_unit_of_its_feature(tmp_path: Path) -> None:
    path = tmp_path / "wishes.csv"
    path.write_text("a,b,preferred_content_length\n1.5,x,100\n,y,200\n")
    found = examples_of(given(path, rename=("a=session_age_ms*1000", "b=device")), "length", None, "")
    assert found.names == ("session_age_ms", "device")
    assert found.values["session_age_ms"][0] == 1500.0
    for rename in ("a", "a=", "=b", "a=b*", "a=b*x", "a=b*0", "a=b*-1", "a=b*inf"):
        with pytest.raises(TrainingDataError, match="give COLUMN=FEATURE"):
            examples_of(given(path, rename=(rename,)), "length", None, "")
    with pytest.raises(TrainingDataError, match="column b: texts cannot be multiplied"):
        examples_of(given(path, rename=("b=device*2",)), "length", None, "")


def test_a_feature_that_the_job_lacks_is_told_before_anything_is_fitted(tmp_path: Path) -> None:
    path = write(tmp_path / "wishes.csv", JUDGING, 25, rows=300)
    refused = run("train", "length", "--csv", path, "--rename", "click_rate=clik_rate", "--store", tmp_path / "store")
    assert refused.exit_code == 1
    assert "--rename click_rate=clik_rate: the job computes no clik_rate; did you mean click_rate?" in refused.stderr
    assert not (tmp_path / "store").exists()


def test_one_row_is_told_as_one(tmp_path: Path) -> None:
    path = tmp_path / "wishes.csv"
    path.write_text("a,preferred_content_length\n1,100\n")
    found = run("train", "length", "--csv", path, "--store", tmp_path / "store")
    assert "wishes.csv, 1 row: 1 row with truth; a model needs 200 at least: give more rows" in found.stderr


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


def test_a_segment_that_looks_like_a_number_is_a_name(tmp_path: Path) -> None:
    path = write(tmp_path / "wishes.csv", JUDGING, 25, rows=300)
    lines = path.read_text().splitlines()
    path.write_text(
        "\n".join(["segment," + lines[0], *(f"{1 + place % 2}," + each for place, each in enumerate(lines[1:]))])
    )
    data = DataOptions(path, (), (), "", "", "", "", (), (), ())
    assert len(examples_of(data, "length", "1", "")) == 150


def test_a_column_is_renamed_once(folder: Path, tmp_path: Path) -> None:
    twice = ("--rename", "click_rate=clicks", "--rename", "click_rate=pages")
    refused = run("train", "length", "--csv", folder / "wishes.csv", *twice, "--store", tmp_path / "store")
    assert "--rename click_rate=…: given 2 times" in refused.stderr


def test_the_report_names_the_version(folder: Path) -> None:
    assert "<h1>Model length version 1</h1>" in (folder / "store" / "length" / "1" / "report.html").read_text()


def test_training_says_what_it_takes_and_which_step_it_is_at(folder: Path, tmp_path: Path) -> None:
    with (folder / "wishes.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    path = tmp_path / "units.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["session_duration", "click_rate", "preferred_content_length", "date"])
        for row in rows:
            writer.writerow(
                [row["session_duration"] + "s", row["click_rate"], row["preferred_content_length"], "2026-11-28"]
            )
    found = run("train", "length", "--csv", path, "--store", tmp_path / "store", "--json")
    assert [line.removeprefix("microadjust: ") for line in found.stderr.splitlines()][:7] == [
        f"read units.csv, {len(rows)} rows",
        "no column of times: the order of the file is taken as time",
        "`date` looks like times: --time date",
        "step 1 of 4: fit",
        "step 2 of 4: export",
        "step 3 of 4: compare with scikit-learn",
        "step 4 of 4: evaluate on the later range",
    ]
    inputs = json.loads(found.stdout)["inputs"]
    assert (inputs["numbers"], inputs["like_times"]) == (["click_rate"], ["date"])
    assert list(inputs["with_unit"]) == ["session_duration"]
    assert "`session_duration` looks like numbers with a unit" in found.stderr


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
