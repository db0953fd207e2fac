"""Broken rules: each is rejected with a message that names the rule and the field."""

import json
from typing import Any

import pytest
import yaml

from models.rules.compiled import KNOWN_FEATURES
from schemas.rules import Rule, RuleError, parse_rule, parse_rule_file
from tests.support.builders import rule_data


def message(data: Any) -> str:
    with pytest.raises(RuleError) as caught:
        parse_rule(data, KNOWN_FEATURES)
    return str(caught.value)


def when(**condition: Any) -> dict[str, Any]:
    return {"when": [condition]}


def then(parameters: Any) -> dict[str, Any]:
    return {"then": {"action": "prompt", "parameters": parameters}}


def waits(hint: Any, **changed: Any) -> dict[str, Any]:
    """A rule whose page is asked to wait."""
    return {"then": {"action": "prompt", "apply": hint}} | changed


CONTENT: dict[str, Any] = {"lane": "content_window", "when": [{"feature": "readers", "above": 1}]}


def itself() -> list[Any]:
    """A list that holds itself, as YAML's `&x [*x]` does."""
    endless: list[Any] = []
    endless.append(endless)
    return endless


BROKEN: list[tuple[dict[str, Any], str]] = [
    ({"id": "Upper"}, "rule Upper: id:"),
    ({"id": ""}, "rule : id:"),
    ({"id": 7}, "rule 7: id: Expected `str`"),
    ({"version": 0}, "calm-down: version: Expected `int` >= 1"),
    ({"version": "1"}, "calm-down: version: Expected `int`, got `str`"),
    ({"lane": "week"}, "calm-down: lane: Invalid enum value 'week'"),
    ({"priority": 101}, "calm-down: priority:"),
    ({"cooldown_s": -1}, "calm-down: cooldown_s:"),
    ({"expires_s": 86_401}, "calm-down: expires_s:"),
    ({"for_windows": 61}, "calm-down: for_windows:"),
    ({"source": "oracle"}, "calm-down: source:"),
    ({"then": {"action": "explode"}}, "calm-down: then.action: Invalid enum value 'explode'"),
    ({"then": {}}, "calm-down: then: Object missing required field `action`"),
    ({"then": {"action": "prompt", "colour": 1}}, "calm-down: then: Object contains unknown field `colour`"),
    (
        {"then": {"action": "prompt", "parameters": {"to": "$mood"}}},
        "calm-down: then.parameters.to: $mood is not known",
    ),
    ({"colour": "red"}, "calm-down: Object contains unknown field `colour`"),
    ({"when": []}, "calm-down: when: Expected `array` of length >= 1"),
    ({"when": {"feature": "pages"}}, "calm-down: when: Expected `array`"),
    ({"when": [{"feature": "pages", "above": 1}] * 17}, "calm-down: when:"),
    (when(), "calm-down: when[0]: give exactly one of feature, detector, forest, context, event; found none"),
    (when(feature="pages", context="device", above=1), "calm-down: when[0]: give exactly one of"),
    ({"when": [{"feature": "pages", "above": 1}, {"feature": "mood", "above": 1}]}, "calm-down: when[1].feature: mood"),
    (when(feature="pages"), "calm-down: when[0]: give at least one of above, below"),
    (when(feature="pages", over=1), "calm-down: when[0]: Object contains unknown field `over`"),
    (when(feature="pages", above="1"), "calm-down: when[0].above: Invalid enum value '1'"),
    (when(feature="pages", above="threshold"), "calm-down: when[0].above: a feature has no threshold of its own"),
    (when(detector="last_value"), "calm-down: when[0].detector: takes above"),
    (when(detector="last_value", below=1), "calm-down: when[0].detector: takes above"),
    (when(detector="last_value", above=1, z_above=1), "calm-down: when[0].detector: takes above"),
    (when(detector="last_value", above=1, equals="x"), "calm-down: when[0].detector: takes above"),
    (
        when(detector="Last value", above=1),
        "calm-down: when[0].detector: expected lower-case letters, digits and underscores",
    ),
    (when(detector="x", above=1) | {"lane": "content_window"}, "calm-down: when[0].detector: detectors score session"),
    (when(feature="pages", above=10, below=5), "calm-down: when[0].above: 10 with below: 5 can never hold"),
    (when(feature="pages", above=5, below=5), "calm-down: when[0].above: 5 with below: 5 can never hold"),
    (when(feature="pages", z_above=2, z_below=1), "calm-down: when[0].z_above: 2 with z_below: 1 can never hold"),
    (when(feature="pages", rises=5, rises_below=2), "calm-down: when[0].rises: 5 with rises_below: 2 can never hold"),
    (when(feature="pages", shift="left"), "calm-down: when[0].shift: Invalid enum value 'left'"),
    (when(feature="pages", against="all", above=1), "calm-down: when[0].against: Invalid enum value 'all'"),
    (when(feature="pages", against="peers", shift="up"), "calm-down: when[0].shift: compares with self only"),
    (when(feature="readers", above=1), "calm-down: when[0].feature: readers is not known in lane session_window"),
    (when(forest="high"), "calm-down: when[0].forest: Invalid enum value 'high'"),
    (when(forest=0.6, above=1), "calm-down: when[0].forest: takes no other bound"),
    (when(forest="threshold", equals="x"), "calm-down: when[0].forest: takes no other bound"),
    (when(forest=0.6) | {"lane": "content_window"}, "calm-down: when[0].forest: the forest scores session windows"),
    (when(context="device"), "calm-down: when[0].context: compare it with equals or among"),
    (when(context="device", equals="phone", above=1), "calm-down: when[0].context: compare it with equals or among"),
    (when(event="type", equals="click"), "calm-down: when[0].event: only rules of lane event see single events"),
    (when(feature="rating", z_below=-2) | {"lane": "event"}, "calm-down: when[0].z_below: an event has no baseline"),
    (
        when(feature="readers", z_below=-2, against="peers") | {"lane": "content_window"},
        "calm-down: when[0].against: contents have no peers",
    ),
    (waits("at_brake"), "calm-down: then.apply: Invalid enum value 'at_brake'; did you mean at_break?"),
    (waits(True), "calm-down: then.apply: Expected `str | null`, got `bool`; there are at_break, now"),
    ({"apply": "at_break"}, "calm-down: Object contains unknown field `apply`; it stands under then"),
    (waits("at_break", expires_s=39), "calm-down: expires_s: is over before a page has waited"),
    (waits("at_break", **CONTENT), "calm-down: then.apply: no page waits with a change of a content item"),
    (CONTENT | {"max_per_session": 3}, "calm-down: max_per_session: a content item has no sessions"),
]


@pytest.mark.parametrize(("change", "expected"), BROKEN, ids=[expected for _, expected in BROKEN])
def test_a_broken_rule_is_rejected_with_rule_and_field(change: dict[str, Any], expected: str) -> None:
    data = rule_data(**change)
    assert expected in message(data)
    assert expected in message(json.dumps(data).encode())


@pytest.mark.parametrize("field", ["id", "version", "about", "lane", "then"])
def test_a_rule_without_a_required_field_is_rejected_with_its_name(field: str) -> None:
    data = rule_data()
    del data[field]
    assert f"missing required field `{field}`" in message(data)


@pytest.mark.parametrize("junk", [b"", b"{", b"\xff", b"[]", b"null", b"7", b'"rule"', b'{"id": "a"}{'])
def test_bytes_that_are_no_rule_are_rejected(junk: bytes) -> None:
    assert message(junk).startswith("rule")


def test_a_rule_is_the_same_from_json_and_from_a_file() -> None:
    data = rule_data(when=[{"feature": "engaged_ms", "z_below": -2, "against": "peers"}], for_windows=3)
    [from_file] = parse_rule_file(yaml.safe_dump({"rules": [data]}), KNOWN_FEATURES)
    assert from_file == parse_rule(json.dumps(data).encode(), KNOWN_FEATURES)
    assert from_file.when[0].z_below == -2.0


def test_a_page_may_wait_with_what_lasts_long_enough() -> None:
    parse_rule(rule_data(**waits("at_break", expires_s=40)), KNOWN_FEATURES)
    parse_rule(rule_data(**waits("now", expires_s=1)), KNOWN_FEATURES)


def test_what_is_not_given_has_its_default() -> None:
    made = parse_rule(rule_data(), KNOWN_FEATURES)
    assert (made.priority, made.cooldown_s, made.expires_s, made.for_windows) == (50, None, 300, 1)
    assert (made.rest_factor, made.max_per_session) == (1.0, None)
    assert (made.source, made.enabled, made.when[0].against) == ("rule", True, "self")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("rules: [", "not YAML"),
        ("", "needs a list under `rules`"),
        ("- id: a", "needs a list under `rules`"),
        ("rules: {}", "needs a list under `rules`"),
        ("rules: [seven]", "a rule is a mapping"),
        ("rules: [!!python/object/apply:os.getcwd []]", "tags are not read"),
    ],
)
def test_a_file_that_holds_no_rules_says_so(text: str, expected: str) -> None:
    with pytest.raises(RuleError, match=expected):
        parse_rule_file(text, KNOWN_FEATURES)


def test_an_id_that_stands_twice_is_rejected() -> None:
    with pytest.raises(RuleError, match="rule calm-down: the id stands twice"):
        parse_rule_file(yaml.safe_dump({"rules": [rule_data(), rule_data(version=2)]}), KNOWN_FEATURES)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("rules:\n  - id: a\n    when: [{feature: clicks, above: 1}]\n    when: []\n", "line 4: when stands twice"),
        ("rules: []\nrules: []\n", "line 2: rules stands twice"),
        ("rules: " + "[" * 5_000, "nested too deep"),
    ],
    ids=["a field", "the list", "too deep"],
)
def test_a_file_that_yaml_would_shorten_or_fail_on_is_rejected(text: str, problem: str) -> None:
    with pytest.raises(RuleError, match=problem):
        parse_rule_file(text, KNOWN_FEATURES)


def test_one_broken_rule_rejects_the_file() -> None:
    with pytest.raises(RuleError, match="rule other: version"):
        parse_rule_file(yaml.safe_dump({"rules": [rule_data(), rule_data(id="other", version=0)]}), KNOWN_FEATURES)


def test_an_empty_list_of_rules_is_a_rule_file() -> None:
    rules: list[Rule] = parse_rule_file("rules: []", KNOWN_FEATURES)
    assert rules == []


@pytest.mark.parametrize(
    "value", ["NO", "no", "Yes", "on", "OFF", "y", "010", "-07", "1:30", "12:30:45", ".nan", "-.inf", "[SE, NO, FI]"]
)
def test_what_yaml_takes_for_something_else_is_refused_with_its_line(value: str) -> None:
    with pytest.raises(RuleError, match=r"line 2: .*(quote|zero|number)"):
        parse_rule_file(f"rules:\n  - {{id: x, any: {value}}}", KNOWN_FEATURES)


def test_norway_can_be_written_in_quotes() -> None:
    text = yaml.safe_dump({"rules": [rule_data(lane="event", when=[{"context": "country", "among": ["SE", "NO"]}])]})
    assert "'NO'" in text
    [rule] = parse_rule_file(text, KNOWN_FEATURES)
    assert rule.when[0].among == ("SE", "NO")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_bound_that_is_no_number_is_refused(value: float) -> None:
    """From a file only: JSON has no such numbers."""
    assert f"calm-down: when[0].above: {value} is no number in JSON" in message(
        rule_data(**when(feature="pages", above=value))
    )


UNWRITABLE: list[tuple[dict[str, Any], str]] = [
    (then({"video": {True: "small"}}), "calm-down: then.parameters.video: the key True is no text"),
    (then({"sizes": [{1: "small"}]}), "calm-down: then.parameters.sizes[0]: the key 1 is no text"),
    (then({"a": {None: 1}}), "calm-down: then.parameters.a: the key None is no text"),
    (then({"a": {"x", "y"}}), "calm-down: then.parameters.a: a set is nothing in JSON"),
    (then({"a": b"x"}), "calm-down: then.parameters.a: a bytes is nothing in JSON"),
    (then({"a": float("nan")}), "calm-down: then.parameters.a: nan is no number in JSON"),
    (then({"a": 2**63}), "calm-down: then.parameters.a: an integer of more than 64 bits"),
    (then({"a": "\ud800"}), "calm-down: then.parameters.a: an unpaired surrogate"),
    (then({"a": {"\ud800": 1}}), "calm-down: then.parameters.a: an unpaired surrogate"),
    (then({"a": itself()}), "calm-down: more than 16 levels of lists and objects"),
    (then({"a": [[0] * 1000] * 3}), "calm-down: more than 2000 values in all"),
    (then({"a": "x" * 70_000}), "calm-down: more than 65536 characters in all"),
    (when(context="device", equals="\ud800"), "calm-down: when[0].equals: an unpaired surrogate"),
    (when(feature="pages", above=float("inf")), "calm-down: when[0].above: inf is no number in JSON"),
    ({"version": 10**30}, "calm-down: version: an integer of more than 64 bits"),
]


@pytest.mark.parametrize(("change", "problem"), UNWRITABLE, ids=[problem for _, problem in UNWRITABLE])
def test_what_no_command_could_carry_is_rejected(change: dict[str, Any], problem: str) -> None:
    """A file may hold what JSON cannot; the job would accept the rule, and fail at its first command for ever."""
    assert message(rule_data() | change).startswith(f"rule {problem}")


def test_a_rule_that_would_always_hold_is_rejected() -> None:
    data = rule_data()
    del data["when"]
    with pytest.raises(RuleError, match="calm-down: when: give when, if or sequence"):
        parse_rule(data, KNOWN_FEATURES)
