"""A tab and a collector for each test. What the tab sent is validated at the end."""

from collections.abc import Iterator

import pytest
from selenium.webdriver import Chrome

from tests.support.browser import fresh_tab
from tests.support.browser_pages import Reader
from tests.support.command_pages import PAGE
from tests.support.fake_collector import TRACKER, Collector, Serving, judged


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
    with fresh_tab(chrome) as tab:
        reader = Reader(tab, collector)
        # The system may give this collector a port that an earlier one had, and with it that one's storage.
        reader.devtools("Storage.clearDataForOrigin", origin=collector.origin, storageTypes="local_storage")
        yield reader


@pytest.fixture
def listening(reader: Reader, collector: Collector) -> Reader:
    """A page whose client listens."""
    reader.open(PAGE)
    collector.wait_for(lambda: collector.listeners)
    return reader
