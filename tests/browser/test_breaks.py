"""Typing is told, not what is typed; commands that may wait are carried out at a natural break."""

import time

import pytest
from selenium.webdriver import Keys

from tests.support.browser_pages import Reader
from tests.support.command_pages import settle, shown, statuses, variants
from tests.support.fake_collector import Collector

FORM = """
<textarea id=comment></textarea><input type=checkbox id=box><button id=go>Go</button>
<div id=note contenteditable>note</div><p id=text style='height:600px'>What the reader reads.</p>
"""
SECTIONS = (
    "<section data-adjust-section=first style='height:900px'>First</section>"
    "<section data-adjust-section=second style='height:900px'>Second</section>"
    + variants("below", 800, 300)
    + "<div style='height:3000px'></div>"
)


@pytest.fixture
def sections(reader: Reader, collector: Collector) -> Reader:
    """A page of sections whose client listens."""
    reader.open(SECTIONS)
    collector.wait_for(lambda: collector.listeners)
    return reader


def asked(collector: Collector, command_id: str = "c1") -> None:
    """A change out of sight, which would be made at once if it did not wait."""
    collector.command("simplify", {"variant": "simple"}, command_id, apply="at_break")
    time.sleep(0.6)


@pytest.mark.parametrize("field", ["#comment", "#note"])
def test_typing_is_told_once_in_eight_seconds_and_nothing_of_what_is_typed(
    reader: Reader, collector: Collector, field: str
) -> None:
    reader.open(FORM)
    collector.wait_for(
        lambda: reader.run("return performance.getEntriesByType('resource').some((e) => /movements/.test(e.name))")
    )
    time.sleep(0.5)
    reader.find(field).send_keys("xylophone")
    (told,) = collector.wait_for(lambda: collector.named("typing"))
    assert told["element"] == "adjust-typing"
    assert told.keys() & {"value", "x", "y", "text", "placement"} == set()
    reader.find(field).send_keys("zebra")
    time.sleep(1.5)
    assert len(collector.named("typing")) == 1
    everything = str([batch.document for batch in collector.batches])
    assert "xylo" not in everything
    assert "zebra" not in everything


def test_ticking_pressing_and_selecting_are_no_typing(reader: Reader, collector: Collector) -> None:
    reader.open(FORM)
    time.sleep(1.0)
    reader.click("#box")
    reader.find("#box").send_keys(Keys.SPACE)
    reader.click("#go")
    reader.run("getSelection().selectAllChildren(document.getElementById('text'))")
    collector.wait_for(lambda: len(collector.events("click")) >= 2)
    time.sleep(1.5)
    assert collector.named("typing") == []


def test_a_change_waits_for_the_end_of_a_section(sections: Reader, collector: Collector) -> None:
    asked(collector)
    assert (shown(sections, "below"), statuses(collector, "c1")) == ("Long", [])
    # In the middle of the first section, and then in that of the second.
    sections.run("scrollTo(0, 200)")
    time.sleep(0.5)
    assert statuses(collector, "c1") == []
    sections.run("scrollTo(0, 700)")
    settle(collector, "c1", "applied")
    assert shown(sections, "below") == "Short"


def test_scrolling_back_into_the_section_before_is_no_break(sections: Reader, collector: Collector) -> None:
    sections.run("scrollTo(0, 700)")
    time.sleep(0.5)
    asked(collector)
    sections.run("scrollTo(0, 200)")
    time.sleep(0.6)
    assert statuses(collector, "c1") == []


def test_a_change_waits_until_the_reader_comes_back_to_the_tab(sections: Reader, collector: Collector) -> None:
    asked(collector)
    handle = sections.hide()
    time.sleep(0.5)
    assert statuses(collector, "c1") == []
    sections.chrome.close()
    sections.back_to(handle)
    settle(collector, "c1", "applied")


def test_another_page_of_an_application_is_a_break(sections: Reader, collector: Collector) -> None:
    asked(collector)
    sections.run("microadjust.page()")
    settle(collector, "c1", "applied")
    sections.run("microadjust.page()")
    time.sleep(0.3)
    assert shown(sections, "below") == "Short"


def test_a_change_that_is_taken_back_while_it_waits_is_never_made(sections: Reader, collector: Collector) -> None:
    asked(collector)
    collector.command("revert", {}, "c2", 2, reverts="c1")
    settle(collector, "c2", "ignored")
    sections.run("scrollTo(0, 700)")
    settle(collector, "c1", "ignored")
    assert shown(sections, "below") == "Long"


def test_who_has_signed_out_gets_no_change_that_waited_for_them(sections: Reader, collector: Collector) -> None:
    sections.run("microadjust.identify('anna')")
    asked(collector)
    sections.run("microadjust.identify('ben')")
    sections.run("scrollTo(0, 700)")
    settle(collector, "c1", "ignored")
    assert shown(sections, "below") == "Long"


def test_a_change_waits_no_longer_than_half_a_minute(sections: Reader, collector: Collector) -> None:
    # The page's clock, not the test's: the time-out of the wait is the only one of half a minute.
    sections.run(
        "const later = setTimeout; window.setTimeout = (go, ms, ...rest) => later(go, ms === 30000 ? 900 : ms, ...rest)"
    )
    asked(collector)
    assert statuses(collector, "c1") == []
    settle(collector, "c1", "applied")


@pytest.mark.parametrize("hint", [None, "now", "someday"])
def test_without_the_hint_nothing_waits(sections: Reader, collector: Collector, hint: str | None) -> None:
    collector.command("simplify", {"variant": "simple"}, "c1", apply=hint)
    settle(collector, "c1", "applied")
