"""Why, and why not: proposals, actions and rules in real Chromium."""

import random

import pytest
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from schemas.control_acks import ControlAck, ack_key
from schemas.proposals import REASONS
from schemas.topics import CONTROL_ACKS, PROPOSALS, RULES
from tests.integration.console.conftest import Console
from tests.integration.console.test_console import NOON_MS
from tests.integration.console.test_console_strings import OWN
from tests.support.console_pages import nothing_ran, show, text, until
from tests.unit.gateway.test_console_proposals import proposal

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(240)]

COMMAND = "4a2f833c406a44e5e577629a997161d9"
ITEMS = "[...document.querySelectorAll('main ul.proposals > li')]"


def test_a_proposal_that_was_not_done_says_why_and_leads_to_what_stood_in_the_way(
    chrome: Chrome, console: Console
) -> None:
    done = {"outcome": "commanded", "reason": None, "by": None, "command_id": COMMAND}
    for each in (
        proposal(1, "why-not", NOON_MS, **done),
        proposal(2, "why-not", NOON_MS + 60_000, by=COMMAND),
        proposal(3, "why-not", NOON_MS + 120_000, reason="resting", by="skims"),
        proposal(4, "why-not", NOON_MS + 900_000, outcome="shadow", reason="shadow", by=None),
        proposal(5, "why-not", NOON_MS + 910_000, reason="budget", by="changes_per_minute"),
    ):
        console.write(PROPOSALS, "why-not", each)
    # From one minute to four after noon: of the span in the address, and none besides.
    show(chrome, console, "session", "why-not", str(NOON_MS + 60_000), str(NOON_MS + 240_000))
    until(chrome, f"return {ITEMS}.length === 2")
    resting, exclusive = chrome.find_elements(By.CSS_SELECTOR, "main ul.proposals > li")
    assert REASONS["resting"] in resting.text
    assert REASONS["exclusive"] in exclusive.text
    ways = [each.find_element(By.CSS_SELECTOR, ".reason a").get_attribute("href") for each in (resting, exclusive)]
    assert [str(way).partition("#")[2] for way in ways] == ["/rules/skims", f"/why/{COMMAND}"]

    for field in chrome.find_elements(By.CSS_SELECTOR, "main input[type=datetime-local]"):
        chrome.execute_script("arguments[0].value = ''", field)
    chrome.find_element(By.XPATH, "//main//form[.//input[@type='datetime-local']]//button[.='Show']").send_keys(
        Keys.ENTER
    )
    until(chrome, f"return {ITEMS}.length === 5")
    assert chrome.current_url.endswith("#/session/why-not")
    said = "5 proposals: 1 commanded, 3 suppressed, 1 shadow"
    until(chrome, f"return [...document.querySelectorAll('[role=status]')].some((e) => e.textContent === '{said}')")
    budget = chrome.find_element(By.CSS_SELECTOR, "main ul.proposals .reason")
    assert "In the way: changes_per_minute" in budget.text
    assert not budget.find_elements(By.TAG_NAME, "a")
    toggle = chrome.find_element(By.XPATH, "//button[.='suppressed']")
    toggle.send_keys(Keys.SPACE)
    until(chrome, f"return {ITEMS}.length === 2")
    assert toggle.get_attribute("aria-pressed") == "false"
    assert chrome.execute_script("return document.querySelectorAll('main svg .proposal').length") == 2


def test_a_session_without_proposals_says_so(chrome: Chrome, console: Console) -> None:
    show(chrome, console, "session", "nobody-proposed")
    until(chrome, "return document.body.textContent.includes('No proposals of this session are kept for this time')")


def test_no_text_of_a_proposal_becomes_markup_or_an_address(chrome: Chrome, console: Console) -> None:
    for number, each in enumerate(OWN):
        odd = {"outcome": each, "reason": each, "by": each, "action": each, "command_id": each}
        about = {
            "source": {"kind": each, "id": each, "version": each},
            "parameters": {each: each},
            "evidence": {each: {}},
        }
        console.write(PROPOSALS, "hostile", proposal(number, "hostile", NOON_MS + number, **odd, **about))
    show(chrome, console, "session", "hostile")
    until(chrome, f"return {ITEMS}.length === {len(OWN)}")
    assert all(each in text(chrome) for each in OWN)
    nothing_ran(chrome)


def test_the_matrix_shows_each_action_once_and_no_share_without_outcomes(chrome: Chrome, console: Console) -> None:
    show(chrome, console, "matrix")
    until(chrome, "return document.querySelector('table.matrix') !== null")
    # Impact 5 and complexity 1 is the first cell.
    assert chrome.find_element(By.CSS_SELECTOR, "table.matrix td").text.startswith("prompt")
    named = chrome.execute_script(
        "return [...document.querySelectorAll('table.matrix li strong')].map((each) => each.textContent)"
    )
    assert len(named) == len(set(named)) == 15
    assert "not enough outcomes yet (0 of 30)" in text(chrome)
    assert "Where a rule names no cooldown: every 120 s, 8 times a session." in text(chrome)
    nothing_ran(chrome)


DIFFERENCES = """
const [pairs, done] = arguments;
import("/console/js/line_difference.js").then(({ lineDifference }) => done(pairs.map((pair) => lineDifference(...pair))));
"""


def test_the_difference_of_versions_makes_either_text_and_keeps_as_many_lines_as_can_be(
    chrome: Chrome, console: Console
) -> None:
    rng = random.Random(15)
    pairs = [[[rng.choice("abcd") for _ in range(rng.randrange(12))] for _ in range(2)] for _ in range(200)]
    pairs += [[["x"] * 3_000, ["x"]]]
    show(chrome, console, "why")
    differences = chrome.execute_async_script(DIFFERENCES, pairs)
    for (before, after), parts in zip(pairs, differences, strict=True):
        assert [each["text"] for each in parts if each["kind"] != "added"] == before
        assert [each["text"] for each in parts if each["kind"] != "removed"] == after
        # What is far too long is told as replaced.
        kept = in_common(before, after) if len(before) < 3_000 else 0
        assert sum(each["kind"] == "same" for each in parts) == kept


def in_common(before: list[str], after: list[str]) -> int:
    """Length of the longest common subsequence, row by row of the table of all beginnings."""
    best = [0] * (len(after) + 1)
    for old in before:
        row = [0]
        for number, new in enumerate(after):
            row.append(best[number] + 1 if old == new else max(best[number + 1], row[number]))
        best = row
    return best[-1]


def test_a_rule_is_written_checked_acknowledged_and_rolled_back_by_keyboard(chrome: Chrome, console: Console) -> None:
    rule_id = "console-rule"
    show(chrome, console, "rules", "+")
    until(chrome, "return document.getElementById('rule-checked')?.textContent.startsWith('No problems')")
    field = chrome.find_element(By.ID, "rule-text")
    example = str(field.get_property("value"))
    write(chrome, field, example.replace("my-rule", rule_id).replace("session_window", "session_widow"))
    until(chrome, "return document.getElementById('rule-checked').textContent === '1 problem'")
    # Saving leads to the problem, and the problem to its place.
    field.send_keys(Keys.CONTROL, "s")
    until(chrome, "return document.activeElement.closest('ul.problems') !== null")
    chrome.switch_to.active_element.send_keys(Keys.ENTER)
    assert chrome.switch_to.active_element == field
    write(chrome, field, example.replace("my-rule", rule_id))
    until(chrome, "return document.getElementById('rule-checked').textContent.startsWith('No problems')")
    field.send_keys(Keys.CONTROL, "s")
    until(chrome, f"return document.querySelector('main h1')?.textContent === 'Rule {rule_id}'")

    for subtask in range(2):
        ack = ControlAck("rule", rule_id, 1, subtask, 2, NOON_MS, NOON_MS, None)
        console.write(CONTROL_ACKS, ack_key(ack), ack)
        until(chrome, f"return document.body.textContent.includes('{subtask + 1} of 2')", 40)
    until(chrome, "return document.querySelector('main .badge.commanded')?.textContent === 'in force'", 40)

    press(chrome, "Activate")
    until(chrome, "return document.querySelector('[aria-label=Mode] [aria-pressed=true]')?.textContent === 'Activate'")
    until(chrome, "return document.querySelectorAll('main h2 ~ ul.card > li').length === 2", 60)
    assert console.ask(f"rules/{rule_id}")["rule"].get("mode", "active") == "active"
    press(chrome, "Roll back")
    until(chrome, "return document.querySelector('dialog[open]') !== null")
    chrome.switch_to.active_element.send_keys(Keys.ESCAPE)
    until(chrome, "return document.querySelector('dialog') === null")
    assert console.ask(f"rules/{rule_id}")["version"] == 2
    press(chrome, "Roll back")
    chrome.switch_to.active_element.send_keys(Keys.ENTER)
    until(
        chrome, "return document.querySelector('[aria-label=Mode] [aria-pressed=true]')?.textContent === 'Shadow'", 60
    )
    told = console.ask(f"rules/{rule_id}")
    assert (told["version"], told["rule"]["mode"]) == (3, "shadow")
    assert told["last_change"]["by"] == "console"
    nothing_ran(chrome)


def test_who_may_only_read_sees_a_rule_and_nothing_that_changes_it(chrome: Chrome, console: Console) -> None:
    show(chrome, console, "why")
    chrome.execute_script(
        "const ask = window.fetch;"
        "window.fetch = (path, ...rest) => path === 'api/me'"
        " ? Promise.resolve(Response.json({name: 'reader', roles: ['read']})) : ask(path, ...rest);"
    )
    show(chrome, console, "rules")
    until(chrome, "return document.querySelector('main ul.card a') !== null")
    assert "New rule" not in text(chrome)
    show(chrome, console, "rules", "mission-simplify")
    until(chrome, "return document.querySelector('main h2 ~ p.faint, main h2 ~ ul.card') !== null")
    assert chrome.find_element(By.ID, "rule-text").get_attribute("readonly") is not None
    assert not chrome.find_elements(By.CSS_SELECTOR, "main button")
    chrome.refresh()


def write(chrome: Chrome, field: WebElement, value: str) -> None:
    """Replaces the text as pasting does."""
    field.send_keys(Keys.CONTROL, "a")
    chrome.execute_cdp_cmd("Input.insertText", {"text": value})


def press(chrome: Chrome, name: str) -> None:
    chrome.find_element(By.XPATH, f"//main//button[.='{name}']").send_keys(Keys.ENTER)


def test_a_broken_record_of_a_rule_is_told_as_text(chrome: Chrome, console: Console) -> None:
    for number, each in enumerate(OWN):
        console.write(RULES, f"odd-{number}", {"id": f"odd-{number}", "version": 1, "about": each, each: each})
        console.write(
            CONTROL_ACKS, f"rule:odd-{number}:0", ControlAck("rule", f"odd-{number}", 1, 0, 1, None, NOON_MS, each)
        )
    show(chrome, console, "rules")
    until(chrome, "return document.body.textContent.includes('odd-9')")
    nothing_ran(chrome)
    show(chrome, console, "rules", "odd-0")
    until(chrome, "return document.getElementById('rule-text') !== null")
    assert OWN[0] in text(chrome)
    nothing_ran(chrome)
