"""Rule files as the job loads them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from infra.rules.checking import check_text
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


def test_the_library_checks_the_file_too_and_says_what_rules_check_says(tmp_path: Path) -> None:
    pytest.importorskip("cel_expr_python", reason="cel-expr-python is not installed")
    # Of an empty list the rules' own checker knows no type of elements.
    path = written(tmp_path, **{"if": "'a' in [true] + [] || silence_ms > 1.0"})
    with pytest.raises(RuleError, match=r"^rules\.yaml:1:\d+: rule calm-down: if: cel-expr-python: ") as caught:
        load_rules(path)
    [problem] = check_text(Path(path).read_text()).problems
    assert str(caught.value) == f"rules.yaml:{problem.line}:{problem.column}: {problem.problem}"


@pytest.mark.parametrize(
    "text", ["", "rules: [", "rules:\n  - {id: a, if: !x}\n", "rules:\n  - {id: a, if: 'clikcs > 1.0'}\n"]
)
def test_the_job_ends_with_one_line_where_the_file_is_broken(tmp_path: Path, text: str) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(text)
    command = [sys.executable, "-m", "jobs.adjust", "--rules-file", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("adjust: rules.yaml:")
    assert "Traceback" not in done.stderr
