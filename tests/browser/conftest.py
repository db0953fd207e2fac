"""One Chromium for all tests, a tab and a collector for each. What the tab sent is judged by the contract at the end."""

from collections.abc import Iterator

import pytest
from selenium.webdriver import Chrome

from infra.demo.browser import Browser
from infra.demo.visit import NoBrowserError
from tests.support.browser_pages import Reader
from tests.support.fake_collector import TRACKER, Collector, Serving, judged


@pytest.fixture(scope="session")
def chrome() -> Iterator[Chrome]:
    try:
        with Browser() as chrome:
            yield chrome
    except NoBrowserError as missing:
        pytest.fail(f"{missing}; `make test-browser` installs it")


@pytest.fixture
def collector() -> Iterator[Collector]:
    assert (TRACKER / "adjust.js").exists(), "run `make setup`"
    with Serving() as collector:
        yield collector
        for batch in collector.batches:
            for event in batch.document["events"]:
                judged(event, batch.arrived_at_ms)


@pytest.fixture
def reader(chrome: Chrome, collector: Collector) -> Iterator[Reader]:
    """A fresh tab; all others are closed afterwards."""
    first = chrome.window_handles[0]
    chrome.switch_to.window(first)
    chrome.switch_to.new_window("tab")
    reader = Reader(chrome, collector)
    # A new tab of headless Chromium has no focus of itself.
    reader.devtools("Page.bringToFront")
    # The system may give this collector a port that an earlier one had, and with it that one's storage.
    reader.devtools("Storage.clearDataForOrigin", origin=collector.origin, storageTypes="local_storage")
    yield reader
    for handle in chrome.window_handles:
        if handle != first:
            chrome.switch_to.window(handle)
            chrome.close()
    chrome.switch_to.window(first)
