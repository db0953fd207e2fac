"""Rule files as the job loads them."""

import json
from pathlib import Path

import pytest

from jobs.adjust import load_rules
from schemas.rules import RuleError
from tests.support.builders import rule_data


def written(folder: Path, **changed: object) -> str:
    path = folder / "rules.yaml"
    path.write_text(json.dumps({"rules": [rule_data(**changed)]}))
    return str(path)


def test_a_rule_may_refer_to_a_detector_of_the_job(tmp_path: Path) -> None:
    [rule] = load_rules(written(tmp_path, when=[{"detector": "isolation_forest", "above": "threshold"}]))
    assert rule.when[0].detector == "isolation_forest"


def test_a_detector_that_the_job_does_not_have_is_refused_with_those_it_has(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match="crystal_ball is not known; there are isolation_forest"):
        load_rules(written(tmp_path, when=[{"detector": "crystal_ball", "above": 1}]))
