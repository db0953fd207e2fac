"""Broken rules in a file: each is refused with its line and column, the field, what was expected and the nearest known name.

The sign ¤ marks the place that the error must name; it is taken out before the rule is read.
"""

import pytest

from models.rules.compiled import KNOWN_FEATURES, CompiledRule
from models.rules.evaluation import RuleSet
from schemas.rule_conditions import DETECTORS
from schemas.rules import Rule, RuleError, parse_rule, parse_rule_file, rules_or_errors

SOUND = """\
rules:
  - id: sound
    version: 1
    about: A rule that nothing is wrong with.
    lane: session_window
    if: recommended_click_rate < 1.0 && change(session_duration_ms) <= -0.2 && context.device != "phone"
    then: {action: simplify, parameters: {variant: simple}}
"""

HEAD = """\
  - id: broken
    version: 1
    about: A rule that something is wrong with.
"""
WINDOW = HEAD + "    lane: session_window\n    then: {action: simplify}\n"
ITEM = HEAD + "    lane: content_window\n    then: {action: simplify}\n"
EVENT = HEAD + "    lane: event\n    then: {action: prompt, parameters: {kind: help}}\n"
NUMBERS = "[1,2,3,4,5,6,7,8,9]"
CONDITION = "    when: [{feature: pages, above: 1}]\n"

BROKEN: list[tuple[str, str]] = [
    # Syntax of expressions.
    (WINDOW + "    if: clicks >¤\n", "if: line 1, column 9: expected a value, the expression ends"),
    (WINDOW + "    if: clicks ¤= 3.0\n", "write == to compare"),
    (WINDOW + "    if: clicks > 3.0 ¤and pages > 1.0\n", "write && for and"),
    (WINDOW + "    if: (clicks > 3.0¤\n", "expected ), the expression ends"),
    (WINDOW + "    if: clicks > 3.0 ¤)\n", "expected an operator or the end, found )"),
    (WINDOW + "    if: context.device == ¤'phone\n", "has no closing '"),
    (WINDOW + "    if: clicks > ¤3u\n", "unsigned numbers are not part of the rules' CEL"),
    (WINDOW + "    if: |\n      clicks > 3.0 &&\n      ¤clikcs > 3.0\n", "did you mean clicks?"),
    (WINDOW + '    if: "clicks > 3.0 && ¤clikcs > 3.0"\n', "did you mean clicks?"),
    # Unknown names.
    (WINDOW + "    if: ¤recommended_clik_rate < 1.0\n", "did you mean recommended_click_rate?"),
    (WINDOW + "    if: ¤context.devise == 'phone'\n", "did you mean context.device?"),
    (
        WINDOW + "    if: ¤rating > 3.0\n",
        "the variable rating is not known in lane session_window; it is in lane event",
    ),
    (EVENT + "    if: ¤segment == 'a'\n", "it is in lane session_window"),
    (WINDOW + "    if: ¤zz(clicks) > 3.0\n", "the function zz is not known"),
    (WINDOW + "    if: z(¤clik_rate) > 3.0\n", "did you mean click_rate?"),
    (WINDOW + "    if: score(¤'isolation_forst') > 0.5\n", "did you mean isolation_forest?"),
    (WINDOW + "    if: context.device.¤startWith('p')\n", "did you mean startsWith?"),
    (
        WINDOW + "    when: [{feature: ¤clikcs, above: 1}]\n",
        "when[0].feature: clikcs is not known in lane session_window; did you mean clicks?",
    ),
    (WINDOW + "    when: [{feature: ¤rating, above: 1}]\n", "it is in lane event"),
    (
        WINDOW + "    when: [{context: ¤devise, equals: phone}]\n",
        "when[0].context: devise is not known in lane session_window; did you mean device?",
    ),
    (EVENT + "    when: [{event: ¤elment, equals: buy}]\n", "did you mean element?"),
    (WINDOW + "    when: [{detector: ¤isolation_forst, above: threshold}]\n", "did you mean isolation_forest?"),
    (
        WINDOW + "    when: [{feature: pages, ¤abov: 1}]\n",
        "when[0]: Object contains unknown field `abov`; did you mean above?",
    ),
    (WINDOW + CONDITION + "    ¤colldown_s: 5\n", "unknown field `colldown_s`; did you mean cooldown_s?"),
    (HEAD + "    lane: ¤session_windw\n    then: {action: simplify}\n" + CONDITION, "did you mean session_window?"),
    (
        HEAD + "    lane: session_window\n    then: {action: ¤simplfy}\n" + CONDITION,
        "then.action: Invalid enum value 'simplfy'; did you mean simplify?",
    ),
    (
        HEAD + "    lane: session_window\n    then: {action: localise, parameters: {langauge: ¤fr}}\n" + CONDITION,
        "then.parameters.langauge: is not known for localise; did you mean language?",
    ),
    (
        HEAD + "    lane: session_window\n    then: {action: simplify, parameters: {variant: ¤$content}}\n" + CONDITION,
        "$content is not known; did you mean $content_id?",
    ),
    (
        HEAD
        + "    lane: session_window\n    then: {action: reorder, parameters: {order: ¤$recent_contents}}\n"
        + CONDITION,
        "$recent_contents is known in lane event only",
    ),
    # Types.
    (WINDOW + "    if: clicks ¤> 3\n", "> does not take double and int; write 3.0"),
    (WINDOW + "    if: context.device ¤> 3.0\n", "> does not take string and double"),
    (WINDOW + "    if: pages > 1.0 && ¤clicks\n", "&& takes true or false, found double"),
    (WINDOW + "    if: ¤clicks + 1.0\n", "is to give true or false; it gives double"),
    (WINDOW + "    if: pages ¤in [1, 2]\n", "write the list with decimal points"),
    (WINDOW + "    if: \"(pages > 1.0 ¤? 1.0 : 'a') == 1.0\"\n", "both sides of : have one type"),
    (WINDOW + "    if: '¤true'\n", "reads nothing"),
    (WINDOW + "    if: ¤[1, 2]\n", "Expected `str"),
    (WINDOW + "    when: [{feature: pages, above: ¤'1'}]\n", "when[0].above: Invalid enum value '1'"),
    (
        HEAD + "    lane: session_window\n    then: {action: localise, parameters: {language: ¤no}}\n" + CONDITION,
        'quote it ("no") if it is a text',
    ),
    (
        HEAD + "    lane: session_window\n    then: {action: localise, parameters: {language: ¤false}}\n" + CONDITION,
        "expected a text",
    ),
    (
        HEAD + "    lane: session_window\n    then: {action: prompt, parameters: {kind: ¤{1: a}}}\n" + CONDITION,
        "the key 1 is no text",
    ),
    # What can never be, or be evaluated.
    (WINDOW + "    if: clicks > ¤1.0 / 0.0\n".replace("¤1.0 /", "1.0 ¤/"), "no finite number"),
    (WINDOW + "    if: clicks > 1.0 && 1 ¤/ 0 > 2\n", "division by zero"),
    (WINDOW + "    if: clicks > ¤1e999\n", "no finite number"),
    (WINDOW + "    if: coverage ¤> 1.0\n", "coverage lies between 0 and 1"),
    (WINDOW + "    if: pages > 5.0 && pages ¤< 3.0\n", "pages < 3 can never hold with the rest"),
    (EVENT + "    if: recent_clicks ¤> 16.0\n", "recent_clicks lies between 0 and 16"),
    (EVENT + "    if: z(¤rating) > 3.0\n".replace("z(¤", "¤z("), "an event has no baseline"),
    (ITEM + "    if: ¤z(clicks, 'peers') > 3.0\n", "contents have no peers"),
    (WINDOW + "    if: baseline(clicks, ¤'group') > 3.0\n", 'baseline takes "self" or "peers" or "segment" second'),
    (WINDOW + "    when: [{feature: pages, above: ¤10, below: 5}]\n", "above: 10 with below: 5 can never hold"),
    (WINDOW + "    when: [{feature: pages, above: ¤.nan}]\n", "give a finite number"),
    (WINDOW + "    when: [{forest: ¤7.0}]\n", "scores lie between 0 and 1"),
    (WINDOW + "    when: [{feature: silence_ms, z_above: ¤3}]\n", "silence_ms has no baseline"),
    # A baseline that nothing is compared with: it would have no effect, whatever the author meant by it.
    (
        WINDOW + "    when: [{feature: clicks, against: ¤segment, above: 5}]\n",
        "when[0].against: above compares the value with no baseline; leave against out, or use change_above, change_below,",
    ),
    (
        EVENT + "    when: [{feature: rating, below: 3, above: 1, against: ¤peers}]\n",
        "when[0].against: above and below compare the value with no baseline; leave against out",
    ),
    (
        WINDOW + CONDITION + "    until: {when: [{feature: pages, below: 1, against: ¤peers}]}\n",
        "until.when[0].against: below compares the value with no baseline",
    ),
    (
        WINDOW + "    when: [{context: device, equals: mobile, against: ¤segment}]\n",
        "when[0].against: context compares with no baseline; leave against out",
    ),
    (WINDOW + "    when: [{forest: threshold, against: ¤peers}]\n", "forest compares with no baseline"),
    (WINDOW + CONDITION + "    priority: ¤101\n", "priority: Expected `int` <= 100"),
    (WINDOW + "    if: int(clicks) ¤% 0 == 1\n", "division by zero"),
    (WINDOW + "    if: change(clicks) ¤< -20.0\n", "change(clicks) is never less than -1"),
    (WINDOW + "    if: rank(pages) ¤< 10.0\n", "rank(pages) < 10 always holds; rank(pages) lies between 0 and 1"),
    (WINDOW + "    when: [¤{feature: clicks, change_below: -20}]\n", "change(clicks) < -20 can never hold"),
    (WINDOW + "    when: [¤{feature: clicks, below: 0}]\n", "clicks < 0 can never hold"),
    (WINDOW + "    when: [{feature: clicks, above: 5}, ¤{feature: clicks, below: 3}]\n", "clicks < 3 can never hold"),
    (WINDOW + "    when: [{feature: clicks, above: 5}]\n    if: ¤clicks < 3.0\n", "clicks < 3 can never hold"),
    (WINDOW + "    when: [{feature: pages, ¤above: 1,5}]\n".replace("¤above: 1,5", "above: 1,¤5"), "as in 0.5"),
    (WINDOW + "    when: [{detector: isolation_forest, above: ¤2}]\n", "scores lie between 0 and 1"),
    (WINDOW + "    when: [{context: country, among: ¤[]}]\n", "an empty list"),
    (EVENT + "    when: [{event: type, equals: ¤clik}]\n", "clik does not reach the fast lane; did you mean click?"),
    (EVENT + "    if: event.type in ['click', ¤'scroll']\n", "event.type is never 'scroll'"),
    (
        WINDOW + "    when: [{context: segment_kind, equals: ¤experts}]\n",
        "no segment is of the kind experts; did you mean expert?",
    ),
    (WINDOW + "    when: [{context: segment_kind, among: [expert, ¤x]}]\n", "there are expert, mobile_short_attention"),
    (WINDOW + "    if: segment_kind == ¤'experts'\n", "segment_kind is never 'experts'; did you mean expert?"),
    (
        WINDOW + "    when: [{feature: clicks, against: segment, ¤top: 0.1}]\n".replace("¤top: ", "top: ¤"),
        "with peers only",
    ),
    (WINDOW + "    if: baseline(clicks, ¤'segments') > 1.0\n", 'baseline takes "self" or "peers" or "segment" second'),
    (ITEM + "    if: ¤z(readers, 'segment') > 1.0\n", "contents have no segment"),
    (EVENT + '    sequence: [click, type == ¤"page_veiw"]\n    within_s: 9\n', "did you mean page_view?"),
    (
        EVENT + "    features: [{name: a, count: {event: click}, within_s: 9}]\n    if: a ¤> 200.0\n",
        "a lies between 0 and 200",
    ),
    (WINDOW + CONDITION + "    until: {if: ¤pagse < 1.0}\n", "until.if: line 1, column 1: the variable pagse"),
    (WINDOW + CONDITION + "    until: ¤{when: [{feature: pages, above: 1}]}\n", "is the rule's own condition"),
    (WINDOW + '    if: "context.os == \\"a\\" && ¤clikcs > 1.0"\n', "did you mean clicks?"),
    (WINDOW + "    if: 'context.os == ''a'' && ¤clikcs > 1.0'\n", "did you mean clicks?"),
    (WINDOW + "    if: ¤context['device'] == 'mobile'\n", "context is no value itself; write one of context.browser"),
    (EVENT + "    if: ¤type == 'click'\n", "did you mean content.type or event.type?"),
    (HEAD + "    lane: session_window\n    then: {action: ¤revert}\n" + CONDITION, "say when in `until`"),
    (
        HEAD
        + "    lane: session_window\n    then: {action: refresh_recommendations}\n"
        + CONDITION
        + "    until: ¤{if: pages < 1.0}\n",
        "refresh_recommendations cannot be taken back",
    ),
    (WINDOW + CONDITION + "    valid_from: ¤tomorrow\n", "expected a time such as"),
    (WINDOW + CONDITION + "    valid_from: 2026-12-01\n    valid_until: ¤2026-11-01\n", "is not after valid_from"),
    (WINDOW.replace("broken", '¤"broken\\n"') + CONDITION, "a name ends with its last letter"),
    (WINDOW.replace("broken", "¤Tired_Reader") + CONDITION, "expected lower-case letters, digits and hyphens"),
    (
        HEAD
        + "    lane: event\n    then: {action: reorder, parameters: {order: ¤[$recent_contents]}}\n    if: rating > 3.0\n",
        "stands for the whole value; write order: $recent_contents",
    ),
    (WINDOW + CONDITION + f"    cooldown_s: ¤{'9' * 5000}\n", "give a shorter number"),
    (WINDOW + "    if: ¤!context.save_data\n", "put a text that begins with ! in quotes"),
    # What would take too long.
    (WINDOW + f"    if: {'(' * 33}¤{'(' * 9_900}\n", "nested more than 32 levels deep"),
    (WINDOW + f"    if: '{'!(' * 33}¤{'!(' * 4_900}'\n", "nested more than 32 levels deep"),
    (WINDOW + f"    if: clicks > 1.0{' + 1.0' * 31} ¤+ 1.0\n", "nested more than 32 levels deep"),
    (WINDOW + f"    if: ¤{'a' * 10_001}\n", "Expected `str` of length <= 10000"),
    (WINDOW + "    if: context.device.matches(¤'(a+)++$')\n", "a quantifier after a quantifier"),
    (WINDOW + "    if: context.device.matches(¤'a{1000}')\n", "up to 100 are allowed"),
    (WINDOW + "    if: context.device.matches(¤'((a{90}){90}){90}')\n", "needs more than 2000 states"),
    (WINDOW + "    if: context.device.matches(¤r'(a)\\1')\n", "backreferences"),
    (WINDOW + "    if: context.device.matches(¤'(?=a)')\n", "of the groups with (?"),
    (WINDOW + "    if: context.device.matches(¤context.device)\n", "written as a text"),
    (
        WINDOW + f"    if: '{NUMBERS}.¤all(a, {NUMBERS}.all(b, {NUMBERS}.all(c, {NUMBERS}.all(d, a+b+c+d > 0))))'\n",
        "steps; 10000 are allowed",
    ),
    # The file.
    (WINDOW + CONDITION + "    ¤about: Again.\n", "about stands twice"),
    (
        WINDOW + f"    when: {'[' * 57}{'¤' + '[' * 41}{']' * 98}\n",
        "nested too deep: lists and mappings have at most 60 levels",
    ),
    ("  - ¤just a text\n", "a rule is a mapping"),
]


WHOLE = (
    "about stands twice",
    "nested too deep: lists and mappings have at most 60 levels",
    'quote it ("no") if it is a text',
    "give a finite number",
    "give a shorter number",
    "put a text that begins with ! in quotes",
)
"""Of which not only the rule is refused, but the file."""


def place_of(marked: str) -> tuple[str, int, int]:
    at = marked.index("¤")
    return marked.replace("¤", ""), marked.count("\n", 0, at) + 1, at - marked.rfind("\n", 0, at)


def found_in(text: str) -> list[Rule | RuleError]:
    return list(rules_or_errors(text, KNOWN_FEATURES, DETECTORS, CompiledRule, "rules.yaml"))


@pytest.mark.parametrize(("broken", "expected"), BROKEN, ids=[expected[:60] for _, expected in BROKEN])
def test_a_broken_rule_is_refused_with_its_place_and_the_others_are_not(broken: str, expected: str) -> None:
    text, line, column = place_of(SOUND + broken)
    *sound, error = found_in(text)
    # What no YAML could mean is refused as a whole.
    assert [each.id for each in sound if isinstance(each, Rule)] == ([] if expected in WHOLE else ["sound"])
    assert isinstance(error, RuleError)
    assert expected in str(error)
    assert (error.line, error.column) == (line, column)
    assert str(error).startswith(f"rules.yaml:{line}:{column}: ")


def test_there_are_forty_broken_rules_and_more() -> None:
    assert len({text for text, _ in BROKEN}) >= 40


def test_all_errors_of_a_file_are_told_at_once() -> None:
    text = SOUND + WINDOW + "    if: clikcs > 1.0\n" + WINDOW.replace("broken", "other") + "    if: clicks > 1\n"
    with pytest.raises(RuleError) as caught:
        parse_rule_file(text, KNOWN_FEATURES, DETECTORS, CompiledRule, "rules.yaml")
    first, second = str(caught.value).splitlines()
    assert first.startswith("rules.yaml:13:9: rule broken: if:")
    assert second.startswith("rules.yaml:19:16: rule other: if:")


def test_ten_megabytes_are_refused_before_they_are_read() -> None:
    [error] = found_in(SOUND + WINDOW + f"    if: {'clicks > 1.0 && ' * 700_000}true\n")
    assert "characters; 4194304 are allowed" in str(error)
    with pytest.raises(RuleError, match="262144 are allowed"):
        parse_rule(b'{"id": "' + b"a" * 10_000_000 + b'"}', KNOWN_FEATURES)


def test_json_nested_ten_thousand_levels_deep_is_refused() -> None:
    with pytest.raises(RuleError, match="rule"):
        parse_rule(b'{"id": "a", "when": ' + b"[" * 10_000 + b"]" * 10_000 + b"}", KNOWN_FEATURES)


def test_a_broken_expression_on_the_topic_leaves_the_other_rules_in_force() -> None:
    [sound] = parse_rule_file(SOUND, KNOWN_FEATURES)
    rules = RuleSet([sound])
    body = b'{"id": "b", "version": 1, "about": "", "lane": "event", "if": "ratng > 3.0", "then": {"action": "prompt"}}'
    broken = parse_rule(body, KNOWN_FEATURES, DETECTORS)
    with pytest.raises(RuleError, match="did you mean rating"):
        rules.with_rule(broken)
    assert [each.id for each in rules.lane("session_window")] == ["sound"]
