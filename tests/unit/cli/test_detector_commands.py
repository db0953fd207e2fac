"""models train anomaly, isolation_forest: the way of length and tone, from a feature log without outcomes, or a CSV file."""

import csv
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from infra.cli.main import app
from models.features import FOREST_FEATURES
from schemas.features import encode_feature_row
from tests.support.ordinary_windows import recorded


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["models", *map(str, arguments)])


def log_of(path: Path, seed: int, scale: float = 1.0) -> Path:
    path.write_bytes(b"\n".join(encode_feature_row(each) for each in recorded(seed, 500, scale=scale)))
    return path


def test_a_detector_goes_through_the_store_and_back(tmp_path: Path) -> None:
    kind, store = "isolation_forest", ("--store", tmp_path / "store")
    # Calm readers are ordinary to the forest that ships with the job, which is in force from the start.
    calm = log_of(tmp_path / "calm.jsonl", 11)
    kept_out = run("train", kind, "--features", calm, "--alarm-rate", 0.02, "--store", tmp_path / "other")
    assert kept_out.exit_code == 1
    assert "no labels tell which ranks better, and the incumbent's alarms are as wanted" in kept_out.stderr
    evaluation = json.loads((tmp_path / "other" / kind / "1" / "evaluation.json").read_bytes())
    assert evaluation["incumbent"] == "forest@3"

    calm, changed = (log_of(tmp_path / f"{scale}.jsonl", seed, scale=scale) for seed, scale in ((11, 8.0), (12, 64.0)))
    trained = json.loads(run("train", kind, "--features", calm, "--alarm-rate", 0.02, *store, "--json").stdout)
    assert (trained["passed"], trained["card"]["version"], trained["unknown_to_the_job"]) == (True, 1, [])
    assert trained["card"]["parity"] <= 1e-5
    assert run("promote", kind, 1, "--no-announce", *store).exit_code == 0

    again = run("train", kind, "--features", calm, "--alarm-rate", 0.02, "--seed", 2, *store)
    assert again.exit_code == 1
    assert "the gate keeps the model out: no labels tell which ranks better" in again.stderr
    refused = run("promote", kind, 2, "--no-announce", *store)
    assert "the gate keeps it out" in refused.stderr
    assert b"Share of windows that alarm" in (tmp_path / "store" / kind / "2" / "report.html").read_bytes()

    fresh = run("train", kind, "--features", changed, "--alarm-rate", 0.02, *store)
    assert fresh.exit_code == 0, fresh.stderr
    assert run("promote", kind, 3, "--no-announce", *store).exit_code == 0
    back = json.loads(run("rollback", kind, "--no-announce", *store, "--json").stdout)
    assert (back["version"], back["before"]) == (1, 3)
    listed = json.loads(run("list", *store, "--json").stdout)
    assert [(each["in_force"], each["gate"]) for each in listed] == [(True, True), (False, False), (False, True)]
    shown = run("show", kind, *store).stdout
    assert "alarm rate" in shown
    assert "500 windows, 0 of them labelled" in shown


def test_a_combination_of_detectors_is_trained_and_promoted(tmp_path: Path) -> None:
    store, calm = ("--store", tmp_path / "store"), log_of(tmp_path / "calm.jsonl", 15)

    trained = json.loads(run("train", "anomaly", "--features", calm, "--alarm-rate", 0.02, *store, "--json").stdout)

    assert trained["passed"], trained["reasons"]
    assert trained["card"]["parity"] <= 1e-5
    assert trained["card"]["threshold"] == pytest.approx(0.98)
    assert "compared with  nothing: no version was in force" in run("show", "anomaly", *store).stdout
    assert run("promote", "anomaly", 1, "--no-announce", *store).exit_code == 0


def test_a_csv_file_of_windows_will_do_with_or_without_labels(tmp_path: Path) -> None:
    source = tmp_path / "windows.csv"
    with source.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["window_end_ms", *FOREST_FEATURES, "anomalous"])
        for row in recorded(13, 500, odd_share=0.3):
            values = [row.features[name] for name in FOREST_FEATURES]
            writer.writerow(
                [row.window_end_ms, *("" if each is None else each for each in values), int((values[1] or 0) > 5)]
            )

    told = run(
        "train", "isolation_forest", "--csv", source, "--alarm-rate", 0.2, "--store", tmp_path / "store", "--json"
    )
    assert json.loads(told.stdout)["card"]["metrics"]["auc"]["low"] > 0.9, told.stderr
    untold = run(
        "train", "isolation_forest", "--csv", source, "--without", "anomalous", "--store", tmp_path / "store", "--json"
    )
    assert "auc" not in json.loads(untold.stdout)["card"]["metrics"]


def test_a_detector_is_for_readers_of_all_segments_and_is_not_compared(tmp_path: Path) -> None:
    log = log_of(tmp_path / "calm.jsonl", 14)
    found = run("train", "anomaly.s1", "--features", log, "--store", tmp_path / "store")
    assert found.exit_code == 1
    assert "anomaly.s1: trained are length and tone" in found.stderr
