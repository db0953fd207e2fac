"""What the command line and the console say of rules before they are put."""

from typing import Any

import pytest

from infra.rules.checking import check_rules, check_text
from models.rules.cel_library import check_with_library
from schemas.rules import RuleError
from tests.support.builders import rule, rule_data

TEXT = """\
id: calm
version: 1
about: One rule by itself.
lane: event
if: rating <= 2.0 && ¤ratng > 0.0
then: {action: prompt, parameters: {kind: help}}
"""


def with_if(text: str, **changed: Any) -> dict[str, Any]:
    return rule_data(**{"if": text}, **changed)


def test_a_problem_is_told_with_rule_line_and_column() -> None:
    checked = check_text(TEXT.replace("¤", ""))
    [problem] = checked.problems
    assert (problem.rule, problem.line, problem.column) == ("calm", 5, TEXT.splitlines()[4].index("¤") + 1)
    assert problem.problem.endswith("did you mean rating?")


def test_one_rule_and_a_list_of_rules_are_both_read() -> None:
    assert [each.id for each in check_text(TEXT.replace("¤ratng", "rating")).rules] == ["calm"]
    assert "needs a list under `rules`, or one rule" in check_text("- id: a").problems[0].problem


def test_rules_from_json_are_checked_one_by_one() -> None:
    checked = check_rules([with_if("clicks > 3"), with_if("clicks > 3.0", id="sound"), 7])
    assert [each.id for each in checked.rules] == ["sound"]
    assert [each.rule for each in checked.problems] == ["calm-down", None]


@pytest.mark.parametrize(
    ("text", "lane"),
    [
        (
            "recommended_click_rate < 1.0 && change(session_duration_ms) <= -0.2 && context.device != 'phone'",
            "session_window",
        ),
        ("z(clicks, 'peers') > 2.0 || nats(clicks, 'up') >= 3.0 || rank(clicks) > 0.9", "session_window"),
        ("score('isolation_forest') >= threshold('isolation_forest')", "session_window"),
        ("baseline(clicks, 'self') > 1.0 ? clicks > 3.0 : pages > 2.0", "session_window"),
        ("change(clicks) < -0.5", "content_window"),
        ("event.type == 'click' && element.matches('^buy') && !context.save_data", "event"),
    ],
)
def test_what_the_rules_checker_takes_the_library_takes_too(text: str, lane: str) -> None:
    pytest.importorskip("cel_expr_python", reason="cel-expr-python is not installed")
    feature = {"session_window": "clicks", "content_window": "clicks", "event": "rating"}[lane]
    check_with_library(rule(lane=lane, **{"if": text, "when": [{"feature": feature, "above": 0}]}))


def test_the_library_checks_each_expression_of_a_rule() -> None:
    """The rules' own checker comes first wherever both are asked; here the library is alone."""
    pytest.importorskip("cel_expr_python", reason="cel-expr-python is not installed")
    with pytest.raises(RuleError, match=r"rule calm-down: if: cel-expr-python: .*no matching overload"):
        check_with_library(rule(**{"if": "clicks > 3"}))
    with pytest.raises(RuleError, match=r"rule calm-down: until\.if: cel-expr-python: .*undeclared reference"):
        check_with_library(rule(until={"if": "clikcs > 3.0"}))


def test_the_library_knows_the_fields_of_events_that_are_counted_or_in_sequence() -> None:
    pytest.importorskip("cel_expr_python", reason="cel-expr-python is not installed")
    counted = {"name": "read", "count": {"event": "custom", "where": "value > 0.9 && page_url != ''"}, "within_s": 5}
    made = rule_data(
        lane="event",
        when=[{"feature": "read", "above": 0}],
        features=[counted],
        sequence=["page_view", "element == 'buy' && type == 'click'"],
        without="page_url.startsWith('/cart')",
        within_s=60,
    )
    assert check_rules([made]).problems == []
    made["without"] = "page_url > 1.0"
    [problem] = check_rules([made]).problems
    assert "without: line 1, column 10: > does not take string and double" in problem.problem
