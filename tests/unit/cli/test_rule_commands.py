"""The commands about rules, on librdkafka's mock cluster: what they write, wait for and say."""

import getpass
import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from confluent_kafka import Producer
from typer.testing import CliRunner, Result

from infra.bench.mock_kafka import MockKafka, is_available
from infra.cli.main import app
from infra.rules.rule_topics import RuleTopics
from schemas.topics import RULES
from tests.support.acknowledging_job import acknowledging
from tests.support.builders import rule_data

pytestmark = pytest.mark.skipif(not is_available(), reason="the installed client brings no mock cluster")

Run = Callable[..., Result]


@pytest.fixture
def kafka() -> Iterator[MockKafka]:
    mock = MockKafka(partitions=1)
    yield mock
    mock.close()


@pytest.fixture
def run(kafka: MockKafka) -> Run:
    """`run("put", FILE, …)` is `microadjust rules put FILE …` on the mock cluster, with --json."""

    def ran(*arguments: str) -> Result:
        offline = arguments[0] == "check"
        where = [] if offline else ["--bootstrap", kafka.bootstrap]
        return CliRunner().invoke(app, ["rules", *arguments, *where, "--json"])

    return ran


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., str]:
    """Writes rules, each given as changes of the usual one, to a file."""

    def written(*rules: dict[str, Any]) -> str:
        path = tmp_path / "rules.yaml"
        path.write_text(yaml.safe_dump({"rules": [rule_data(**each) for each in rules]}))
        return str(path)

    return written


def said(result: Result) -> Any:
    return json.loads(result.stdout)


def test_put_returns_when_every_subtask_has_acknowledged(kafka: MockKafka, run: Run, file: Callable[..., str]) -> None:
    with acknowledging(kafka.bootstrap, subtasks=3):
        done = run("put", file({"version": 1}, {"id": "other", "version": 4}))
    assert done.exit_code == 0, done.output
    assert [(each["rule"], each["version"], each["state"], len(each["acks"])) for each in said(done)] == [
        ("calm-down", 1, "in_force", 3),
        ("other", 4, "in_force", 3),
    ]
    listed = {each["id"]: each for each in said(run("list"))}
    assert (listed["other"]["state"], listed["other"]["origin"], listed["other"]["lane"]) == (
        "in_force",
        "topic",
        "session_window",
    )


def test_put_names_the_subtask_that_is_missing(kafka: MockKafka, run: Run, file: Callable[..., str]) -> None:
    with acknowledging(kafka.bootstrap, subtasks=3, silent=(1,)):
        done = run("put", file({}), "--timeout", "3")
    assert done.exit_code == 1
    assert "no acknowledgement from subtask 1 within 3 s" in done.stderr
    assert said(done)[0]["missing"] == [1]


def test_put_tells_a_refusal_with_its_reason(kafka: MockKafka, run: Run, file: Callable[..., str]) -> None:
    with acknowledging(kafka.bootstrap, refuse="rule calm-down: an older job"):
        done = run("put", file({}))
    assert done.exit_code == 1
    assert "its last good version stays in force: rule calm-down: an older job" in done.stderr


def test_where_no_job_runs_put_says_so_after_its_time_and_the_rule_stands(
    kafka: MockKafka, run: Run, file: Callable[..., str]
) -> None:
    done = run("put", file({}), "--timeout", "0.5")
    assert done.exit_code == 1
    assert "is the adjust job running?" in done.stderr
    assert list(RuleTopics(kafka.bootstrap).rules().rules) == ["calm-down"]


def test_without_waiting_put_returns_at_once(run: Run, file: Callable[..., str]) -> None:
    done = run("put", file({}), "--no-wait")
    assert done.exit_code == 0
    assert said(done)[0]["state"] == "not waited for"


def test_an_invalid_rule_keeps_all_others_of_its_file_back(
    kafka: MockKafka, run: Run, file: Callable[..., str]
) -> None:
    done = run("put", file({}, {"id": "bad", "lane": "nowhere"}), "--no-wait")
    assert done.exit_code == 1
    assert "bad" in done.stderr
    assert RuleTopics(kafka.bootstrap).rules().rules == {}


def test_the_version_of_a_changed_rule_must_rise_and_an_unchanged_rule_stays(
    kafka: MockKafka, run: Run, file: Callable[..., str]
) -> None:
    run("put", file({"version": 3}), "--no-wait")
    assert said(run("put", file({"version": 3}), "--no-wait"))[0]["state"] == "unchanged"
    refused = run("put", file({"version": 3, "priority": 9}), "--no-wait")
    assert refused.exit_code == 1
    assert "3 is not higher than 3" in refused.stderr
    assert said(run("put", file({"version": 3, "priority": 9}), "--no-wait", "--bump"))[0]["version"] == 4
    run("delete", "calm-down", "--no-wait")
    again = run("put", file({"version": 4, "priority": 1}), "--no-wait")
    assert "4 is not higher than 4" in again.stderr, "a version that commands have named is not given twice"


def test_rollback_puts_the_text_before_with_a_higher_version(
    kafka: MockKafka, run: Run, file: Callable[..., str]
) -> None:
    for version, priority in ((1, 10), (2, 20), (3, 30)):
        run("put", file({"version": version, "priority": priority}), "--no-wait")
    assert said(run("rollback", "calm-down", "--no-wait"))[0]["version"] == 4
    assert RuleTopics(kafka.bootstrap).rules().rules["calm-down"].priority == 20
    run("rollback", "calm-down", "--to", "1", "--no-wait")
    now = RuleTopics(kafka.bootstrap).rules().rules["calm-down"]
    assert (now.version, now.priority) == (5, 10)
    missing = run("rollback", "calm-down", "--to", "77", "--no-wait")
    assert missing.exit_code == 1
    assert "no version 77; the history holds 1, 2, 3, 4, 5" in missing.stderr


def test_history_says_who_changed_what_from_where(run: Run, file: Callable[..., str]) -> None:
    run("put", file({}), "--no-wait")
    run("delete", "calm-down", "--no-wait")
    deleted, put = said(run("history", "calm-down"))
    assert (deleted["change"], deleted["version"], deleted["rule"]) == ("delete", None, None)
    assert (put["change"], put["version"], put["rule"]["id"]) == ("put", 1, "calm-down")
    assert {(each["by"], each["host"], each["via"]) for each in (deleted, put)} == {
        (getpass.getuser(), socket.gethostname(), "command line")
    }
    assert run("history", "nobody").exit_code == 1


def test_deleting_what_is_not_there_says_so(run: Run) -> None:
    done = run("delete", "nobody", "--no-wait")
    assert done.exit_code == 1
    assert "there is no rule nobody on rules.v1" in done.stderr


def test_a_record_that_is_no_rule_is_listed_with_the_reason(kafka: MockKafka, run: Run) -> None:
    topics = RuleTopics(kafka.bootstrap)
    producer = Producer({"bootstrap.servers": kafka.bootstrap})
    producer.produce(topics.name(RULES), b"[" * 50_000, b"deep")
    producer.flush(10)
    (entry,) = [each for each in said(run("list")) if each["id"] == "deep"]
    assert entry["state"] == "refused"
    assert entry["problem"]


def test_a_dry_run_leaves_no_rule_behind(kafka: MockKafka, run: Run, file: Callable[..., str]) -> None:
    with acknowledging(kafka.bootstrap):
        done = run("dry-run", file({}), "--minutes", "0.05")
    assert done.exit_code == 0, done.output
    assert (said(done)["rule"], said(done)["proposals"]) == ("calm-down", 0)
    topics = RuleTopics(kafka.bootstrap)
    assert topics.rules().rules == {}
    ((name, (began, ended)),) = topics.changes().items()
    assert name.startswith("calm-down-dry-")
    assert (began.change, ended.change) == ("dry-run", "delete")
    assert began.rule is not None
    assert (began.rule.mode, began.rule.valid_until is not None) == ("shadow", True)


def test_check_lists_every_problem_without_any_kafka(run: Run, file: Callable[..., str], tmp_path: Path) -> None:
    done = run("check", file({}, {"id": "a", "lane": "x"}, {"id": "b", "version": 0}))
    assert done.exit_code == 1
    assert [each["rule"] for each in said(done)["problems"]] == ["a", "b"]
    assert run("check", file({})).exit_code == 0
    broken = tmp_path / "broken.yaml"
    broken.write_text("rules:\n  - id: [")
    (problem,) = said(run("check", str(broken)))["problems"]
    assert problem["line"] == 2
