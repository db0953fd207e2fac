"""The registry of actions: what the page's client knows, what rules may give, what the documentation lists."""

import re
from typing import Any, Final, get_args

import pytest

from infra.docs.reference.contracts import actions
from infra.local.home import PROJECT
from models.rules.compiled import KNOWN_FEATURES
from schemas.actions import ACTIONS, Action, ActionName
from schemas.rules import RuleError, parse_rule, parse_rule_file
from tests.support.builders import rule_data

CLIENT = PROJECT / "infra" / "tracker" / "src"


def test_every_name_has_a_declaration() -> None:
    assert tuple(ACTIONS) == get_args(ActionName)


def test_the_client_has_an_adapter_for_each_action() -> None:
    adapters = (CLIENT / "adapters.js").read_text()
    own = set(re.findall(r'^\s*case "(\w+)":', adapters, flags=re.M))
    [listed] = re.findall(r"^const VARIANT_ACTIONS =\s*\"([\w ]+)\"", adapters, flags=re.M)
    # The client itself undoes: no adapter knows what another has done.
    assert '"revert"' in (CLIENT / "client.js").read_text()
    assert own | {"revert"} == {action.name for action in ACTIONS.values() if action.adapter == "own"}
    assert listed.split(" ") == [action.name for action in ACTIONS.values() if action.adapter == "variant"]


ASKED_FOR: Final = [each for each in ACTIONS.values() if each.name != "revert"]
"""What a rule can ask for: what is taken back stands in its `until`."""


@pytest.mark.parametrize("action", ASKED_FOR, ids=lambda action: action.name)
def test_its_own_examples_are_accepted(action: Action) -> None:
    given = {
        parameter.name: list(parameter.example) if isinstance(parameter.example, tuple) else parameter.example
        for parameter in action.parameters
    }
    for parameters in (given, {}):
        parse_rule(rule_data(then={"action": action.name, "parameters": parameters}), KNOWN_FEATURES)
    assert action.impact in range(1, 6)
    assert action.complexity in range(1, 6)


@pytest.mark.parametrize(
    ("action", "parameters"),
    [
        ("simplify", {"variant": "simple", "colour": ["the CMS's own"], "deep": {"er": 1}}),
        ("simplify", {"variant": 2}),
        ("simplify", {"variant": None}),
        ("reorder", {"order": "$category", "types": []}),
    ],
)
def test_what_is_unknown_or_still_to_be_resolved_is_accepted(action: str, parameters: dict[str, Any]) -> None:
    rule = parse_rule(rule_data(then={"action": action, "parameters": parameters}), KNOWN_FEATURES)
    assert rule.then.parameters == parameters


@pytest.mark.parametrize(
    ("action", "parameters", "expected"),
    [
        ("simplify", {"variant": ["simple"]}, "variant: expected a text such as \"simple\", found ['simple']"),
        ("localise", {"language": False}, 'language: expected a text such as "fr", found False'),
        ("set_length", {"length_words": "450"}, "length_words: expected a whole number such as 450, found '450'"),
        ("set_length", {"length_words": True}, "length_words: expected a whole number"),
        ("lighten_media", {"autoplay": "no"}, "autoplay: expected true or false such as false, found 'no'"),
        ("reorder", {"order": "article-7"}, "order: expected a list of texts such as [article-7, article-3]"),
        ("reorder", {"order": [7]}, "order: expected a list of texts"),
    ],
)
def test_a_parameter_of_the_wrong_type_is_rejected_with_rule_and_field(
    action: str, parameters: dict[str, Any], expected: str
) -> None:
    with pytest.raises(RuleError) as caught:
        parse_rule(rule_data(then={"action": action, "parameters": parameters}), KNOWN_FEATURES)
    assert f"rule calm-down: then.parameters.{expected}" in str(caught.value)


def test_rule_files_of_the_repository_stay_accepted() -> None:
    for path in ("models/shipped/rules.yaml", "infra/demo/rules.yaml"):
        assert parse_rule_file((PROJECT / path).read_text(), KNOWN_FEATURES)


def test_the_table_for_the_documentation_has_a_line_for_each_action() -> None:
    lines = actions().splitlines()
    assert [line.split("`")[1] for line in lines[2:]] == list(ACTIONS)
    assert {line.count("|") for line in lines} == {9}
    assert "| `language` (text, required: fr) |" in actions()
