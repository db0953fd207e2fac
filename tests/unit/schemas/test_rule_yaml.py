"""YAML that is no plain text of rules: aliases that multiply, tags, numbers that Python cannot read, and JSON with tabs."""

import time

import pytest

from infra.rules.checking import check_text

RULE = """\
rules:
  - id: a
    version: 1
    about: A rule.
    lane: session_window
    then: {action: simplify}
"""
WHEN = RULE + "    when: [{feature: pages, above: 1}]\n"
BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)

REFUSED = {
    "a list of aliases of aliases": (BOMB + "rules: [*i]\n", 5, "aliases (*) make more than 100000 values"),
    "a rule that is one": (BOMB + "rules:\n  - *i\n", 5, "aliases (*) make more than 100000 values"),
    "an alias within itself": ("rules: &a [*a]\n", 1, "stands within what it names"),
    "a mapping within itself": (WHEN + "    until: &u {when: [*u]}\n", 8, "stands within what it names"),
    "a tag of Python": (
        "rules: !!python/object/apply:os.getcwd []\n",
        1,
        "!!python/object/apply:os.getcwd: tags are not read",
    ),
    "a tag whose value does not fit": (WHEN + "    enabled: !!bool maybe\n", 8, "!!bool: tags are not read"),
    "an expression that begins with !": (
        RULE + "    if: !context.save_data\n",
        7,
        "!context.save_data: tags are not read; put a text that begins with ! in quotes",
    ),
    "more digits than Python reads": (WHEN + f"    cooldown_s: {'9' * 5000}\n", 8, "give a shorter number"),
}

NO_YAML = {
    "a colon in an expression": (
        RULE + "    if: pages > 1.0 ? true : false\n",
        7,
        28,
        "with a colon and a space in it in quotes",
    ),
    "a tab": ("rules:\n\t- id: a\n", 2, 1, "indent with spaces"),
    "a backslash in double quotes": (RULE + "    if: \"context.os.matches('\\d')\"\n", 7, 31, "use single quotes"),
    "two documents": (WHEN + "---\n" + WHEN, 8, 1, "leave out the line of three hyphens"),
    "a star": (RULE + "    if: *pages\n", 7, 9, "begins with * in quotes"),
    "a character that is none": ("rules:\n  - id: \x00\n", 2, 9, "special characters are not allowed"),
    "a bracket that is left open": ("rules: [{id: a\n", 2, 1, "while parsing a flow mapping from line 1 on"),
}


@pytest.mark.parametrize(("text", "line", "column", "expected"), NO_YAML.values(), ids=NO_YAML)
def test_what_is_no_yaml_is_told_in_one_line_with_its_place(text: str, line: int, column: int, expected: str) -> None:
    [problem] = check_text(text).problems
    assert problem.problem.startswith("the rule file is not YAML: ")
    assert expected in problem.problem
    assert "\n" not in problem.problem
    assert (problem.line, problem.column) == (line, column)


@pytest.mark.parametrize(("text", "line", "expected"), REFUSED.values(), ids=REFUSED)
def test_it_is_refused_with_its_line_and_at_once(text: str, line: int, expected: str) -> None:
    began_s = time.process_time()
    [problem] = check_text(text).problems
    assert expected in problem.problem
    assert (problem.line, problem.column is not None) == (line, True)
    assert time.process_time() - began_s < 5.0


def test_aliases_that_only_spare_writing_are_read() -> None:
    text = "base: &base {version: 1, about: A., lane: session_window, then: {action: simplify}}\nrules:\n"
    text += "  - {<<: *base, id: a, if: pages > 1.0}\n  - {<<: *base, id: b, if: pages > 2.0}\n"
    assert [each.id for each in check_text(text).required("rules.yaml")] == ["a", "b"]


def test_json_may_be_indented_with_tabs() -> None:
    text = '{\n\t"rules": [\n\t\t{"id": "a", "version": 1, "about": "x",\n\t\t "lane": "event", "if": "ratng > 3.0",\n'
    text += '\t\t "then": {"action": "prompt", "parameters": {"kind": "help"}}}\n\t]\n}\n'
    [problem] = check_text(text).problems
    assert (problem.line, problem.field) == (4, "if")
    assert "did you mean rating" in problem.problem


def test_the_limit_on_all_texts_names_no_field() -> None:
    [problem] = check_text(WHEN.replace("A rule.", "x" * 100_000)).problems
    assert (problem.line, problem.field) == (2, None)
