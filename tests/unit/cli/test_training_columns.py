"""What `models train` takes from the columns of a CSV file, and what it says of them."""

import csv
import json
from pathlib import Path

import pytest

from infra.cli.training_data import DataOptions, examples_of
from infra.simulate.preferences import CHOOSING, JUDGING, readers
from models.learning.errors import TrainingDataError
from models.learning.examples import Examples
from schemas.devices import device_text
from tests.support.model_commands import RENAMED, run, write


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
    assert inputs["one_value"] == {"date": {"value": "2026-11-28", "can_be_left_out": True}}
    assert "date has one value only (2026-11-28): for any other the model is silent; leave it out with" in found.stderr


def test_texts_of_device_that_the_gateway_never_writes_are_noted(folder: Path, tmp_path: Path) -> None:
    path, store = tmp_path / "phones.csv", ("--store", tmp_path / "store")
    path.write_text((folder / "wishes.csv").read_text().replace("mobile", "phone"))
    trained = run("train", "length", "--csv", path, *RENAMED, *store)
    promoted = run("promote", "length", 1, "--no-announce", *store)
    said = "microadjust: device: the gateway writes 'mobile' for 'phone', which the job never asks about"
    for each in (trained, promoted):
        assert (each.exit_code, each.stderr.count("device: "), said in each.stderr) == (0, 1, True)


def test_the_documented_reader_is_answered_by_the_simulated_ones(folder: Path) -> None:
    found = readers(CHOOSING, "length", 300, 1).values["device_type"]
    assert {device_text(each) for each in found if each is not None} == {each for each in found if each is not None}
    settings = [
        f"--set={each}"
        for each in ("session_age_ms=240000", "click_rate=1.5", "device=mobile", "user_expertise=expert")
    ]
    answer = json.loads(run("predict", "length", 1, *settings, "--store", folder / "store", "--json").stdout)
    # Its interval may be wide, but nothing is unknown or outside of what training has seen.
    assert "training" not in (answer["silence"] or "")
