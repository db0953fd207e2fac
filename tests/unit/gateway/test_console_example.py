"""The example with which the console begins a new rule."""

import re

from infra.gateway.console.endpoints import PAGES
from models.rules.compiled import KNOWN_FEATURES
from schemas.rules import parse_rule_file


def test_the_example_is_a_rule_that_commands_nothing_yet() -> None:
    (text,) = re.findall(r"const EXAMPLE = `(.*?)`;", (PAGES / "js" / "rule_page.js").read_text(), re.DOTALL)
    listed = "rules:\n" + re.sub(r"^", "    ", text, flags=re.MULTILINE).replace("    id:", "  - id:", 1)
    (rule,) = parse_rule_file(listed, KNOWN_FEATURES)
    assert rule.mode == "shadow"
