"""What is wrong with own counters, sequences and silences: the field and what was expected."""

from typing import Any

import pytest

from models.rules.compiled import KNOWN_FEATURES
from schemas.own_events import MAX_COUNTED, MAX_SILENCE_S
from schemas.rules import RuleError, parse_rule
from tests.support.builders import rule_data

CLICKS = {"name": "own_clicks", "count": {"event": "click"}, "within_s": 60}
ABOVE = {"feature": "own_clicks", "above": 2}


def parse(**changed: Any) -> None:
    data = rule_data(**({"lane": "event"} | changed))
    if "when" not in changed:
        del data["when"]
    parse_rule(data, KNOWN_FEATURES)


@pytest.mark.parametrize(
    "good",
    [
        {"features": [CLICKS], "when": [ABOVE]},
        {"sequence": ["click", "feedback"], "within_s": 60},
        {"sequence": ["click", "click", "feedback"], "without": "page_hide", "within_s": 3_600},
        {"sequence": ["page_view"], "without": "click", "within_s": MAX_SILENCE_S},
        {"sequence": ['type == "click"', "custom"], "within_s": 5},
    ],
)
def test_counters_sequences_and_silences_are_accepted(good: dict[str, Any]) -> None:
    parse(**good)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"features": [CLICKS], "when": [ABOVE], "lane": "session_window"}, "features: only rules of lane event"),
        (
            {"features": [{**CLICKS, "name": "recent_clicks"}], "when": [ABOVE]},
            r"features\[0\].name: recent_clicks means something else",
        ),
        (
            {"features": [{**CLICKS, "name": "engaged_ms"}], "when": [ABOVE]},
            r"features\[0\].name: engaged_ms means something else",
        ),
        ({"features": [CLICKS, CLICKS], "when": [ABOVE]}, r"features\[1\].name: own_clicks stands twice"),
        (
            {"features": [{**CLICKS, "count": {"event": "scroll"}}], "when": [ABOVE]},
            r"features\[0\].count.event: scroll does not reach the fast lane; there are click, feedback, context, page_view",
        ),
        ({"features": [{**CLICKS, "count": {"event": "clik"}}], "when": [ABOVE]}, r"features\[0\].count.event: "),
        ({"features": [CLICKS], "when": [{**ABOVE, "above": MAX_COUNTED}]}, r"when\[0\].above: 200 can never hold"),
        (
            {"features": [CLICKS], "when": [{"feature": "own_click", "above": 1}]},
            "own_click is not known in lane event",
        ),
        (
            {"features": [CLICKS], "when": [{"feature": "own_clicks", "z_above": 1}]},
            "z_above: an event has no baseline",
        ),
        ({"sequence": ["click", "feedback"]}, "within_s: give the seconds"),
        ({"sequence": ["click"], "within_s": 5}, "sequence: give two events or more, or `without`"),
        ({"sequence": ["click", "hover"], "within_s": 5}, r"sequence\[1\]: hover does not reach the fast lane"),
        ({"sequence": ["click", "buy"], "within_s": 5}, r"sequence\[1\]: buy is no type of event"),
        ({"sequence": ["click", "custom"], "without": "move", "within_s": 5}, "without: move does not reach"),
        ({"sequence": ["click"], "without": "custom", "within_s": MAX_SILENCE_S + 1}, "within_s: 1701 is longer than"),
        ({"without": "click", "when": [{"feature": "recent_clicks", "above": 1}]}, "without: belongs to a sequence"),
        ({"within_s": 5, "when": [{"feature": "recent_clicks", "above": 1}]}, "within_s: belongs to a sequence"),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_field(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(RuleError, match=f"^rule calm-down: .*{said}"):
        parse(**wrong)
