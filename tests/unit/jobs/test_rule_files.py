"""Rule files as the job loads them."""

import json
from pathlib import Path

import pytest

from jobs.adjust import load_rules
from schemas.rules import RuleError
from tests.support.builders import rule_data, session_window
from tests.support.flink_fakes import Running
from tests.support.operator_outputs import fed
from tests.support.stages import window_commands


def written(folder: Path, **changed: object) -> str:
    path = folder / "rules.yaml"
    path.write_text(json.dumps({"rules": [rule_data(**changed)]}))
    return str(path)


def test_a_rule_may_refer_to_a_detector_of_the_job(tmp_path: Path) -> None:
    [rule] = load_rules(written(tmp_path, when=[{"detector": "isolation_forest", "above": "threshold"}]))
    assert rule.when[0].detector == "isolation_forest"


def test_a_detector_that_the_job_does_not_have_is_refused_with_those_it_has(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match="crystal_ball is not known; there are anomaly, isolation_forest"):
        load_rules(written(tmp_path, when=[{"detector": "crystal_ball", "above": 1}]))


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_bytes(b"rules: [\xff]")
    with pytest.raises(RuleError, match="cannot be read"):
        load_rules(str(tmp_path / "rules.yaml"))


DEEP = "rules:\n  - {id: deep, version: 1, about: x, lane: session_window, when: [{feature: engaged_ms, above: 0}],"


@pytest.mark.parametrize(
    "parameters", ["{sizes: {1: small}}", "{video: {true: small}}", '{x: "\\ud800"}', "{a: &x [*x]}"]
)
def test_what_no_command_could_carry_is_refused_before_the_job_runs(tmp_path: Path, parameters: str) -> None:
    (tmp_path / "rules.yaml").write_text(f"{DEEP} then: {{action: lighten_media, parameters: {parameters}}}}}")
    with pytest.raises(RuleError, match=r"^rules\.yaml:2:\d+: (rule deep|the rule file): "):
        load_rules(str(tmp_path / "rules.yaml"))


def test_what_a_command_can_carry_is_taken_and_written(tmp_path: Path) -> None:
    parameters = "{sizes: {'1': small}, until: 2026-12-24, when: [true, null, 0.5, -3]}"
    (tmp_path / "rules.yaml").write_text(f"{DEEP} then: {{action: lighten_media, parameters: {parameters}}}}}")
    [record] = fed(Running(window_commands(*load_rules(str(tmp_path / "rules.yaml")))), [session_window(60)])
    assert json.loads(record[1][0])["command"]["parameters"] == {
        "sizes": {"1": "small"},
        "until": "2026-12-24",
        "when": [True, None, 0.5, -3],
    }
