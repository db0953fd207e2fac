"""`microadjust actions calibrate` on librdkafka's mock cluster: whose rest it lengthens, and by what outcomes."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from infra.bench.mock_kafka import MockKafka, is_available
from infra.cli.main import app
from infra.rules.rule_topics import RuleTopics
from schemas.rules import Rule
from schemas.topics import ADJUSTMENTS, OUTCOMES
from tests.support.acknowledging_job import acknowledging
from tests.support.builders import rule_data
from tests.support.mock_topics import write

pytestmark = pytest.mark.skipif(not is_available(), reason="the installed client brings no mock cluster")


@pytest.fixture
def kafka() -> Iterator[MockKafka]:
    mock = MockKafka(partitions=1)
    yield mock
    mock.close()


def run(kafka: MockKafka, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--bootstrap", kafka.bootstrap, "--json"])


def put(kafka: MockKafka, path: Path, *changes: dict[str, Any]) -> None:
    file = path / "rules.yaml"
    file.write_text(yaml.safe_dump({"rules": [rule_data(**each) for each in changes]}))
    assert run(kafka, "rules", "put", str(file), "--no-wait").exit_code == 0


def tell(kafka: MockKafka, action: str, applied: int, told: int) -> None:
    """That many commands with an outcome, of which a page carried out the first ones."""
    names = [f"{action}-{number}" for number in range(told)]
    write(kafka, ADJUSTMENTS.name, [("s", {"command_id": n, "action": action, "issued_at_ms": 1}) for n in names])
    statuses = ["applied"] * applied + ["ignored"] * (told - applied)
    write(kafka, OUTCOMES.name, [("s", {"command_id": n, "status": s}) for n, s in zip(names, statuses, strict=True)])


def rules(kafka: MockKafka) -> dict[str, Rule]:
    return RuleTopics(kafka.bootstrap).rules().rules


def test_a_rule_whose_action_pages_do_not_carry_out_rests_longer_once(kafka: MockKafka, tmp_path: Path) -> None:
    put(
        kafka,
        tmp_path,
        {"id": "open"},
        {"id": "named", "cooldown_s": 300},
        {"id": "few", "then": {"action": "shorten"}},
    )
    tell(kafka, "simplify", 20, 40)
    tell(kafka, "shorten", 0, 29)
    shown = run(kafka, "actions", "calibrate")
    assert shown.exit_code == 0, shown.output
    [row] = json.loads(shown.stdout)
    # Wilson's interval of 20 of 40, by the formula in Newcombe (1998): 0.352 to 0.648.
    assert (row["rule"], row["outcomes"], row["applied"], row["low"], row["high"]) == ("open", 40, 0.5, 0.352, 0.648)
    assert (row["rest_factor"], row["before"]) == (1.5, 1.0)
    assert {each.version for each in rules(kafka).values()} == {1}, "nothing is written without --put"

    with acknowledging(kafka.bootstrap):
        done = run(kafka, "actions", "calibrate", "--put")
    assert done.exit_code == 0, done.output
    assert [(each["rule"], each["version"], each["state"]) for each in json.loads(done.stdout)] == [
        ("open", 2, "in_force")
    ]
    standing = rules(kafka)
    assert (standing["open"].rest_factor, standing["named"].version, standing["few"].version) == (1.5, 1, 1)
    assert json.loads(run(kafka, "actions", "calibrate").stdout) == []


def test_what_pages_carry_out_again_rests_as_the_matrix_says_again(kafka: MockKafka, tmp_path: Path) -> None:
    put(kafka, tmp_path, {"id": "open", "rest_factor": 4.0})
    tell(kafka, "simplify", 30, 30)
    run(kafka, "actions", "calibrate", "--put", "--no-wait")
    assert (rules(kafka)["open"].rest_factor, rules(kafka)["open"].version) == (1.0, 2)


def test_without_outcomes_nothing_is_fitted(kafka: MockKafka, tmp_path: Path) -> None:
    put(kafka, tmp_path, {"id": "open", "rest_factor": 4.0})
    told = CliRunner().invoke(app, ["actions", "calibrate", "--put", "--bootstrap", kafka.bootstrap])
    assert told.stdout.strip() == "no rule has to rest otherwise"
    assert json.loads(run(kafka, "actions", "calibrate", "--put", "--no-wait").stdout) == []
    assert rules(kafka)["open"].rest_factor == 4.0
