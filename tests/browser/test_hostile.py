"""Pages that make it hard: nothing of ours ever shows up as an error of theirs, and where it can be, events still come."""

import time

import pytest

from tests.support.browser_pages import Reader
from tests.support.fake_collector import Collector

PAGE = """<style>input { width: 20px }</style><main data-adjust-content=tides>
<section data-adjust-section=s><button id=b data-adjust=b>b</button></section>
<form id=f data-adjust=form><input name=id><input name=action><input name=attributes><button id=g>g</button></form>
</main><div class=tall></div>"""

STILL_HEARD = {
    "frozen prototypes": "for (const each of [Object, Array, String, Function, Promise, Map, Set, Event, EventTarget, Node])"
    " Object.freeze(each.prototype);",
    "JSON broken": "JSON.stringify = JSON.parse = () => { throw new Error('mine') };",
    "JSON of old": "Array.prototype.toJSON = String.prototype.toJSON = function () { return 'mine' };",
    "localStorage throws": "for (const name of ['getItem', 'setItem', 'removeItem'])"
    " Storage.prototype[name] = () => { throw new Error('full') };",
    "localStorage forbidden": "Object.defineProperty(window, 'localStorage', { get() { throw new Error('no') } });",
    "no observers": "delete window.IntersectionObserver; delete window.MutationObserver;",
    "events stopped": "document.addEventListener('click', (e) => e.stopImmediatePropagation(), true);",
    "beacon throws": "navigator.sendBeacon = () => { throw new Error('mine') };",
    "odd random numbers": "Math.random = () => NaN;",
}

SILENT = {
    "fetch throws": "window.fetch = () => { throw new Error('mine') }; navigator.sendBeacon = () => false;",
    "fetch answers nonsense": "window.fetch = async () => ({ ok: true }); navigator.sendBeacon = () => false;",
    "no listeners": "EventTarget.prototype.addEventListener = () => { throw new Error('mine') };",
    "no random numbers": "crypto.getRandomValues = () => { throw new Error('mine') };",
    "everything at once": "window.Promise = window.URL = window.Map = window.Set = window.WeakMap = undefined;",
}


def live(reader: Reader) -> None:
    """A bit of everything a reader does."""
    reader.press("#b")
    for way in (300, -300):
        reader.devtools("Input.dispatchMouseEvent", type="mouseWheel", x=50, y=50, deltaX=0, deltaY=way)
        time.sleep(0.2)
    reader.evaluate("history.pushState(null, '', '?other')")
    reader.press("#g")
    time.sleep(1.5)


@pytest.mark.parametrize("hostility", STILL_HEARD)
def test_a_hostile_page_is_heard_and_never_hurt(reader: Reader, collector: Collector, hostility: str) -> None:
    reader.show(PAGE.replace("<form", "<form onsubmit='return false'"), head=STILL_HEARD[hostility])
    live(reader)
    collector.wait_for(lambda: len(collector.events("click")) == 2 and collector.events("page_view"))
    assert reader.faults() == []


@pytest.mark.parametrize("hostility", SILENT)
def test_where_nothing_can_be_said_nothing_breaks(reader: Reader, collector: Collector, hostility: str) -> None:
    reader.show(PAGE.replace("<form", "<form onsubmit='return false'"), head=SILENT[hostility])
    live(reader)
    assert reader.faults() == []
    reader.evaluate("history.pushState(null, '', '?more'); dispatchEvent(new Event('pagehide'))")
    assert reader.faults() == []


def test_calls_with_nonsense_do_not_throw(reader: Reader, collector: Collector) -> None:
    reader.open(PAGE)
    nonsense = """
      const circle = {}; circle.self = circle;
      const bad = { toString() { throw new Error('mine') } };
      for (const each of [undefined, null, 0, NaN, '', circle, bad, Symbol('s'), 10n, [], () => 1, '\\ud800']) {
        microadjust.track(each, { each }); microadjust.track('n', each); microadjust.event('custom', { text: each });
        microadjust.consent('granted'); microadjust.identify(each); microadjust.locate();
        microadjust.event('custom', { context: { each } }); microadjust.feedback(null, each);
      }
      microadjust.identify(null);
      const trap = { get own() { throw new Error('mine') } };
      microadjust.track('trap', trap); microadjust.feedback(1, 'trap', trap); microadjust.page();
    """
    reader.run(nonsense)
    reader.run("microadjust.track('after')")
    collector.wait_for(lambda: collector.named("after"))
    assert reader.faults() == []


def test_a_strict_policy_for_content_is_enough(reader: Reader, collector: Collector) -> None:
    collector.page_headers["content-security-policy"] = (
        "default-src 'none'; script-src 'self'; connect-src 'self'; require-trusted-types-for 'script'"
    )
    reader.show(PAGE)
    collector.wait_for(lambda: collector.events("page_view"))
    reader.click("#b")
    collector.wait_for(lambda: collector.events("click"))
    collector.wait_for(lambda: collector.connections)


def test_a_policy_that_forbids_the_gateway_harms_nobody(reader: Reader, collector: Collector) -> None:
    """The page's own faults are watched from outside: its inline scripts are forbidden too."""
    collector.page_headers["content-security-policy"] = "default-src 'none'; script-src 'self'"
    reader.devtools(
        "Page.addScriptToEvaluateOnNewDocument",
        source="window.faults = [];"
        "addEventListener('error', (e) => faults.push(e.message));"
        "addEventListener('unhandledrejection', (e) => faults.push(String(e.reason)));",
    )
    reader.show(PAGE)
    live(reader)
    assert not collector.batches
    assert reader.faults() == []
