"""What readers do in a real browser, and the events that come of it."""

import time

from selenium.webdriver import ActionChains, Keys

from tests.support.browser_pages import Reader
from tests.support.fake_collector import Collector

ARTICLE = """
<main data-adjust-content=tides data-adjust-type=science>
  <section data-adjust-section=lead style="height:700px">Lead</section>
  <section data-adjust-section=body style="height:1500px">Body</section>
  <button id=buy data-adjust=buy data-adjust-event=wish data-adjust-prop-color=red>Buy</button>
</main>
<aside style="position:fixed;top:0;right:0;width:200px;height:200px">
  <a href="#" id=teaser data-adjust-content=moon data-adjust-type=sky data-adjust-placement=recommended
    onclick="document.title += '!'; return false">Moon</a>
  <button id=dead>Nothing</button>
</aside>
"""


def test_a_page_is_told_with_its_content_and_context(reader: Reader, collector: Collector) -> None:
    reader.open(ARTICLE, name="page?secret=1#part")
    (view,) = collector.events("page_view")
    assert (view["content_id"], view["content_type"]) == ("tides", "science")
    assert view["page_url"] == f"{collector.origin}/page"
    assert view["context"]["device"] == "desktop"
    assert view["context"]["viewport_w"] == reader.run("return innerWidth")
    assert "user_expertise" not in view["context"]
    assert {"language", "timezone", "rtt_ms", "downlink_kbps", "save_data"} <= view["context"].keys()
    (context,) = collector.wait_for(lambda: collector.events("context"))
    assert context["context"] == view["context"]


def test_the_experience_that_the_tag_names_is_told_and_one_that_comes_later(
    reader: Reader, collector: Collector
) -> None:
    reader.open(ARTICLE, "data-adjust-expertise=novice")
    (told,) = collector.wait_for(lambda: collector.events("context"))
    assert told["context"]["user_expertise"] == "novice"
    reader.run("document.querySelector('[data-adjust-key]').dataset.adjustExpertise = 'expert'; microadjust.page()")
    later = collector.wait_for(lambda: len(found := collector.events("context")) == 2 and found)
    assert later[1]["context"] == told["context"] | {"user_expertise": "expert"}


def test_a_click_comes_at_once_with_its_place_and_its_item(reader: Reader, collector: Collector) -> None:
    reader.open(ARTICLE)
    reader.click("#teaser")
    (click,) = collector.wait_for(lambda: collector.events("click"))
    (sent_at_ms,) = [each.document["sent_at_ms"] for each in collector.batches if click in each.document["events"]]
    assert sent_at_ms - click["occurred_at_ms"] < 500, "a click must not wait for company"
    assert (click["content_id"], click["placement"], click["element"]) == ("moon", "recommended", "a#teaser")
    spot = reader.run(
        "const {left, top, width, height} = document.getElementById('teaser').getBoundingClientRect();"
        "const all = document.documentElement;"
        "return [(left + width / 2) / all.scrollWidth, (top + height / 2) / all.scrollHeight]"
    )
    assert abs(click["x"] - spot[0]) < 0.01
    assert abs(click["y"] - spot[1]) < 0.01


def test_clicks_know_their_sequence_and_rage(reader: Reader, collector: Collector) -> None:
    reader.open(ARTICLE)
    reader.click("#teaser")
    button = reader.find("#dead")
    ActionChains(reader.chrome, duration=0).move_to_element(button).click().click().click().perform()
    clicks = collector.wait_for(lambda: len(collector.events("click")) == 4 and collector.events("click"))
    assert [click["properties"]["step"] for click in clicks] == ["1", "2", "3", "4"]
    assert clicks[1]["properties"]["after"] == "a#teaser"
    assert ["rage" in click["properties"] for click in clicks] == [False, False, False, True]


def test_a_click_on_a_label_counts_once(reader: Reader, collector: Collector) -> None:
    reader.open("<label id=text for=box>Agreed</label><input type=checkbox id=box data-adjust=box style=margin:200px>")
    reader.click("#text")
    reader.click("#text")
    reader.click("#box")
    clicks = collector.wait_for(lambda: collector.events("click")[2:] and collector.events("click"))
    assert [(click["element"], click["properties"]["step"]) for click in clicks] == [
        ("label#text", "1"),
        ("label#text", "2"),
        ("box", "3"),
    ]
    assert all("rage" not in click["properties"] for click in clicks)
    assert reader.run("return document.getElementById('box').checked"), "three clicks, three changes"


def test_a_click_by_a_key_has_no_place_and_no_anger(reader: Reader, collector: Collector) -> None:
    reader.open(ARTICLE)
    for _ in range(4):
        reader.find("#buy").send_keys(Keys.ENTER)
    clicks = collector.wait_for(lambda: collector.events("click")[3:] and collector.events("click"))
    for click in clicks:
        assert click["element"] == "buy"
        assert not {"x", "y"} & click.keys()
        assert "rage" not in click["properties"]


def test_a_click_without_effect_is_dead_and_one_with_effect_is_not(reader: Reader, collector: Collector) -> None:
    reader.open(ARTICLE)
    reader.click("#teaser")
    time.sleep(2.3)
    reader.click("#dead")
    (dead,) = collector.wait_for(lambda: collector.named("dead_click"))
    assert dead["element"] == "button#dead"


def test_tagged_elements_make_events_of_their_own(reader: Reader, collector: Collector) -> None:
    reader.open(ARTICLE)
    reader.click("#buy")
    (wish,) = collector.wait_for(lambda: collector.named("wish"))
    assert (wish["element"], wish["properties"]["color"]) == ("buy", "red")
    reader.run("microadjust.track('tried', { size: 4 }, 2.5); microadjust.feedback(2, 'too hard')")
    reader.run("microadjust.identify('anna'); microadjust.conversion('bought', 9)")
    (tried,) = collector.wait_for(lambda: collector.named("tried"))
    assert (tried["value"], tried["properties"]) == (2.5, {"size": "4", "name": "tried"})
    (said,) = collector.wait_for(lambda: collector.events("feedback"))
    assert (said["value"], said["text"]) == (2, "too hard")
    (bought,) = collector.wait_for(lambda: collector.events("conversion"))
    assert (bought["user_id"], bought["value"]) == ("anna", 9)


def test_scrolling_tells_depth_speed_and_the_way_back(reader: Reader, collector: Collector) -> None:
    reader.open(ARTICLE)
    for _ in range(6):
        reader.wheel(200)
    first = collector.wait_for(lambda: collector.events("scroll"))[-1]
    at = "return (scrollY + innerHeight) / document.documentElement.scrollHeight"
    collector.wait_for(lambda: abs(collector.events("scroll")[-1]["value"] - reader.run(at)) < 0.01)
    assert float(first["properties"]["speed_px_s"]) > 0
    reader.wheel(-500)
    back = collector.wait_for(
        lambda: [each for each in collector.events("scroll") if float(each["properties"]["back_px"]) > 0]
    )
    assert sum(float(each["properties"]["back_px"]) for each in back) == 500
    assert sum(float(each["properties"]["path_px"]) for each in collector.events("scroll")) == 1700


def test_sections_tell_how_far_and_how_long_they_were_in_view(reader: Reader, collector: Collector) -> None:
    reader.open(ARTICLE)
    time.sleep(1.0)
    reader.wheel(900)
    (lead,) = collector.wait_for(lambda: collector.named("section"))
    assert (lead["element"], lead["value"]) == ("lead", 1)
    assert 900 < float(lead["properties"]["ms"]) < 4000
    tab = reader.hide()
    body = collector.wait_for(lambda: collector.named("section")[1:])[0]
    seen = (900 + reader.collector.events("page_view")[0]["context"]["viewport_h"] - 700) / 1500
    assert (body["element"], round(body["value"], 2)) == ("body", round(seen, 2))
    reader.back_to(tab)
    time.sleep(0.6)
    reader.hide()
    again = collector.wait_for(lambda: collector.named("section")[2:])[0]
    assert again["element"] == "body"
    assert 500 < float(again["properties"]["ms"]) < 4000


def test_a_section_that_is_hidden_was_not_read_to_its_end(reader: Reader, collector: Collector) -> None:
    reader.open("<section id=long data-adjust-section=long class=tall></section>")
    height = collector.events("page_view")[0]["context"]["viewport_h"]
    time.sleep(0.5)
    reader.run("document.getElementById('long').hidden = true")
    (seen,) = collector.wait_for(lambda: collector.named("section"))
    assert abs(seen["value"] - height / 3000) < 0.01


def test_hovering_is_timed_on_tagged_elements_only(reader: Reader, collector: Collector) -> None:
    reader.open(ARTICLE)
    begun = time.monotonic()
    reader.move("#teaser")
    time.sleep(0.8)
    reader.move("#dead")
    longest_ms = (time.monotonic() - begun) * 1000
    (hover,) = collector.wait_for(lambda: collector.events("hover"))
    assert hover["content_id"] == "moon"
    assert 800 <= hover["value"] <= longest_ms
    time.sleep(0.5)
    reader.move("main", -100, -100)
    time.sleep(1.2)
    assert len(collector.events("hover")) == 1


def test_the_pointer_is_summarised_at_most_ten_times_a_second(reader: Reader, collector: Collector) -> None:
    reader.open(ARTICLE)
    chain = ActionChains(reader.chrome, duration=40)
    reader.move("[data-adjust-section=lead]")
    begun = time.monotonic()
    for step in range(60):
        chain.move_by_offset(6 if step % 2 else -6, 9 if step % 4 < 2 else -9)
    chain.perform()
    lasted = time.monotonic() - begun
    time.sleep(2.5)
    moves = collector.wait_for(lambda: collector.events("move"))
    samples = sum(int(move["properties"]["samples"]) for move in moves)
    assert 5 < samples <= 10 * lasted + 2
    assert sum(int(move["properties"]["turns"]) for move in moves) > 5
    assert all(move["value"] >= float(move["properties"]["net_px"]) - 1 for move in moves)
    assert all(0 <= move[side] <= 1 for move in moves for side in "xy")


def test_single_page_navigation_is_a_page_each(reader: Reader, collector: Collector) -> None:
    reader.open(ARTICLE)
    reader.run(
        "history.pushState(null, '', '/other?x=1');document.querySelector('main').dataset.adjustContent = 'kites'"
    )
    views = collector.wait_for(lambda: len(collector.events("page_view")) == 2 and collector.events("page_view"))
    assert [view["content_id"] for view in views] == ["tides", "kites"]
    assert views[1]["page_url"] == f"{collector.origin}/other"
    (left,) = collector.events("page_hide")
    assert (left["content_id"], left["page_url"]) == ("tides", f"{collector.origin}/page")
    reader.chrome.back()
    views = collector.wait_for(lambda: len(collector.events("page_view")) == 3 and collector.events("page_view"))
    assert views[2]["page_url"] == f"{collector.origin}/page"


def test_an_application_says_itself_when_its_page_is_shown(reader: Reader, collector: Collector) -> None:
    reader.open(ARTICLE, "data-adjust-rendered-ms=60000")
    reader.run("history.pushState(null, '', '/other')")
    collector.wait_for(lambda: collector.events("page_hide"))
    time.sleep(1.0)
    assert len(collector.events("page_view")) == 1
    reader.run("document.querySelector('main').dataset.adjustContent = 'kites'; microadjust.page()")
    views = collector.wait_for(lambda: collector.events("page_view")[1:] and collector.events("page_view"))
    assert [view["content_id"] for view in views] == ["tides", "kites"]
    (left,) = collector.events("page_hide")
    assert left["content_id"] == "tides"


def test_a_context_that_changes_out_of_sight_is_told_when_the_page_is_seen_again(
    reader: Reader, collector: Collector
) -> None:
    reader.open(ARTICLE)
    collector.wait_for(lambda: collector.events("context"))
    reader.run(
        "document.addEventListener('visibilitychange', () => setTimeout(() => {"
        "  Object.defineProperty(navigator.connection, 'rtt', { value: 900 });"
        "  navigator.connection.dispatchEvent(new Event('change'));"
        "}, 100), { once: true })"
    )
    tab = reader.hide()
    collector.wait_for(lambda: collector.events("page_hide"))
    time.sleep(1.5)
    assert len(collector.events("context")) == 1
    reader.back_to(tab)
    (_, slow) = collector.wait_for(lambda: collector.events("context")[1:] and collector.events("context"))
    assert slow["context"]["rtt_ms"] == 900


def test_a_session_lasts_over_pages_and_ends_after_half_an_hour(reader: Reader, collector: Collector) -> None:
    reader.open(ARTICLE)
    reader.chrome.refresh()
    collector.wait_for(lambda: len(collector.events("page_view")) == 2)
    first, second = collector.events("page_view")
    assert first["session_id"] == second["session_id"]
    # As if the last sign of life had been 31 minutes ago.
    reader.chrome.get("about:blank")
    reader.chrome.get(f"{collector.origin}/t/adjust.js")
    reader.run(
        "const [id, at] = localStorage['microadjust.session'].split(' ');"
        "localStorage['microadjust.session'] = `${id} ${at - 31 * 60e3}`"
    )
    reader.chrome.get(f"{collector.origin}/page")
    third = collector.wait_for(lambda: collector.events("page_view")[2:])[0]
    assert third["session_id"] != first["session_id"]


def test_a_place_is_told_roughly_and_only_when_asked_for(reader: Reader, collector: Collector) -> None:
    reader.devtools("Browser.grantPermissions", permissions=["geolocation"])
    reader.devtools("Emulation.setGeolocationOverride", latitude=52.5163, longitude=13.3777, accuracy=5)
    reader.open(ARTICLE)
    assert all("latitude" not in event.get("properties", {}) for event in collector.events())
    reader.run("return new Promise((done) => setTimeout(done, 300))")
    reader.run("microadjust.locate()")
    found = collector.wait_for(
        lambda: [each["properties"] for each in collector.events("context") if "latitude" in each["properties"]]
    )
    assert found == [{"latitude": "52.5", "longitude": "13.4"}]


def test_key_strokes_reach_nobody(reader: Reader, collector: Collector) -> None:
    reader.open("<textarea id=words></textarea>" + ARTICLE)
    # Letters that stand nowhere else: one of them alone would be found.
    reader.find("#words").send_keys("ŝŵőŕđ")
    reader.click("#dead")
    collector.wait_for(lambda: collector.events("click"))
    time.sleep(1.2)
    told = "".join(str(batch.document) for batch in collector.batches)
    assert [each for each in "ŝŵőŕđ" if each in told] == []
    assert all("words" not in str(event.get("element")) for event in collector.events()), (
        "nor that something was written"
    )
