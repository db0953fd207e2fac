"""Engaged time: a page that is read with a still pointer counts, one that nobody looks at does not."""

import time

from selenium.webdriver import Chrome

from tests.support.browser_pages import Reader
from tests.support.fake_collector import Collector

TEXT = "<main data-adjust-content=tides><p id=text>Something to read.</p></main>"


def engaged_ms(collector: Collector) -> float:
    return float(sum(event["value"] for event in collector.events("heartbeat")))


def blur(reader: Reader, away: bool) -> None:
    """Another window has the focus, or this one has it again; the page stays visible all the time. Headless Chromium has
    no window manager and leaves the focus with every window, so the page is told what a browser on a desk would tell."""
    reader.run(
        "document.hasFocus = () => !arguments[0]; dispatchEvent(new Event(arguments[0] ? 'blur' : 'focus'))", away
    )


WATCH = """
window.turns = { opened: Date.now() };
document.addEventListener("visibilitychange", () => { turns[document.visibilityState] = Date.now(); });
addEventListener("blur", () => { turns.blurred = Date.now(); });
addEventListener("focus", () => { turns.focused = Date.now(); });
"""
"""When the page was opened, hidden, visible again, left by the focus and given it back, in milliseconds."""


def test_a_scripted_reading_is_told_within_five_percent(reader: Reader, collector: Collector) -> None:
    """Still pointer 12 s, another tab 4 s, still 5 s, another window 3 s, still 3 s: 20 s of reading."""
    reader.open(TEXT, "data-adjust-idle-s=15", WATCH)
    time.sleep(12)
    tab = reader.hide()
    time.sleep(4)
    reader.back_to(tab)
    time.sleep(5)
    blur(reader, away=True)
    time.sleep(3)
    blur(reader, away=False)
    time.sleep(3)
    turns = {**reader.run("return turns"), "closed": time.time() * 1000}
    reader.chrome.close()
    reader.chrome.switch_to.window(reader.chrome.window_handles[0])
    collector.wait_for(lambda: len(collector.events("page_hide")) == 2)
    time.sleep(0.5)
    stretches = (("opened", "hidden"), ("visible", "blurred"), ("focused", "closed"))
    read_s = sum(turns[end] - turns[begin] for begin, end in stretches) / 1000
    told_s = engaged_ms(collector) / 1000
    print(f"engaged {told_s:.2f} s, read {read_s:.2f} s")
    assert 19.5 < read_s < 25
    assert abs(told_s - read_s) <= 0.05 * read_s


def test_a_still_pointer_counts_until_idle_and_a_sign_of_life_starts_it_again(
    reader: Reader, collector: Collector
) -> None:
    reader.open(TEXT, "data-adjust-idle-s=2")
    time.sleep(6)
    collector.wait_for(lambda: collector.events("heartbeat"))
    first = engaged_ms(collector)
    assert 1900 <= first <= 2600
    reader.move("#text", 1, 1)
    time.sleep(3)
    reader.hide()
    collector.wait_for(lambda: engaged_ms(collector) > first)
    assert 1900 <= engaged_ms(collector) - first <= 2600


def test_a_hidden_tab_is_not_being_read(reader: Reader, collector: Collector) -> None:
    reader.open(TEXT)
    reader.hide()
    collector.wait_for(lambda: collector.events("page_hide"))
    time.sleep(0.3)
    before = engaged_ms(collector)
    time.sleep(6)
    assert engaged_ms(collector) == before


def test_a_tab_opened_in_the_background_is_no_page_view_until_it_is_seen(
    reader: Reader, collector: Collector, chrome: Chrome
) -> None:
    reader.open(TEXT)
    collector.pages["other"] = collector.pages["page"]
    before = set(chrome.window_handles)
    reader.devtools("Target.createTarget", url=f"{collector.origin}/other", background=True)
    collector.wait_for(lambda: set(chrome.window_handles) - before)
    time.sleep(1.5)
    assert len(collector.events("page_view")) == 1
    (handle,) = set(chrome.window_handles) - before
    reader.back_to(handle)
    collector.wait_for(lambda: len(collector.events("page_view")) == 2)
