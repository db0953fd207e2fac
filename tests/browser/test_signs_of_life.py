"""How far a page is read where a box scrolls or the page grows, and what else a reader does but point and scroll."""

import time

from tests.support.browser_pages import Reader
from tests.support.fake_collector import Collector

FILM = """
const canvas = document.createElement('canvas'); canvas.getContext('2d');
const film = document.querySelector('video'); film.srcObject = canvas.captureStream();
setInterval(() => canvas.getContext('2d').fillRect(0, 0, Math.random() * 9, 9), 50);
film.muted = true; film.play();
"""


def left_depth(reader: Reader, collector: Collector) -> float:
    """How deep the page was read, as told when it is left."""
    before = len(collector.events("page_hide"))
    reader.chrome.get("about:blank")
    event = collector.wait_for(lambda: collector.events("page_hide")[before:])[-1]
    return float(event["properties"]["depth"])


def test_a_page_is_not_read_to_its_end_because_a_box_scrolls_or_because_it_grows(
    reader: Reader, collector: Collector
) -> None:
    box = "<style>html,body{height:100%;overflow:hidden} main{height:100%;overflow:auto}</style>"
    bodies = (
        f"{box}<main><div style='height:8000px'></div></main>",
        "<main id=m>loading</main><script>setTimeout(() => { m.innerHTML = '<div style=height:8000px>' }, 400)</script>",
    )
    for number, body in enumerate(bodies):
        reader.show(body, name=f"page{number}")
        collector.wait_for(lambda at=number: len(collector.connections) > at)  # type: ignore[misc]
        time.sleep(0.8)
        height = reader.run("return innerHeight")
        assert abs(left_depth(reader, collector) - height / 8000) < 0.01, body


def test_a_distance_is_told_in_pages_too(reader: Reader, collector: Collector) -> None:
    reader.open("<div style='height:4000px'></div>")
    reader.wheel(400)
    reader.wheel(-200)
    total = "return document.documentElement.scrollHeight"
    height = reader.run(total)
    collector.wait_for(lambda: sum(float(e["properties"]["path_px"]) for e in collector.events("scroll")) == 600)
    pages = sum(float(each["properties"]["path_pages"]) for each in collector.events("scroll"))
    assert abs(pages - 600 / height) < 0.001


def test_a_film_and_a_gallery_are_being_looked_at_and_a_text_is_being_written(
    reader: Reader, collector: Collector
) -> None:
    """Nobody touches the pointer; without a sign, two seconds would count."""
    reader.open(
        "<main data-adjust-content=film><video></video><textarea id=words></textarea>"
        "<div id=gallery style='overflow-x:auto;height:100vh'><div style='width:9000px;height:10px'></div></div></main>",
        "data-adjust-idle-s=2",
    )
    reader.find("#words").send_keys("ŝŵőŕđ")
    collector.wait_for(lambda: collector.named("active"), patience_s=12)
    seen = len(collector.named("active"))
    reader.run("document.getElementById('gallery').scrollLeft = 3000")
    collector.wait_for(lambda: len(collector.named("active")) > seen, patience_s=12)
    seen = len(collector.named("active"))
    reader.run(FILM)
    begun = sum(event["value"] for event in collector.events("heartbeat"))
    collector.wait_for(lambda: len(collector.named("active")) >= seen + 2, patience_s=20)
    engaged = sum(event["value"] for event in collector.events("heartbeat")) - begun
    assert engaged > 5000, "a film is more than two seconds of attention"
    assert all("words" not in str(event.get("element")) for event in collector.named("active"))


def test_a_long_stay_over_a_teaser_is_told_in_pieces(reader: Reader, collector: Collector) -> None:
    reader.open(
        "<p id=t data-adjust-placement=recommended data-adjust-content=moon>Moon</p>"
        "<p id=far style='margin:200px'>far</p>"
    )
    collector.wait_for(lambda: collector.listeners)
    begun = time.monotonic()
    reader.move("#t")
    first = collector.wait_for(lambda: collector.events("hover"), patience_s=12)[0]
    assert 4900 <= first["value"] <= 10_000
    time.sleep(0.5)
    reader.move("#far")
    longest_ms = (time.monotonic() - begun) * 1000
    collector.wait_for(lambda: collector.events("hover")[1:])
    assert sum(event["value"] for event in collector.events("hover")) <= longest_ms
    # What moved where is of the page, not of what lies under the pointer at the end.
    assert all("content_id" not in event for event in collector.events("move"))


def test_what_a_call_brings_is_taken_for_what_it_means(reader: Reader, collector: Collector) -> None:
    reader.open("<p>Tides</p>")
    reader.run(
        "microadjust.feedback('2'); microadjust.conversion('bought', ' 19.90 '); microadjust.feedback('', 'words')"
    )
    rated = collector.wait_for(lambda: collector.events("feedback")[1:] and collector.events("feedback"))
    assert [(each.get("value"), each.get("text")) for each in rated] == [(2, None), (None, "words")]
    (bought,) = collector.wait_for(lambda: collector.events("conversion"))
    assert bought["value"] == 19.9
    nobody = "[{ id: 7 }, 'undefined', 'null', NaN, '', '  ', String({}), () => 1, false, [1], undefined, null]"
    reader.run(
        "const many = Object.fromEntries([...Array(80).keys()].map((each) => ['p' + each, each]));"
        "microadjust.track('many', many);"
        f"for (const each of {nobody}) {{"
        "microadjust.identify('anna'); microadjust.identify(each); microadjust.track('as nobody') }"
        "microadjust.identify(7); microadjust.track('as seven')"
    )
    (seven,) = collector.wait_for(lambda: collector.named("as seven"))
    assert seven["user_id"] == "7"
    assert len(collector.named("as nobody")) == 12
    assert all("user_id" not in event for event in collector.named("as nobody"))
    assert len(collector.named("many")) == 1


def test_the_same_file_by_another_address_is_the_same_tracker(reader: Reader, collector: Collector) -> None:
    reader.open("<button id=b>b</button>")
    other = reader.run("return import('/t/adjust.js#again').then((module) => module.adjust === microadjust)")
    assert other
    reader.click("#b")
    collector.wait_for(lambda: collector.events("click"))
    time.sleep(0.5)
    assert len(collector.events("click")) == 1
