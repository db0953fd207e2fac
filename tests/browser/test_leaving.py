"""When a page is left, when it is only out of view, and when it is another page."""

import time

import pytest

from tests.support.browser_pages import Reader
from tests.support.fake_collector import Collector

ARTICLE = "<main data-adjust-content=ferry data-adjust-type=travel><a id=go href=#>go</a></main><div class=tall></div>"
NO_NAVIGATION = "Object.defineProperty(window, 'navigation', { value: undefined });"


def exits(collector: Collector) -> list[float]:
    """Ms in view of the pages that were left."""
    return [event["value"] for event in collector.events("page_hide") if event.get("value") is not None]


def test_looking_at_another_tab_is_no_exit_and_its_time_is_not_spent_on_the_page(
    reader: Reader, collector: Collector
) -> None:
    reader.open(ARTICLE)
    for _ in range(3):
        time.sleep(0.3)
        tab = reader.hide()
        time.sleep(1.5)
        reader.back_to(tab)
    collector.wait_for(lambda: len(collector.events("page_hide")) >= 3)
    assert exits(collector) == []
    open_ms = reader.run("return performance.now()")
    reader.chrome.get("about:blank")
    (in_view_ms,) = collector.wait_for(lambda: exits(collector))
    assert in_view_ms < open_ms - 2000, "of four and a half seconds away none is told"
    assert len(collector.events("page_view")) == 1


@pytest.mark.parametrize("head", ["", NO_NAVIGATION], ids=["navigation", "without"])
def test_a_replaced_address_is_the_same_page_and_a_new_entry_another(
    reader: Reader, collector: Collector, head: str
) -> None:
    reader.open(ARTICLE, head=head, name="page?utm_source=mail")
    reader.run("history.replaceState(null, '', location.pathname)")
    for letter in "abc":
        reader.run("history.replaceState(null, '', '?q=' + arguments[0])", letter)
        time.sleep(0.4)
    reader.run("history.replaceState(null, '', '/page/')")
    time.sleep(0.6)
    reader.click("#go")
    collector.wait_for(lambda: collector.events("click"))
    assert collector.events("click")[0]["content_id"] == "ferry"
    assert len(collector.events("page_view")) == 1
    assert collector.events("page_hide") == []
    # A router that fetches before it changes the address, long after the click.
    reader.run(
        "setTimeout(() => { history.pushState(null, '', '/two');"
        "document.querySelector('main').dataset.adjustContent = 'two' }, 600)"
    )
    views = collector.wait_for(lambda: collector.events("page_view")[1:] and collector.events("page_view"))
    assert [view["content_id"] for view in views] == ["ferry", "two"]
    assert len(exits(collector)) == 1
    reader.run("history.back()")
    collector.wait_for(lambda: len(collector.events("page_view")) == 3)


def test_what_is_left_by_a_call_of_page_belongs_to_the_page_that_was_read(reader: Reader, collector: Collector) -> None:
    reader.open(
        "<main data-adjust-content=a1><section data-adjust-section=s><p id=t data-adjust=t>t</p></section></main>"
    )
    collector.wait_for(lambda: collector.listeners)
    reader.move("#t")
    time.sleep(0.5)
    reader.run("document.querySelector('main').dataset.adjustContent = 'a2'; microadjust.page()")
    views = collector.wait_for(lambda: collector.events("page_view")[1:] and collector.events("page_view"))
    assert [view["content_id"] for view in views] == ["a1", "a2"]
    (left,) = collector.events("page_hide")
    assert left["content_id"] == "a1"
    assert {event["content_id"] for event in collector.events("heartbeat")} == {"a1"}
    assert {event["content_id"] for event in collector.named("section")} == {"a1"}


def test_a_tab_that_is_closed_after_the_session_ends_that_session(reader: Reader, collector: Collector) -> None:
    reader.open(ARTICLE, head="const clock = Date.now; window.later = 0; Date.now = () => clock() + later;")
    tab = reader.hide()
    collector.wait_for(lambda: collector.events("page_hide"))
    reader.back_to(tab)
    # Half an hour and a minute later by the page's clock; the collector would refuse what comes from the future.
    before = len(collector.batches)
    reader.run("later = 31 * 60e3; dispatchEvent(new Event('pagehide')); later = 0")
    collector.wait_for(lambda: exits(collector))
    sessions = {event["session_id"] for batch in collector.batches for event in batch.document["events"]}
    del collector.batches[before:]
    assert len(sessions) == 1
