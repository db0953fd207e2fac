"""Commands arrive in a real page: carried out where nobody looks, undone, and told of."""

import time

import msgspec
import pytest

from schemas.outcomes import Outcome
from tests.support.browser_pages import Reader
from tests.support.command_pages import order, settle, shown, statuses
from tests.support.fake_collector import Collector

MAX_SHIFT = 0.01


def test_a_variant_changes_out_of_sight_at_once_and_in_sight_only_later(
    listening: Reader, collector: Collector
) -> None:
    collector.command("simplify", {"variant": "simple"}, "c1")
    settle(collector, "c1", "applied")
    assert (shown(listening, "below"), shown(listening, "above")) == ("Short", "Long")
    listening.run("document.getElementById('below').scrollIntoView()")
    collector.wait_for(lambda: shown(listening, "above") == "Short" and shown(listening, "seen") == "Short")
    assert listening.shifts() <= MAX_SHIFT
    settle(collector, "c1", "applied")


def test_what_the_reader_looks_at_stays_though_all_above_it_shrinks(listening: Reader, collector: Collector) -> None:
    listening.run("document.getElementById('middle').scrollIntoView()")
    time.sleep(0.3)
    top = "return document.getElementById('middle').getBoundingClientRect().top"
    before = listening.run(top)
    height = listening.run("return document.documentElement.scrollHeight")
    collector.command("simplify", {"variant": "simple"}, "c1")
    settle(collector, "c1", "applied")
    assert (shown(listening, "above"), shown(listening, "seen")) == ("Short", "Short")
    assert listening.run("return document.documentElement.scrollHeight") <= height - 800
    assert abs(listening.run(top) - before) < 1
    assert listening.shifts() <= MAX_SHIFT


def test_a_list_takes_the_commanded_order_where_nobody_looks(listening: Reader, collector: Collector) -> None:
    collector.command("reorder", {"order": ["c"], "types": ["sky"]}, "c1")
    settle(collector, "c1", "applied")
    assert order(listening, "far") == "cbda"


def test_a_list_that_has_grown_meanwhile_keeps_what_is_new_and_does_not_bring_back_what_is_gone(
    listening: Reader, collector: Collector
) -> None:
    listening.run("document.getElementById('far').scrollIntoView()")
    listening.run("document.getElementById('near').remove()")
    collector.command("reorder", {"order": ["c", "e"]}, "c1")
    time.sleep(0.5)
    listening.run(
        "const far = document.getElementById('far'), fresh = far.lastChild.cloneNode(true);"
        "fresh.textContent = fresh.dataset.adjustContent = 'e'; far.firstChild.remove(); far.append(fresh)"
    )
    listening.run("scrollTo(0, 0)")
    settle(collector, "c1", "applied")
    assert order(listening, "far") == "cebd"
    listening.run("document.querySelector('#far [data-adjust-content=b]').remove()")
    collector.command("revert", {}, "c2", 2, reverts="c1")
    settle(collector, "c2", "applied")
    assert order(listening, "far") == "cde"


def test_a_list_that_changes_around_the_middle_does_not_move_the_page(listening: Reader, collector: Collector) -> None:
    listening.run("document.querySelectorAll('#near li').forEach((item) => { item.style.height = '60px' })")
    listening.run("scrollTo(0, document.getElementById('near').offsetTop + 30 - innerHeight / 2)")
    before = listening.run("return scrollY")
    collector.command("reorder", {"order": ["d", "c", "b", "a"]}, "c1")
    collector.wait_for(lambda: order(listening, "near") == "dcba")
    assert listening.run("return scrollY") == before


def test_a_film_that_is_being_watched_goes_on(reader: Reader, collector: Collector) -> None:
    reader.open(
        "<video id=watched data-adjust-light=/picture/light.webm></video>"
        "<video id=empty data-adjust-light=/picture/light.webm></video>",
    )
    reader.run(
        "const canvas = document.createElement('canvas'); canvas.getContext('2d');"
        "document.getElementById('watched').srcObject = canvas.captureStream();"
        "setInterval(() => canvas.getContext('2d').fillRect(0, 0, Math.random() * 9, 9), 50)"
    )
    collector.wait_for(lambda: reader.run("return document.getElementById('watched').readyState > 0"))
    collector.wait_for(lambda: collector.listeners)
    collector.command("lighten_media", {}, "c1")
    settle(collector, "c1", "applied")
    src = "return document.getElementById(arguments[0]).getAttribute('src')"
    assert (reader.run(src, "watched"), reader.run(src, "empty")) == (None, "/picture/light.webm")


def test_what_is_gone_before_it_changes_is_not_reported_applied(listening: Reader, collector: Collector) -> None:
    collector.command("localise", {"language": "fr"}, "c1", 1)
    settle(collector, "c1", "applied")
    listening.run("document.getElementById('below').remove()")
    collector.command("simplify", {"variant": "simple"}, "c2", 2)
    time.sleep(0.5)
    listening.run("document.getElementById('above').remove(); document.getElementById('seen').remove()")
    settle(collector, "c2", "ignored")


def test_a_box_that_may_change_in_sight_does(listening: Reader, collector: Collector) -> None:
    listening.run("document.getElementById('near').scrollIntoView()")
    collector.command("reorder", {"order": ["d"]}, "c1")
    collector.wait_for(lambda: order(listening, "near") == "dabc")


def test_every_other_adapter_changes_what_it_is_for(listening: Reader, collector: Collector) -> None:
    collector.command("lighten_media", {"images": "small"}, "c1", 1)
    collector.command("simplify_layout", {"density": "low"}, "c2", 2)
    collector.command("localise", {"language": "fr"}, "c3", 3)
    collector.command("highlight_related", {"category": "sky"}, "c4", 4)
    collector.command(
        "prompt", {"kind": "still-reading", "text": "<b>Still</b> there, <img src=x onerror=alert(1)>?"}, "c5", 5
    )
    for number in range(1, 6):
        settle(collector, f"c{number}", "applied")
    assert listening.run("return document.getElementById('lazy').getAttribute('src')") == "/picture/light.png"
    assert listening.run("return document.getElementById('layout').dataset.adjustLayout") == "low"
    assert not listening.run("return document.getElementById('fr').hidden")
    highlighted = "return [...document.querySelectorAll('[data-adjust-highlight]')].map((e) => e.textContent).join('')"
    assert listening.run(highlighted) == "bdbd"
    prompt = listening.find("#asked")
    assert prompt.is_displayed()
    assert prompt.text == "<b>Still</b> there, <img src=x onerror=alert(1)>?"
    assert listening.shifts() <= MAX_SHIFT


def test_a_revert_undoes_and_says_so(listening: Reader, collector: Collector) -> None:
    collector.command("reorder", {"order": ["c"]}, "c1", 1)
    collector.command("simplify", {"variant": "simple"}, "c2", 2)
    settle(collector, "c2", "applied")
    collector.command("revert", {}, "c3", 3, reverts="c1")
    collector.command("revert", {}, "c4", 4, reverts="c2")
    collector.command("revert", {}, "c5", 5, reverts="unknown")
    settle(collector, "c3", "applied")
    settle(collector, "c1", "applied", "reverted")
    settle(collector, "c2", "applied", "reverted")
    settle(collector, "c5", "ignored")
    assert (order(listening, "far"), shown(listening, "below")) == ("abcd", "Long")
    listening.run("scrollTo(0, 1e6)")
    time.sleep(0.3)
    assert shown(listening, "above") == "Long", "what was still to be done is not done after the revert"


@pytest.mark.parametrize("later", ["simple", "summary"])
def test_what_a_later_command_shows_stays_when_an_earlier_one_is_taken_back(
    listening: Reader, collector: Collector, later: str
) -> None:
    """So does a text for which two rules ask, as when a reader struggles and then complains."""
    listening.run(
        "const fresh = document.querySelector('#below > [hidden]').cloneNode(true);"
        "fresh.dataset.adjustVariant = 'summary'; document.getElementById('below').append(fresh)"
    )
    chosen = "return document.querySelector('#below > :not([hidden])').dataset.adjustVariant"
    collector.command("simplify", {"variant": "simple"}, "c1", 1)
    settle(collector, "c1", "applied")
    collector.command("simplify", {"variant": later}, "c2", 2)
    settle(collector, "c2", "applied")
    collector.command("revert", {}, "c3", 3, reverts="c1")
    settle(collector, "c1", "applied", "reverted")
    assert listening.run(chosen) == later
    collector.command("revert", {}, "c4", 4, reverts="c2")
    settle(collector, "c2", "applied", "reverted")
    assert listening.run(chosen) == "normal"


def test_a_text_in_sight_is_taken_back_later(listening: Reader, collector: Collector) -> None:
    collector.command("simplify", {"variant": "simple"}, "c1", 1)
    settle(collector, "c1", "applied")
    listening.run("document.getElementById('below').scrollIntoView()")
    collector.command("revert", {}, "c2", 2, reverts="c1")
    settle(collector, "c2", "applied")
    assert shown(listening, "below") == "Short"
    listening.run("scrollTo(0, 0)")
    collector.wait_for(lambda: shown(listening, "below") == "Long")


def test_an_expired_command_is_ignored_and_so_is_one_nobody_looked_away_from(
    listening: Reader, collector: Collector
) -> None:
    now_ms = time.time_ns() // 1_000_000
    collector.command("simplify", {"variant": "simple"}, "late", 1, expires_at_ms=now_ms - 1)
    settle(collector, "late", "ignored")
    listening.run("document.getElementById('below').remove()")
    collector.command("simplify", {"variant": "simple"}, "short", 2, expires_at_ms=time.time_ns() // 1_000_000 + 6000)
    time.sleep(1.0)
    assert statuses(collector, "short") == []
    settle(collector, "short", "ignored")
    listening.run("scrollTo(0, 1e6)")
    time.sleep(0.5)
    assert shown(listening, "above") == "Long"


def test_a_command_that_the_page_has_no_markup_for_is_ignored(listening: Reader, collector: Collector) -> None:
    collector.command("refresh_recommendations", {}, "c1")
    settle(collector, "c1", "ignored")


def test_an_action_that_this_build_does_not_know_fails_with_the_reason(listening: Reader, collector: Collector) -> None:
    listening.run("document.querySelector('#below > [hidden]').dataset.adjustVariant = 'translate'")
    collector.command("translate", {}, "c1", 1)
    settle(collector, "c1", "failed")
    [outcome] = [each for each in collector.outcomes if each["command_id"] == "c1"]
    assert outcome["reason"] == "unknown action translate"
    assert shown(listening, "below") == "Long"
    collector.command("x" * 300, {}, "c2", 2)
    settle(collector, "c2", "failed")
    assert all(msgspec.convert(each, Outcome) for each in collector.outcomes)
    listening.run("window.times = 0; microadjust.handlers.translate = () => { times++ }")
    collector.command("translate", {}, "c3", 3)
    settle(collector, "c3", "applied")
    assert listening.run("return times") == 1


def test_a_cms_takes_an_action_over(listening: Reader, collector: Collector) -> None:
    listening.run(
        "window.told = [];"
        "microadjust.handlers.set_tone = (command) => { told.push(command.parameters.tone); return () => told.push('undone') };"
        "microadjust.handlers.enrich = async () => { throw new Error('mine') };"
        "microadjust.handlers.reorder = () => false;"
    )
    collector.command("set_tone", {"tone": "friendly"}, "c1", 1)
    collector.command("enrich", {}, "c2", 2)
    collector.command("reorder", {"order": ["c"]}, "c3", 3)
    settle(collector, "c1", "applied")
    settle(collector, "c2", "failed")
    settle(collector, "c3", "applied")
    assert order(listening, "far") == "cabd"
    collector.command("revert", {}, "c4", 4, reverts="c1")
    settle(collector, "c1", "applied", "reverted")
    assert listening.run("return told") == ["friendly", "undone"]
    assert listening.faults() == []


def test_the_same_command_counts_once(listening: Reader, collector: Collector) -> None:
    listening.run("window.times = 0; microadjust.handlers.prompt = () => { times++ }")
    for number in (1, 2):
        collector.command("prompt", {}, "c1", number)
    settle(collector, "c1", "applied")
    assert listening.run("return times") == 1


def test_what_a_command_moves_is_not_the_readers_scrolling(listening: Reader, collector: Collector) -> None:
    listening.run("document.getElementById('middle').scrollIntoView()")
    collector.wait_for(lambda: collector.events("scroll"))
    time.sleep(0.5)
    before = sum(float(each["properties"]["path_px"]) for each in collector.events("scroll"))
    at = listening.run("return scrollY")
    collector.command("simplify", {"variant": "simple"}, "c1")
    settle(collector, "c1", "applied")
    assert listening.run("return scrollY") < at - 500, "the page was moved"
    time.sleep(1.2)
    assert sum(float(each["properties"]["path_px"]) for each in collector.events("scroll")) == before
    # What comes after is the reader's again, and no more than that.
    listening.wheel(100)
    collector.wait_for(
        lambda: sum(float(each["properties"]["path_px"]) for each in collector.events("scroll")) == before + 100
    )


def test_no_inherited_member_is_a_handler_and_shadow_roots_are_adjusted(
    listening: Reader, collector: Collector
) -> None:
    listening.run(
        "const root = document.getElementById('layout').attachShadow({ mode: 'open' });"
        "root.innerHTML = '<p data-adjust-lang=en>Hi</p><p id=hola data-adjust-lang=es hidden>Hola</p>'"
    )
    collector.command("toString", {}, "c1", 1)
    settle(collector, "c1", "failed")
    collector.command("localise", {"language": "es"}, "c2", 2)
    settle(collector, "c2", "applied")
    assert not listening.run("return document.getElementById('layout').shadowRoot.getElementById('hola').hidden")


@pytest.mark.parametrize("named", ["null", "'anton'"])
def test_what_was_done_for_one_person_is_taken_back_when_another_comes(
    listening: Reader, collector: Collector, named: str
) -> None:
    listening.run("microadjust.identify('zora')")
    collector.command("simplify", {"variant": "simple"}, "c1")
    settle(collector, "c1", "applied")
    listening.run("microadjust.identify('zora')")
    time.sleep(0.3)
    assert shown(listening, "below") == "Short"
    listening.run(f"microadjust.identify({named})")
    settle(collector, "c1", "applied", "reverted")
    assert shown(listening, "below") == "Long"


def test_what_was_done_before_somebody_signs_in_stays(listening: Reader, collector: Collector) -> None:
    collector.command("simplify", {"variant": "simple"}, "c1")
    settle(collector, "c1", "applied")
    listening.run("microadjust.identify('zora')")
    time.sleep(0.3)
    assert (shown(listening, "below"), statuses(collector, "c1")) == ("Short", ["applied"])
