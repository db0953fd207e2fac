"""What the reader has not agreed to is neither sent nor stored."""

import time

import pytest

from tests.support.browser_pages import Reader
from tests.support.fake_collector import Collector

PAGE = "<button id=b data-adjust=b>b</button>"
GPC = "Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', { get: () => true });"


def stored(reader: Reader) -> list[str]:
    keys: list[str] = reader.run("return Object.keys(localStorage)")
    return keys


def busy(reader: Reader) -> None:
    reader.click("#b")
    reader.run("microadjust.track('something')")
    time.sleep(1.5)


def test_pending_consent_holds_everything_back_and_granting_sends_it(reader: Reader, collector: Collector) -> None:
    reader.show(PAGE, "data-adjust-consent=pending")
    busy(reader)
    assert not collector.batches
    assert not stored(reader)
    reader.run("microadjust.consent('granted')")
    collector.wait_for(lambda: collector.events("page_view") and collector.events("click"))
    collector.wait_for(lambda: stored(reader))


def test_a_session_goes_on_over_pages_that_each_wait_for_consent(reader: Reader, collector: Collector) -> None:
    for _ in range(2):
        reader.show(PAGE, "data-adjust-consent=pending")
        reader.click("#b")
        reader.run("microadjust.consent('granted')")
        collector.wait_for(lambda: stored(reader))
    collector.wait_for(lambda: len(collector.events("click")) == 2)
    assert len({event["session_id"] for event in collector.events()}) == 1


@pytest.mark.parametrize("state", ["pending", "denied"])
def test_without_consent_a_closed_page_leaves_nothing_behind(reader: Reader, collector: Collector, state: str) -> None:
    reader.show(PAGE, f"data-adjust-consent={state}")
    busy(reader)
    reader.chrome.refresh()
    busy(reader)
    assert not collector.batches
    assert not stored(reader)


def test_a_consent_taken_back_silences_and_erases(reader: Reader, collector: Collector) -> None:
    reader.open(PAGE)
    assert stored(reader)
    reader.run("microadjust.consent('denied')")
    assert not stored(reader)
    time.sleep(1.5)
    before = len(collector.batches)
    busy(reader)
    reader.hide()
    time.sleep(0.5)
    assert len(collector.batches) == before


def test_a_page_without_consent_erases_what_an_earlier_one_stored(reader: Reader, collector: Collector) -> None:
    reader.open(PAGE)
    assert stored(reader)
    reader.show(PAGE, "data-adjust-consent=denied")
    busy(reader)
    assert not stored(reader)


def test_global_privacy_control_is_a_refusal_that_no_page_overrides(reader: Reader, collector: Collector) -> None:
    """Chromium has no such setting; the page sees what a browser that has it would show."""
    reader.show(PAGE, head=GPC)
    busy(reader)
    reader.run("microadjust.consent('granted')")
    busy(reader)
    assert not collector.batches
    assert not stored(reader)


def test_global_privacy_control_can_be_left_out_where_the_law_lets_one(reader: Reader, collector: Collector) -> None:
    reader.open(PAGE, "data-adjust-gpc=ignore", GPC)
    assert collector.events("page_view")
