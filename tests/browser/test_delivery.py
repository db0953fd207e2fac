"""No event is lost: not by a closed tab, nor offline, nor while the collector refuses."""

import time
from email.utils import formatdate
from itertools import pairwise

import pytest
from selenium.webdriver import Chrome

from tests.support.browser_pages import Reader
from tests.support.fake_collector import Collector

PAGE = "<button id=b data-adjust=b>b</button><a id=next href=/next>next</a>"


def close_in_the_act(reader: Reader, chrome: Chrome, collector: Collector, name: str) -> None:
    """Makes an event in the last moment before the tab is gone."""
    collector.pages["page"] = collector.pages.get("page", "")
    chrome.switch_to.new_window("tab")
    # What the last tab stored would be sent again by this one, and nothing could be lost.
    reader.devtools("Storage.clearDataForOrigin", origin=collector.origin, storageTypes="local_storage")
    views = len(collector.events("page_view"))
    reader.show(PAGE)
    collector.wait_for(lambda: len(collector.events("page_view")) > views)
    # The event waits a second for company; the tab is closed before.
    reader.run("microadjust.track(arguments[0])", name)
    chrome.close()
    chrome.switch_to.window(chrome.window_handles[0])


@pytest.mark.parametrize("tries", [5, pytest.param(50, marks=pytest.mark.chaos)])
def test_closing_the_tab_loses_nothing(reader: Reader, chrome: Chrome, collector: Collector, tries: int) -> None:
    names = [f"last-{number}" for number in range(tries)]
    for name in names:
        close_in_the_act(reader, chrome, collector, name)
    collector.wait_for(lambda: len(collector.events("page_hide")) >= tries)
    lost = [name for name in names if not collector.named(name)]
    print(f"{tries} tabs closed, lost: {lost}")
    assert not lost


def test_leaving_by_a_link_loses_nothing(reader: Reader, collector: Collector) -> None:
    collector.pages["next"] = "<p>No tracker here.</p>"
    reader.open(PAGE)
    reader.run("microadjust.track('waiting')")
    reader.click("#next")
    collector.wait_for(lambda: collector.named("waiting") and collector.events("click"))
    (left,) = collector.wait_for(lambda: collector.events("page_hide"))
    assert left["value"] > 0


def test_hiding_sends_by_beacon_what_waits(reader: Reader, collector: Collector) -> None:
    reader.open(PAGE)
    # Nothing is left of the second that it may wait for company, however slow the machine is.
    reader.run(
        "addEventListener('visibilitychange', () => microadjust.track('waiting'), { capture: true, once: true })"
    )
    reader.hide()
    collector.wait_for(lambda: collector.named("waiting"))
    (came,) = [batch for batch in collector.batches if "'waiting'" in str(batch.document)]
    assert came.headers.get("sec-fetch-mode") == "no-cors", "no beacon came"


def test_a_hidden_tab_keeps_what_the_storage_refuses(reader: Reader, collector: Collector) -> None:
    refusing = "Storage.prototype.setItem = () => { throw new Error('full') }; navigator.sendBeacon = () => false;"
    reader.open(PAGE, head=refusing)
    collector.wait_for(lambda: collector.events("context"))
    # As if the collector had asked to wait, so that nothing leaves before the tab is hidden.
    before = len(collector.batches)
    collector.answers.append((503, {"retry-after": "3"}))
    reader.run("microadjust.track('refused')")
    collector.wait_for(lambda: len(collector.batches) > before)
    reader.run("microadjust.track('waiting')")
    tab = reader.hide()
    time.sleep(0.3)
    reader.back_to(tab)
    collector.wait_for(lambda: collector.named("refused") and collector.named("waiting"))


def test_what_happened_offline_comes_when_the_network_is_back(reader: Reader, collector: Collector) -> None:
    reader.open(PAGE)
    reader.devtools("Network.enable")
    offline = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    reader.devtools("Network.emulateNetworkConditions", offline=True, **offline)
    for number in range(30):
        reader.run("microadjust.track(`offline-${arguments[0]}`)", number)
    time.sleep(2)
    assert not collector.named("offline-0")
    reader.devtools("Network.emulateNetworkConditions", offline=False, **offline)
    collector.wait_for(lambda: all(collector.named(f"offline-{number}") for number in range(30)))


def test_what_could_not_be_sent_outlives_the_page(reader: Reader, collector: Collector) -> None:
    reader.open(PAGE)
    collector.wait_for(lambda: collector.events("context"))
    before = len(collector.batches)
    collector.answers.append((503, {"retry-after": "60"}))
    reader.run("microadjust.track('kept')")
    collector.wait_for(lambda: len(collector.batches) > before)
    time.sleep(0.2)
    reader.chrome.get("about:blank")
    time.sleep(0.5)
    assert not collector.named("kept")
    reader.show(PAGE)
    (kept,) = collector.wait_for(lambda: collector.named("kept"))
    assert kept["session_id"] == collector.events("page_view")[0]["session_id"]


@pytest.mark.parametrize("status", [429, 503])
def test_a_refusal_for_now_is_tried_again_when_it_says(reader: Reader, collector: Collector, status: int) -> None:
    reader.open(PAGE)
    collector.wait_for(lambda: collector.events("context"))
    before = len(collector.batches)
    collector.answers.append((status, {"retry-after": "3"}))
    reader.run("microadjust.track('patient')")
    refused = collector.wait_for(lambda: [each for each in collector.batches[before:] if each.status == status])[0]
    (told,) = collector.wait_for(lambda: collector.named("patient"))
    assert told["event_id"] in [event["event_id"] for event in refused.document["events"]]
    again = collector.batches[collector.batches.index(refused) + 1]
    assert 3000 <= again.arrived_at_ms - refused.arrived_at_ms < 6000


def test_a_refusal_may_name_a_date(reader: Reader, collector: Collector) -> None:
    reader.open(PAGE)
    collector.wait_for(lambda: collector.events("context"))
    before = len(collector.batches)
    until = int(time.time()) + 4
    collector.answers.append((503, {"retry-after": formatdate(until, usegmt=True)}))
    reader.run("microadjust.track('patient')")
    collector.wait_for(lambda: collector.named("patient"))
    assert collector.batches[before + 1].arrived_at_ms >= until * 1000


def test_without_a_wish_the_wait_grows_with_each_failure(reader: Reader, collector: Collector) -> None:
    # Of the wait a part is by chance: here always the middle.
    reader.open(PAGE, head="Math.random = () => 0.5;")
    collector.wait_for(lambda: collector.events("context"))
    before = len(collector.batches)
    collector.answers += [(500, {})] * 3
    reader.run("microadjust.track('patient')")
    collector.wait_for(lambda: collector.named("patient"), patience_s=20)
    # Both by the page's own clock: how long a request takes to get here does not count.
    times = [batch.document["sent_at_ms"] for batch in collector.batches[before:]][:4]
    for number, (one, other) in enumerate(pairwise(times)):
        assert 1000 * 2**number <= other - one < 2000 * 2**number + 500


def test_a_refusal_for_good_is_not_repeated(reader: Reader, collector: Collector) -> None:
    reader.open(PAGE)
    collector.wait_for(lambda: collector.events("context"))
    before = len(collector.batches)
    collector.answers += [(400, {}), (401, {})]
    reader.run("microadjust.track('broken')")
    collector.wait_for(lambda: len(collector.batches) == before + 1)
    reader.run("microadjust.track('keyless')")
    collector.wait_for(lambda: len(collector.batches) == before + 2)
    reader.run("microadjust.track('silent')")
    time.sleep(2)
    assert len(collector.batches) == before + 2
    assert not collector.named("broken")
    assert not collector.named("silent")


def test_a_lot_at_once_is_cut_into_batches_that_outlive_a_page(reader: Reader, collector: Collector) -> None:
    reader.open(PAGE)
    reader.run("for (let i = 0; i < 300; i++) microadjust.track('many', { i, text: 'ä€😀'.repeat(40) })")
    collector.wait_for(lambda: len({each["properties"]["i"] for each in collector.named("many")}) == 300)
    assert max(batch.bytes for batch in collector.batches) < 65_536
    assert all("😀" in each["properties"]["text"] for each in collector.named("many"))
