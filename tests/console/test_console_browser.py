"""The console in real Chromium: whatever readers write stays text, and people without mouse or big screen can use it."""

import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from selenium.common.exceptions import NoAlertPresentException
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.support.color import Color

from infra.demo.browser import Browser
from schemas.events import Event
from schemas.topics import ADJUSTMENTS, EVENTS, HEATMAP, OUTCOMES, REJECTED
from tests.console.conftest import TOKEN, Console
from tests.console.test_console import NOON_MS, command, event
from tests.shared import shared

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(240)]

OWN = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg/onload=alert(1)>',
    "javascript:alert(1)",
    "{{constructor.constructor('alert(1)')()}}",
    "';alert(1);//",
    "</title><iframe srcdoc='<script>parent.alert(1)</script>'>",
    "%3Cscript%3Ealert(1)%3C/script%3E",
    "__proto__",
    "constructor",
]

WITNESS = """
window.incidents = [];
for (const name of ['alert', 'confirm', 'prompt', 'print', 'open']) {
  window[name] = (...given) => window.incidents.push(`${name}: ${given}`);
}
addEventListener('error', (event) => window.incidents.push(`error: ${event.message}`));
addEventListener('unhandledrejection', (event) => window.incidents.push(`rejection: ${event.reason}`));
document.addEventListener('securitypolicyviolation', (event) =>
  window.incidents.push(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
"""
FOREIGN = """
const foreign = 'iframe, object, embed, base, meta[http-equiv], form[action], link[href*="//"]';
const found = [...document.querySelectorAll(foreign)].map((node) => node.outerHTML);
for (const node of document.querySelectorAll('*')) {
  for (const { name, value } of node.attributes) {
    if (/^on|^style$|^srcdoc$/.test(name) && !node.closest('.uplot')) found.push(`${node.localName} ${name}=${value}`);
    if (name === 'href' && /^\\s*(javascript|data):/i.test(value)) found.push(value);
  }
}
for (const script of document.scripts) {
  if (new URL(script.src).origin !== location.origin || script.textContent) found.push(script.outerHTML);
}
return found;
"""


@pytest.fixture(scope="module")
def chrome(console: Console) -> Iterator[Chrome]:
    with Browser() as browser:
        browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": WITNESS})
        browser.get(f"{console.address}?token={TOKEN}")
        yield browser


def naughty() -> list[str]:
    strings: list[str] = json.loads(shared("blns", "blns.json").read_text("utf-8"))
    assert len(strings) > 400
    return strings


def show(chrome: Chrome, console: Console, *parts: str) -> None:
    address = f"{console.address}#/" + "/".join(quote(part, safe="") for part in parts)
    if chrome.current_url != address:
        # The same address but for what follows the # is no new document: the script of the page has to notice.
        chrome.execute_script("document.querySelector('main > div')?.setAttribute('data-left', '')")
    chrome.get(address)
    until(chrome, "return document.querySelector('main h1') && !document.querySelector('[data-left]')")


def until(chrome: Chrome, condition: str, patience_s: float = 20.0) -> None:
    end = time.monotonic() + patience_s
    while not chrome.execute_script(condition):
        assert time.monotonic() < end, f"not within {patience_s} s: {condition}"
        time.sleep(0.05)


def nothing_ran(chrome: Chrome) -> None:
    with pytest.raises(NoAlertPresentException):
        chrome.switch_to.alert  # noqa: B018
    assert chrome.execute_script("return window.incidents") == []
    assert chrome.execute_script(FOREIGN) == []


def text(chrome: Chrome) -> str:
    return str(chrome.execute_script("return document.body.textContent"))


def plant(console: Console, strings: list[str], name: str) -> list[str]:
    """Each string in every field that holds text, in a record of each kind. Returns the ids of the commands."""
    ids = []
    for number, each in enumerate(strings):
        session = each[:64] or "empty"
        about = {
            field: each
            for field in ("user_id", "content_id", "content_type", "page_url", "element", "placement", "text")
        }
        times = {"occurred_at_ms": NOON_MS + number, "received_at_ms": NOON_MS}
        event: dict[str, Any] = {
            "event_id": each or "e",
            "type": each or "click",
            "session_id": session,
            **times,
            **about,
        }
        event |= {"properties": {each: each}, "context": {"device": each, "country": each, "unknown": each}, each: each}
        send(console, EVENTS.name, session, event)
        click = event | {"type": "click", "x": 0.5, "y": 0.5, "value": 1.0}
        send(console, EVENTS.name, session, click)
        ids.append(f"{name}{number:05d}{each}"[:200])
        planted = command(
            ids[-1],
            session,
            user_id=each,
            content_id=each,
            action=each,
            issued_at_ms=NOON_MS + number,
            target={"kind": each, "id": each},
            parameters={each: each, "order": [each, each], "deep": {each: {each: [each]}}},
            source={"kind": each, "id": each, "version": each},
            evidence={
                each: {"value": each, "baseline": 1.0},
                f"clicks{each}": {"value": 2.0, "z": 1.5, "baseline": 1.0, "threshold": 1.2},
            },
            experiment={"id": each, "arm": each},
            reverts=each,
        )
        send(console, ADJUSTMENTS.name, session, planted)
        outcome = {
            "command_id": ids[-1],
            "session_id": session,
            "status": each,
            "metric": each,
            "occurred_at_ms": NOON_MS,
        }
        send(console, OUTCOMES.name, session, outcome)
        refused = {
            "reason": each,
            "detail": each,
            "stage": each,
            "topic": each,
            "partition": 0,
            "offset": 0,
            "seen_at_ms": NOON_MS,
        }
        send(console, REJECTED.name, "k", refused)
        cell = {
            "page": each,
            "device": each,
            "kind": "click",
            "period_start_ms": int(time.time() * 1000),
            "column": 1,
            "row": 1,
            "count": 3,
        }
        send(console, HEATMAP.name, json.dumps([each, number]), cell)
    console.producer.flush()
    return ids


def send(console: Console, topic: str, key: str, record: dict[str, Any] | Event) -> None:
    value = json.dumps(msgspec.to_builtins(record)).encode("utf-8", "replace")
    console.producer.send(console.running.prefix + topic, value, key=key.encode("utf-8", "replace"))


def test_the_witness_sees_what_runs(chrome: Chrome, console: Console) -> None:
    """Without this the other tests could not fail: a page that has been taken over is noticed."""
    show(chrome, console, "health")
    nothing_ran(chrome)
    chrome.execute_script("alert(1)")
    with pytest.raises(AssertionError):
        nothing_ran(chrome)
    chrome.refresh()
    # Markup from text is refused by the page's own policy, and that is seen too.
    chrome.execute_script("try { document.body.innerHTML = '<img src=x onerror=alert(1)>' } catch {}")
    until(chrome, "return window.incidents.some((each) => each.includes('require-trusted-types-for'))")
    chrome.refresh()
    chrome.execute_script("const frame = document.createElement('iframe'); document.body.append(frame)")
    with pytest.raises(AssertionError):
        nothing_ran(chrome)
    chrome.refresh()


@pytest.mark.parametrize("source", ["own", "blns"])
def test_no_string_in_any_field_runs_on_any_page(chrome: Chrome, console: Console, source: str) -> None:
    strings = OWN if source == "own" else naughty()
    show(chrome, console, "live")
    until(chrome, "return document.querySelector('[role=status]').textContent.startsWith('connected')")
    shown: set[str] = set()
    ids: list[str] = []
    # In handfuls, so that the live page shows every one of them.
    for begin in range(0, len(strings), 10):
        handful = strings[begin : begin + 10]
        ids += plant(console, handful, f"{source}{begin:04d}")
        last = json.dumps(handful[-1][:100])
        until(chrome, f"return [...document.querySelectorAll('main li')].some((li) => li.textContent.includes({last}))")
        page = text(chrome)
        shown |= {each for each in handful if each in page}
    nothing_ran(chrome)
    assert len(shown) > 0.95 * len(set(strings)), sorted(set(strings) - shown)[:10]

    telling = [
        number
        for number, each in enumerate(strings)
        if any(sign in each.lower() for sign in ("<", "javascript", "alert", "{{", "%", "\\"))
    ]
    for number in telling[:: max(1, len(telling) // 25)]:
        show(chrome, console, "why", ids[number])
        until(chrome, "return document.querySelector('main dl, main .problem') !== null")
        # An attribute of the page, not its prototype's: a name like __proto__ is a name.
        assert strings[number][:40] in text(chrome)
        nothing_ran(chrome)
        show(chrome, console, "session", strings[number][:64] or "empty")
        until(chrome, "return document.querySelector('main svg, main .faint, main .problem') !== null")
        nothing_ran(chrome)
    show(chrome, console, "heat")
    until(chrome, "return document.querySelector('main select option') !== null")
    nothing_ran(chrome)
    show(chrome, console, *OWN)
    nothing_ran(chrome)


def test_keys_are_enough(chrome: Chrome, console: Console) -> None:
    chrome.get("about:blank")
    show(chrome, console, "health")
    body = chrome.find_element(By.TAG_NAME, "body")
    body.send_keys(Keys.TAB)
    assert chrome.switch_to.active_element.text == "Skip to the content"
    chrome.switch_to.active_element.send_keys(Keys.ENTER)
    assert chrome.switch_to.active_element.get_attribute("id") == "main"
    assert chrome.current_url.endswith("#/health"), "the address says which page it is"
    chrome.execute_script("document.querySelector('.skip').focus()")
    names = []
    for _ in range(5):
        chrome.switch_to.active_element.send_keys(Keys.TAB)
        names.append(chrome.switch_to.active_element.text)
    assert names == ["Live", "Why", "Heatmap", "Session", "Health"]
    chrome.find_element(By.LINK_TEXT, "Why").send_keys(Keys.ENTER)
    until(chrome, "return document.querySelector('main h1')?.textContent === 'Why this adjustment?'")
    assert chrome.find_element(By.LINK_TEXT, "Why").get_attribute("aria-current") == "page"
    chrome.find_element(By.ID, "command").send_keys("none-of-those", Keys.ENTER)
    until(chrome, "return document.querySelector('[role=alert]')?.textContent.includes('no such command')")


@pytest.mark.parametrize("page", ["live", "why", "heat", "session", "health"])
def test_a_phone_shows_all_of_it_without_scrolling_sideways(chrome: Chrome, console: Console, page: str) -> None:
    session, command_id = "session-of-a-phone" * 3, "command-for-a-phone" * 3
    send(console, EVENTS.name, session, event(1, session, "scroll", value=0.5))
    send(console, ADJUSTMENTS.name, session, command(command_id, session))
    console.producer.flush()
    parts, sign = {"why": ([command_id], "main dl"), "session": ([session], "main svg.lanes")}.get(
        page, ([], "main h1")
    )
    size = {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True}
    chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        show(chrome, console, page, *parts)
        until(chrome, f"return document.querySelector({json.dumps(sign)}) !== null")
        time.sleep(0.5)
        assert chrome.execute_script("return document.documentElement.scrollWidth") <= 360
    finally:
        chrome.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_a_page_that_shows_itself_again_leaves_the_reader_where_he_was(chrome: Chrome, console: Console) -> None:
    size = {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True}
    chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        show(chrome, console, "health")
        until(chrome, "return document.querySelector('main .scroll table') !== null")
        chrome.execute_script(
            "const box = document.querySelector('main .scroll'); box.firstChild.style.width = '900px';"
            "box.focus(); box.scrollLeft = 40; box.firstChild.id = 'old';"
            # The new table is as wide as the old one was.
            "const style = new CSSStyleSheet(); style.replaceSync('.scroll table { width: 900px }');"
            "document.adoptedStyleSheets = [style]"
        )
        until(chrome, "return document.querySelector('main .scroll table') && !document.getElementById('old')")
        assert chrome.execute_script("return document.querySelector('main .scroll').scrollLeft") == 40
        assert chrome.execute_script("return document.activeElement === document.querySelector('main .scroll')")
        assert chrome.execute_script("return document.querySelector('main [role=status]')") is None, (
            "a clock told aloud"
        )
    finally:
        chrome.execute_script("document.adoptedStyleSheets = []")
        chrome.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_a_page_that_is_left_while_it_asks_does_not_ask_again(chrome: Chrome, console: Console) -> None:
    show(chrome, console, "why")
    chrome.execute_script(
        "window.begun = 0; const begin = window.setInterval;"
        "window.setInterval = (...given) => { window.begun++; return begin(...given) };"
        "location.hash = '#/health'; setTimeout(() => { location.hash = '#/session' })"
    )
    until(chrome, "return document.querySelector('main h1')?.textContent === \"A session's life\"")
    time.sleep(1.0)
    assert chrome.execute_script("return window.begun") == 0
    chrome.refresh()


def test_show_only_hides_what_is_there_already_and_shows_it_again(chrome: Chrome, console: Console) -> None:
    show(chrome, console, "live")
    until(chrome, "return document.querySelector('[role=status]').textContent === 'connected'")
    for session in ("filter-anna", "filter-ben"):
        send(console, EVENTS.name, session, event(1, session))
    console.producer.flush()
    seen = "return [...document.querySelectorAll('main li a')].filter((a) => a.offsetParent).map((a) => a.textContent)"
    until(chrome, f"{seen.replace('return', 'return (')}).filter((each) => each.startsWith('filter-')).length === 2")
    field = chrome.find_element(By.CSS_SELECTOR, "main input")
    field.send_keys("filter-BEN")
    assert chrome.execute_script(seen) == ["filter-ben"]
    field.send_keys(Keys.BACKSPACE * len("filter-BEN"))
    assert {"filter-anna", "filter-ben"} <= set(chrome.execute_script(seen))
    assert ":" not in chrome.find_element(By.CSS_SELECTOR, "[role=status]").text, "a clock told aloud"


def test_what_was_on_another_day_is_told_with_the_day(chrome: Chrome, console: Console) -> None:
    send(console, EVENTS.name, "of-old", event(1, "of-old"))
    send(console, EVENTS.name, "of-today", event(1, "of-today", at_ms=int(time.time() * 1000)))
    console.producer.flush()
    cell = "main td"
    for session, dated in (("of-old", True), ("of-today", False)):
        show(chrome, console, "session", session)
        until(chrome, f"return document.querySelector({json.dumps(cell)}) !== null")
        assert chrome.find_element(By.CSS_SELECTOR, cell).text.startswith("2025-10-09 ") == dated


def test_a_depth_that_nobody_has_told_is_not_drawn_as_none(chrome: Chrome, console: Console) -> None:
    for number, (kind, at_s, value) in enumerate([("page_view", 0, None), ("scroll", 100, 0.6), ("click", 200, None)]):
        what = event(number, "deep", kind, NOON_MS + at_s * 1000, **({} if value is None else {"value": value}))
        send(console, EVENTS.name, "deep", what)
    seen = {"value": 0.6, "window_start_ms": NOON_MS + 60_000, "window_end_ms": NOON_MS + 120_000}
    decided = command("deep-command", "deep", issued_at_ms=NOON_MS + 120_000, evidence={"scroll_depth": seen})
    send(console, ADJUSTMENTS.name, "deep", decided)
    console.producer.flush()
    show(chrome, console, "why")
    chrome.execute_script(
        "window.uPlot = class { constructor(_, data) { window.drawn = data[1] } setSize() {} destroy() {} }"
    )
    show(chrome, console, "why", "deep-command")
    until(chrome, "return Boolean(window.drawn)")
    assert set(chrome.execute_script("return window.drawn")) == {None, 0.6}
    chrome.refresh()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground_in_both_schemes(chrome: Chrome, console: Console, scheme: str) -> None:
    chrome.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    )
    show(chrome, console, "health")
    style = "return getComputedStyle(document.documentElement).getPropertyValue('--' + arguments[0]).trim()"
    light = {
        name: brightness(str(chrome.execute_script(style, name)))
        for name in ("ground", "raised", "ink", "faint", "accent", "bad", "good")
    }
    assert (light["ground"] > 0.5) == (scheme == "light")
    for name in ("ink", "faint", "accent", "bad", "good"):
        for ground in ("ground", "raised"):
            low, high = sorted((light[name], light[ground]))
            # WCAG 2.2, 1.4.3.
            assert (high + 0.05) / (low + 0.05) >= 4.5, (name, ground)


def brightness(colour: str) -> float:
    """Relative luminance, 0..1, as WCAG defines it."""
    known = Color.from_string(colour)
    parts = [part / 255 for part in (known.red, known.green, known.blue)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
