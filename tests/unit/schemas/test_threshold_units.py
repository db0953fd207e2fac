"""Units of bounds: the console knows which thresholds cannot be drawn beside the value."""

import json
import re
from typing import get_args

from infra.local.home import PROJECT
from schemas.rule_conditions import ON_VALUE_SCALE, ThresholdUnit


def test_the_console_leaves_out_the_units_that_are_on_no_scale_of_the_value() -> None:
    script = (PROJECT / "infra" / "console" / "js" / "evidence.js").read_text()
    found = re.search(r"^const OFF_SCALE = (.*);$", script, re.MULTILINE)
    assert found
    assert set(json.loads(found[1])) == set(get_args(ThresholdUnit)) - set(ON_VALUE_SCALE)
