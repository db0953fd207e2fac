"""Units of bounds: the console knows which thresholds cannot be drawn beside the value."""

import json
import re

from infra.local.home import PROJECT
from models.rules.expression_condition import READING_UNITS
from schemas.rule_conditions import BOUNDS, ON_VALUE_SCALE


def test_the_console_leaves_out_the_bounds_that_are_on_no_scale_of_the_value() -> None:
    script = (PROJECT / "infra" / "console" / "js" / "evidence.js").read_text()
    found = re.search(r"^const OFF_SCALE = (.*);$", script, re.MULTILINE)
    assert found
    bounds = {name for name, bound in BOUNDS.items() if bound.unit not in ON_VALUE_SCALE}
    readings = {kind for kind, unit in READING_UNITS.items() if unit not in ON_VALUE_SCALE}
    assert set(json.loads(found[1])) == bounds | readings
