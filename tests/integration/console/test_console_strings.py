"""Whatever readers write stays text in the console."""

import json
import time
from typing import Any

import pytest
from selenium.webdriver import Chrome

from schemas.topics import ADJUSTMENTS, EVENTS, HEATMAP, OUTCOMES, REJECTED
from tests.integration.console.conftest import Console
from tests.integration.console.test_console import NOON_MS, command
from tests.support.console_pages import nothing_ran, send, show, text, until
from tests.support.shared_data import shared

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


HANDFUL = 15
"""So many strings at a time: each gives two events, and the live page is told of 30 records of a kind in each batch."""


def naughty() -> list[str]:
    strings: list[str] = json.loads(shared("blns", "blns.json").read_text("utf-8"))
    assert len(strings) > 400
    return strings


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


def shown_on_the_page(chrome: Chrome, strings: list[str], quiet_s: float = 3.0) -> set[str]:
    """Waits until the live page shows all of these strings, or none more for `quiet_s`: a few no browser shows as they are.

    Not only until it shows the last: partitions are read one by one, and what is planted meanwhile would share their batch.
    """
    shown: set[str] = set()
    grew_s = time.monotonic()
    while len(shown) < len(set(strings)) and time.monotonic() < grew_s + quiet_s:
        page = text(chrome)
        now_shown = {each for each in strings if each in page}
        if len(now_shown) > len(shown):
            grew_s = time.monotonic()
        shown |= now_shown
        time.sleep(0.1)
    return shown


@pytest.mark.parametrize("source", ["own", "some", pytest.param("all", marks=pytest.mark.chaos)])
def test_no_string_in_any_field_runs_on_any_page(chrome: Chrome, console: Console, source: str) -> None:
    """Of the big list of naughty strings every seventh, and all in the long form."""
    strings = OWN if source == "own" else naughty()[:: 7 if source == "some" else 1]
    show(chrome, console, "live")
    until(chrome, "return document.querySelector('[role=status]').textContent.startsWith('connected')")
    shown: set[str] = set()
    ids: list[str] = []
    for begin in range(0, len(strings), HANDFUL):
        handful = strings[begin : begin + HANDFUL]
        ids += plant(console, handful, f"{source}{begin:04d}")
        shown |= shown_on_the_page(chrome, handful)
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
