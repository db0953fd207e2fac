"""The connection by which commands come: resumed, replaced where it cannot be had, and closed when nobody looks."""

import time
from typing import Any

from tests.support.browser_pages import Reader
from tests.support.command_pages import PAGE, order, settle, shown
from tests.support.fake_collector import Collector


def test_messages_that_are_none_harm_nobody(listening: Reader, collector: Collector) -> None:
    messages: list[Any] = [
        "",
        "no json",
        "null",
        "[]",
        '{"id":"0-1"}',
        '{"command":null}',
        '{"command":{"action":"reorder"}}',
    ]
    for message in messages:
        collector.push(message)
    collector.command("reorder", {"order": ["c"]}, "c1", 9)
    collector.command("highlight_related", {"category": '"] , body ['}, "c2", 10)
    settle(collector, "c1", "applied")
    settle(collector, "c2", "ignored")
    assert listening.faults() == []


def test_a_broken_connection_resumes_from_the_last_id(listening: Reader, collector: Collector) -> None:
    (first,) = collector.connections
    assert (first["by"], first["token"], first["last_id"]) == ("websocket", "token", "")
    assert first["session_id"] == collector.events("page_view")[0]["session_id"]
    collector.command("reorder", {"order": ["c"]}, "c1", 17)
    settle(collector, "c1", "applied")
    collector.push(None)
    second = collector.wait_for(lambda: collector.connections[1:])[0]
    assert (second["by"], second["last_id"]) == ("websocket", "0-17")
    collector.wait_for(lambda: collector.listeners)
    collector.command("reorder", {"order": ["d"]}, "c2", 18)
    collector.wait_for(lambda: order(listening, "far") == "dcab")


def test_where_no_websocket_gets_through_events_do(reader: Reader, collector: Collector) -> None:
    collector.websockets = False
    reader.open(PAGE)
    collector.wait_for(lambda: collector.listeners, patience_s=20)
    assert [each["by"] for each in collector.connections] == ["websocket", "websocket", "events"]
    collector.command("reorder", {"order": ["c"]}, "c1", 5)
    settle(collector, "c1", "applied")
    assert order(reader, "far") == "cabd"


def test_the_next_page_of_an_application_is_adjusted_too(listening: Reader, collector: Collector) -> None:
    collector.command("simplify", {"variant": "simple"}, "c1")
    settle(collector, "c1", "applied")
    listening.run(
        "history.pushState(null, '', '/second');"
        "const old = document.getElementById('below'), fresh = old.cloneNode(true);"
        "fresh.children[0].hidden = false; fresh.children[1].hidden = true; old.replaceWith(fresh)"
    )
    assert shown(listening, "below") == "Long"
    collector.wait_for(lambda: shown(listening, "below") == "Short")
    settle(collector, "c1", "applied")


def test_a_next_page_asks_nobody_again_and_calls_no_handler_again(listening: Reader, collector: Collector) -> None:
    listening.run("window.times = 0; microadjust.handlers.enrich = () => { times++ }")
    collector.command("prompt", {"kind": "still-reading"}, "c1", 1)
    collector.command("enrich", {}, "c2", 2)
    collector.command("highlight_related", {"category": "sky"}, "c3", 3)
    for number in (1, 2, 3):
        settle(collector, f"c{number}", "applied")
    listening.run(
        "document.getElementById('asked').hidden = true;"
        "document.querySelector('[data-adjust-highlight]').removeAttribute('data-adjust-highlight');"
        "history.pushState(null, '', '/second')"
    )
    collector.wait_for(lambda: listening.run("return document.querySelectorAll('[data-adjust-highlight]').length") == 4)
    assert not listening.find("#asked").is_displayed()
    assert listening.run("return times") == 1


def test_a_page_that_is_shown_for_the_first_time_connects_once(listening: Reader, collector: Collector) -> None:
    listening.run("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: false }))")
    time.sleep(0.5)
    assert len(collector.connections) == 1
    listening.run("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    collector.wait_for(lambda: len(collector.connections) == 2)


def test_without_consent_nobody_listens(reader: Reader, collector: Collector) -> None:
    reader.show(PAGE, "data-adjust-consent=pending")
    time.sleep(1.0)
    assert not collector.connections
    reader.run("microadjust.consent('granted')")
    collector.wait_for(lambda: collector.listeners)
    reader.run("microadjust.consent('denied')")
    collector.command("reorder", {"order": ["c"]}, "c1", 5)
    collector.wait_for(lambda: not collector.listeners)
    assert order(reader, "far") == "abcd"


def test_a_tab_that_nobody_looks_at_takes_no_event_stream(reader: Reader, collector: Collector) -> None:
    """Without HTTP/2 a browser has six connections to the gateway, for all its tabs."""
    collector.websockets = False
    reader.open(PAGE)
    collector.wait_for(lambda: collector.listeners, patience_s=20)
    tab = reader.hide()
    collector.push('{"id": "0-1", "command": null}')
    collector.wait_for(lambda: collector.events("page_hide"))
    streams = len(collector.connections)
    reader.back_to(tab)
    collector.wait_for(lambda: len(collector.connections) > streams)
    collector.command("reorder", {"order": ["c"]}, "c1", 5)
    settle(collector, "c1", "applied")


def test_an_outcome_is_told_though_the_page_goes_at_once(listening: Reader, collector: Collector) -> None:
    listening.run(
        "microadjust.handlers.enrich = () => { setTimeout(() => dispatchEvent(new Event('pagehide'))) };"
        "const direct = fetch;"
        "window.fetch = (url, ...rest) => `${url}`.includes('outcomes') ? new Promise(() => {}) : direct(url, ...rest)"
    )
    collector.command("enrich", {}, "c1", 1)
    collector.wait_for(lambda: [each for each in collector.outcomes if each["command_id"] == "c1"])
