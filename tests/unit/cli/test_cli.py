"""The command line without a stack: what it says when something cannot be done."""

import json
import socket
import sys
import time
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from infra.bench.mock_kafka import is_available, mock_kafka
from infra.cli.__main__ import shadowed_package
from infra.cli.main import app
from infra.local import processes
from infra.local.home import PROJECT, Home, StackRecord


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MICROADJUST_HOME", str(tmp_path))
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def test_status_of_nothing_says_so_and_succeeds(home: Path) -> None:
    shown = run("status")
    assert shown.exit_code == 0
    assert "nothing is up" in shown.output
    assert json.loads(run("status", "--json").output) == {"services": [], "jobs": [], "resident_mb": 0}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("commands",), "kafka is not running: start it with `microadjust up`, or give --bootstrap"),
        (("submit", "adjust"), "kafka is not running: start it with `microadjust up`"),
        (("submit", "adjuts"), "there is no job adjuts; there is adjust, heatmap"),
        (("cancel", "not-an-id"), "not-an-id is not a job id"),
        (("replay", "no/such/file"), "there is no file no/such/file"),
        (("replay", "no/such/file", "--dataset", "yuchus"), "--dataset: yuchus is not known; there are yoochoose"),
        (("simulate", "x.jsonl", "--behaviours", "bored,angry"), "--behaviours: angry is not known; there are bored"),
        (("rules", "put", "no/such/file"), "no/such/file cannot be read"),
        (
            ("commands", "--bootstrap", "127.0.0.1:1"),
            "no Kafka at 127.0.0.1:1: start one with `microadjust up`, or give",
        ),
        (("rejected", "--bootstrap", "127.0.0.1:1,localhost:1"), "no Kafka at 127.0.0.1:1,localhost:1"),
        (("rules", "list", "--bootstrap", "no such host"), "no Kafka at no such host"),
    ],
)
def test_what_cannot_be_done_is_one_line_that_names_it(home: Path, arguments: tuple[str, ...], message: str) -> None:
    shown = run(*arguments)
    assert shown.exit_code == 1
    assert shown.output.startswith("microadjust: ")
    assert message in shown.output
    assert "Traceback" not in shown.output


def test_a_broken_rule_file_is_refused_with_rule_and_field(home: Path) -> None:
    file = home / "rules.yaml"
    file.write_text("rules: [{id: a, version: 1, about: x, lane: event, when: [{feature: klicks, above: 1}], then: 3}]")
    shown = run("rules", "put", str(file))
    assert shown.exit_code == 1
    assert "rule a" in shown.output
    assert "then" in shown.output


def test_a_simulated_recording_has_its_truth_beside_it(home: Path) -> None:
    target = home / "out.jsonl.gz"
    shown = run(
        "simulate", str(target), "--ordinary", "2", "--per-behaviour", "1", "--behaviours", "bored,eager", "--json"
    )
    assert shown.exit_code == 0
    (row,) = json.loads(shown.output)
    truth = json.loads((home / "out.truth.json").read_text())
    assert (row["events"], row["episodes"]) == (truth["events"], 2)


def test_options_come_from_a_file_where_no_flag_says_otherwise(home: Path) -> None:
    file = home / "options.toml"
    file.write_text('[simulate]\nbehaviours = "bored"\nper_behaviour = 2\nordinary = 1\n')
    (row,) = json.loads(run("--config", str(file), "simulate", str(home / "a.jsonl"), "--json").output)
    assert row["episodes"] == 2
    (row,) = json.loads(
        run("--config", str(file), "simulate", str(home / "a.jsonl"), "--per-behaviour", "1", "--json").output
    )
    assert row["episodes"] == 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[simulat]\nseconds = 480\n", "simulat: unknown command; did you mean simulate?"),
        ("[simulate]\nsecond = 480\n", "[simulate] second: unknown option; did you mean seconds?"),
        ("[simulate]\nper-behaviour = 2\n", "[simulate] per-behaviour: unknown option; did you mean per_behaviour?"),
        ("[rules.chek]\nas_json = true\n", "[rules] chek: unknown command; did you mean check?"),
        ("[rules.backtest]\nalon = true\n", "[rules.backtest] alon: unknown option; did you mean alone?"),
        ("simulate = 5\n", "simulate: expected a table of options, as [simulate]"),
        ("[simulate\n", "Expected ']'"),
    ],
)
def test_a_file_of_options_that_no_command_has_is_refused(home: Path, text: str, told: str) -> None:
    """Elsewhere it would be passed over, and the command run as if nothing had been written."""
    file = home / "options.toml"
    file.write_text(text)
    result = run("--config", str(file), "simulate", str(home / "a.jsonl"))
    assert result.exit_code == 2
    assert told in " ".join(result.output.replace("│", " ").split())
    assert not (home / "a.jsonl").exists()


def test_without_kafka_a_command_says_so_within_seconds(home: Path) -> None:
    began = time.monotonic()
    # A producer of its own would try for half a minute.
    shown = run("rules", "delete", "some-rule", "--bootstrap", "127.0.0.1:1")
    assert time.monotonic() - began < 5.0
    assert "no Kafka at 127.0.0.1:1" in shown.output


@pytest.mark.skipif(not is_available(), reason="this librdkafka has no mock cluster")
def test_a_rule_that_is_not_there_is_not_said_to_be_deleted(home: Path) -> None:
    with mock_kafka() as kafka:
        shown = run("rules", "delete", "some-rule", "--bootstrap", kafka.bootstrap)
    assert shown.exit_code == 1
    assert "no rule some-rule on rules.v1" in shown.output


def test_what_listens_and_is_no_kafka_is_named(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        shown = run("rejected", "--bootstrap", f"127.0.0.1:{mute.getsockname()[1]}")
    assert shown.exit_code == 1
    assert "no Kafka at 127.0.0.1:" in shown.output


def test_the_version_is_that_of_pyproject() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    assert run("--version").output == f"microadjust {project['version']}\n"


def test_down_stops_what_a_demo_has_left_running(home: Path) -> None:
    demo = Home(home).demo
    child = processes.start([sys.executable, "-c", "import time; time.sleep(60)"], demo.log("gateway"), {}, {})
    StackRecord({"gateway": child}).write(demo)
    assert json.loads(run("down", "--json").output) == [{"stopped": "demo: gateway"}]
    assert processes.find(child) is None
    assert "nothing was running" in run("down").output


def test_jars_need_maven(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    shown = run("jars", str(home / "jars"))
    assert shown.exit_code == 1
    assert "is missing: fetching the jars needs Maven and a JDK" in shown.output
    assert not (home / "jars").exists()


def test_a_package_of_the_same_name_from_elsewhere_is_noticed(tmp_path: Path) -> None:
    assert shadowed_package() is None
    assert "another package jobs" in (shadowed_package(tmp_path) or "")
