"""Models and segments in the console's pages: from nothing learnt to versions, drift, shadow, map and moves."""

import json
import shutil
from collections.abc import Iterator

import pytest
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.by import By

from schemas.control_acks import ControlAck, ack_key
from schemas.drift import DriftLook, DriftReading
from schemas.features import FeatureRow
from schemas.model_cards import shadow_key
from schemas.outcomes import Outcome
from schemas.topics import CONTROL_ACKS, DRIFT, FEATURES, MODELS, OUTCOMES, SEGMENTS
from tests.integration.console.conftest import Console
from tests.support.announced_models import announced_length, edited
from tests.support.console_pages import nothing_ran, show, text, until
from tests.support.model_stores import NOON_MS, filled_store
from tests.support.segment_records import segment_record

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(240)]

HOSTILE = "<img src=x onerror=alert(1)>"
READERS = 40


def test_where_nothing_was_learnt_the_pages_say_what_to_start(chrome: Chrome, console: Console) -> None:
    # A run that was cut off may have left a store.
    shutil.rmtree(console.gateway.home.path / "models", ignore_errors=True)
    show(chrome, console, "models")
    until(chrome, "return document.querySelector('[aria-label=Drift]') !== null")
    shown = text(chrome)
    for expected in (
        "microadjust models train length --last 7d",
        "Nobody has looked for drift yet. Start microadjust learn",
    ):
        assert expected in shown
    assert "isolation_forestships with the job" in shown
    show(chrome, console, "segments")
    until(chrome, "return document.body.textContent.includes('No segments yet. Start microadjust learn')")


@pytest.fixture(scope="module")
def learnt(console: Console) -> Iterator[None]:
    """A store with two versions, one live and one in shadow, looks at drift, two segments, and readers who moved."""
    folder = console.gateway.home.path / "models"
    filled_store(folder)
    (key, live), (_, candidate) = announced_length(from_ms=NOON_MS, parity=2e-7), announced_length(900.0, version=2)
    console.write(MODELS, key, live.encode())
    console.write(MODELS, shadow_key(key), edited(candidate, mode="shadow").encode())
    for name, version in ((key, 1), (shadow_key(key), 2)):
        for subtask in range(2):
            ack = ControlAck("model", name, version, subtask, 2, NOON_MS, NOON_MS)
            console.write(CONTROL_ACKS, ack_key(ack), ack)
    for minute in range(6):
        drifts = minute > 3
        readings = [
            DriftReading("clicks", "feature", 0.5 if drifts else 0.05, 0.2, 0.3, 0.0, 200, drifts),
            DriftReading("pages", "feature", 0.1, 0.2, 0.1, 0.5, 200, False),
        ]
        console.write(DRIFT, "watch", DriftLook(NOON_MS + 60_000 * minute, readings))
    for version in (1, 2):
        for name, engaged_ms, words in (("s1", 2_000.0, HOSTILE), ("s2", 60_000.0, "long attention")):
            _, body = segment_record(name, engaged_ms, words, version=version, at_ms=NOON_MS + version)
            console.write(SEGMENTS, name, body.encode())
    for number in range(READERS):
        session, scores = f"s{number}", {"length": 500.0, "shadow_length": 410.0}
        for minute, segment in enumerate(("s1", "s2" if number < 7 else "s1")):
            at_ms, models = NOON_MS + 60_000 * minute, {"length": 1, "shadow_length": 2}
            row = FeatureRow(session, at_ms, "window", {}, {}, segment, {**scores}, None, models)
            console.write(FEATURES, session, row)
        console.write(
            OUTCOMES, session, Outcome(None, session, None, NOON_MS + 70_000, "preferred_content_length", 400.0)
        )
    yield
    shutil.rmtree(folder)


def test_a_model_is_found_by_keys_with_gate_drift_and_shadow(chrome: Chrome, console: Console, learnt: None) -> None:
    show(chrome, console, "models")
    until(chrome, "return document.querySelector('[aria-label=Drift] svg') !== null")
    chrome.find_element(By.LINK_TEXT, "length").send_keys(Keys.ENTER)
    until(chrome, "return document.querySelector('main h1')?.textContent === 'Model length'")
    until(chrome, "return document.querySelector('[aria-label=Shadow] table') !== null")
    shown = text(chrome)
    for expected in (
        "version 1, 2 of 2 subtasks",
        "2.0e-7 at most between training code and ONNX",
        "mae 70 (66 to 74)",
        "promote by eva",
        "differs by 2e-7 at most",
        "the shadow is better by 90 (90 to 90)",
        f"of {READERS} readers who told",
    ):
        assert expected in shown
    badges = (
        "return [...document.querySelectorAll('[aria-label=Versions] li')]"
        ".map((li) => [...li.querySelectorAll('.badge')].map((each) => each.textContent))"
    )
    assert chrome.execute_script(badges) == [["shadow", "kept out"], ["live", "promoted", "let in"]]
    # Of the two numbers that are watched, the model reads one.
    figures = (
        "return [...document.querySelectorAll('[aria-label=Drift] figure')]"
        ".map((each) => [each.querySelector('strong').textContent, each.querySelectorAll('.drifted').length])"
    )
    assert chrome.execute_script(figures) == [["clicks", 2]]
    nothing_ran(chrome)
    address = f"{console.address}api/models/length/versions/1/report"
    assert chrome.find_element(By.LINK_TEXT, "report").get_attribute("href") == address
    with console.gateway.operator() as operator:
        assert "the report" in operator.get(address).text


def test_segments_are_drawn_and_named_and_moves_are_counted(chrome: Chrome, console: Console, learnt: None) -> None:
    show(chrome, console, "segments")
    until(chrome, "return document.querySelectorAll('svg.groups circle').length === 2")
    bars = "return document.querySelectorAll('[aria-label=\"Sizes over time\"] rect').length"
    assert chrome.execute_script(bars) == 4
    row = "return [...document.querySelectorAll('[aria-label=\"Who moved\"] tbody td')].map((cell) => cell.textContent)"
    assert chrome.execute_script(row) == [f"s1: {HOSTILE}", "s2: long attention", "7"]
    assert "engaged_ms" in text(chrome)
    nothing_ran(chrome)


@pytest.mark.parametrize("parts", [("models",), ("models", "length"), ("segments",)], ids="/".join)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_them_without_scrolling_sideways(
    chrome: Chrome, console: Console, learnt: None, parts: tuple[str, ...], scheme: str
) -> None:
    size = {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True}
    chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    try:
        show(chrome, console, *parts)
        until(chrome, f"return document.querySelector({json.dumps('main svg')}) !== null")
        assert chrome.execute_script("return document.documentElement.scrollWidth") <= 360
        smallest = (
            "return Math.min(...[...document.querySelectorAll('main svg text')].map((each) =>"
            " each.getBoundingClientRect().height))"
        )
        assert chrome.execute_script(smallest) >= 10, "letters of a drawing are too small to read"
    finally:
        chrome.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
