"""The console in real Chromium: people without mouse or big screen can use it."""

import json
import time

import pytest
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.support.color import Color

from schemas.topics import ADJUSTMENTS, EVENTS
from tests.integration.console.conftest import Console
from tests.integration.console.test_console import NOON_MS, command, event
from tests.support.console_pages import send, show, until

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(240)]


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
    for _ in range(9):
        chrome.switch_to.active_element.send_keys(Keys.TAB)
        names.append(chrome.switch_to.active_element.text)
    assert names == ["Live", "Why", "Rules", "Matrix", "Models", "Segments", "Heatmap", "Session", "Health"]
    chrome.find_element(By.LINK_TEXT, "Why").send_keys(Keys.ENTER)
    until(chrome, "return document.querySelector('main h1')?.textContent === 'Why this adjustment?'")
    assert chrome.find_element(By.LINK_TEXT, "Why").get_attribute("aria-current") == "page"
    chrome.find_element(By.ID, "command").send_keys("none-of-those", Keys.ENTER)
    until(chrome, "return document.querySelector('[role=alert]')?.textContent.includes('no such command')")


@pytest.mark.parametrize("page", ["live", "why", "rules", "matrix", "heat", "session", "health"])
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
        for name in ("ground", "raised", "ink", "faint", "accent", "bad", "good", "threshold")
    }
    assert (light["ground"] > 0.5) == (scheme == "light")
    for name in ("ink", "faint", "accent", "bad", "good", "threshold"):
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
