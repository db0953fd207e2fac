"""Clicks as hands and pages make them: middle buttons, shadow roots, fixed headers, answers that nothing shows."""

import time

from selenium.webdriver import ActionChains

from tests.support.browser_pages import Reader
from tests.support.fake_collector import Collector

SHADOW = """
<news-strip></news-strip>
<script>
  customElements.define("news-strip", class extends HTMLElement {
    constructor() {
      super();
      this.attachShadow({ mode: "open" }).innerHTML =
        `<a href="#" data-adjust-content=owls data-adjust-type=nature data-adjust-placement=recommended
          data-adjust-event=opened><b id=owl>Owls</b></a><br><button id=toggle>Show</button><p id=text>a</p>`;
      this.shadowRoot.querySelector("#toggle").onclick = () => { this.shadowRoot.querySelector("#text").textContent += "b" };
    }
  });
</script>
"""


SILENCE = """
const sound = new Uint8Array(44 + 80000), view = new DataView(sound.buffer);
const texts = [[0, "RIFF"], [8, "WAVEfmt "], [36, "data"]];
for (const [at, text] of texts) [...text].forEach((letter, i) => view.setUint8(at + i, letter.charCodeAt(0)));
for (const [at, number] of [[4, 80036], [16, 16], [24, 8000], [28, 8000], [40, 80000]]) view.setUint32(at, number, true);
for (const [at, number] of [[20, 1], [22, 1], [32, 1], [34, 8]]) view.setUint16(at, number, true);
sound.fill(128, 44);
document.querySelector("audio").src = URL.createObjectURL(new Blob([sound], { type: "audio/wav" }));
"""
"""Ten seconds of silence, as the page's sound."""


def mouse(reader: Reader, script: str, button: str = "left") -> None:
    """Presses a mouse button at the middle of what the script finds."""
    box = reader.run(
        f"const r = ({script}).getBoundingClientRect(); return [r.left + r.width / 2, r.top + r.height / 2]"
    )
    for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
        reader.devtools("Input.dispatchMouseEvent", type=kind, x=box[0], y=box[1], button=button, clickCount=1)


def test_the_middle_button_opens_links_and_the_right_one_nothing(reader: Reader, collector: Collector) -> None:
    reader.open(
        "<a id=a href=/other data-adjust-placement=recommended data-adjust-content=x>x</a><p id=p>Text</p>"
        "<form id=f onsubmit='return false'><input name=id><input name=closest><input name=getAttribute>"
        "<input name=getAttributeNames><p id=in>beside</p></form>"
    )
    tab = reader.chrome.current_window_handle
    for selector, button in (("#a", "middle"), ("#a", "right"), ("#p", "middle")):
        mouse(reader, f"document.querySelector('{selector}')", button)
        reader.back_to(tab)
    # A form whose fields have the names of its own members.
    mouse(reader, "document.getElementById('in').parentElement.querySelector('p')")
    clicks = collector.wait_for(lambda: collector.events("click")[1:] and collector.events("click"))
    assert [(click["element"], click.get("placement")) for click in clicks] == [("a#a", "recommended"), ("p#in", None)]
    form = "document.getElementById('f')"
    reader.run(f"{form}.style.padding = '30px'; {form}.style.width = '10px'")
    at = reader.run(f"const r = {form}.getBoundingClientRect(); return [r.left + 5, r.top + 5]")
    for kind in ("mousePressed", "mouseReleased"):
        reader.devtools("Input.dispatchMouseEvent", type=kind, x=at[0], y=at[1], button="left", clickCount=1)
    third = collector.wait_for(lambda: collector.events("click")[2:])[0]
    assert third["element"] == "form#f"


def test_a_click_in_an_open_shadow_root_is_about_what_stands_there(reader: Reader, collector: Collector) -> None:
    reader.open(SHADOW)
    collector.wait_for(lambda: collector.listeners)
    mouse(reader, "document.querySelector('news-strip').shadowRoot.querySelector('#owl')")
    (click,) = collector.wait_for(lambda: collector.events("click"))
    found = (click["element"], click["content_id"], click["content_type"], click["placement"])
    assert found == ("b#owl", "owls", "nature", "recommended")
    (opened,) = collector.wait_for(lambda: collector.named("opened"))
    assert opened["content_id"] == "owls"
    time.sleep(0.2)
    mouse(reader, "document.querySelector('news-strip').shadowRoot.querySelector('#text')")
    (hover,) = collector.wait_for(lambda: collector.events("hover"))
    assert (hover["content_id"], hover["placement"]) == ("owls", "recommended")


def test_what_is_fixed_has_one_place_and_boxes_that_scroll_have_their_own(reader: Reader, collector: Collector) -> None:
    reader.open(
        "<header style='position:fixed;top:0;right:0'><button id=menu>menu</button></header><div style='height:4000px'></div>"
    )
    collector.wait_for(lambda: collector.listeners)
    for top in (0, 1000, 2000):
        reader.run("scrollTo(0, arguments[0])", top)
        reader.click("#menu")
    clicks = collector.wait_for(lambda: collector.events("click")[2:] and collector.events("click"))
    assert len({click["y"] for click in clicks}) == 1
    assert clicks[0]["y"] < 0.01
    for style in ("html,body{height:100%;margin:0;overflow:hidden} main", "html{height:100%;overflow:hidden} body"):
        before = len(collector.events("click"))
        listening = len(collector.connections)
        reader.show(
            f"<style>{style}{{height:100%;overflow:auto;margin:0}}</style>"
            "<main><div style='height:6000px'></div><button id=deep>deep</button><div style='height:1978px'></div></main>"
        )
        collector.wait_for(lambda at=listening: len(collector.connections) > at)  # type: ignore[misc]
        reader.run("document.getElementById('deep').scrollIntoView({ block: 'center' })")
        reader.click("#deep")
        click = collector.wait_for(lambda at=before: collector.events("click")[at:])[0]  # type: ignore[misc]
        assert 0.74 < click["y"] < 0.77, style


def test_a_page_from_right_to_left_begins_at_its_right(reader: Reader, collector: Collector) -> None:
    reader.open(
        "<script>document.documentElement.dir = 'rtl'</script><div style='width:3000px;height:50px'>"
        "<button id=right>r</button></div>"
    )
    collector.wait_for(lambda: collector.listeners)
    reader.click("#right")
    (click,) = collector.wait_for(lambda: collector.events("click"))
    assert click["x"] > 0.95


def test_clicks_that_are_answered_are_no_rage(reader: Reader, collector: Collector) -> None:
    reader.open(
        "<p id=text style='width:300px'>A paragraph that is selected.</p><button id=plus>+</button><output>0</output>"
        "<button id=dead>dead</button><script>document.getElementById('plus').onclick = () => {"
        "document.querySelector('output').textContent++ }</script>"
    )
    collector.wait_for(lambda: collector.listeners)
    for selector in ("#text", "#plus", "#dead"):
        element = reader.find(selector)
        chain = ActionChains(reader.chrome, duration=0).move_to_element(element)
        # As a hand does: the browser tells of a selection a moment after the click that made it.
        chain.click().pause(0.1).click().pause(0.1).click().perform()
        time.sleep(1.2)
    clicks = collector.wait_for(lambda: collector.events("click")[8:] and collector.events("click"))
    raging = [click["element"] for click in clicks if "rage" in click["properties"]]
    assert raging == ["button#dead"]


def test_only_a_click_without_any_effect_is_dead(reader: Reader, collector: Collector) -> None:
    """A clock ticks all the time, a download, a copy, a mail and a sound leave no trace in the page."""
    reader.open(
        SHADOW + "<a id=file href=/plan.pdf download>plan</a> <a id=mail href='mailto:kai@post.example'>mail</a>"
        "<button id=copy onclick=\"navigator.clipboard.writeText('x')\">copy</button>"
        "<button id=play onclick='document.querySelector(\"audio\").play()'>play</button><audio muted></audio>"
        "<button id=dead>dead</button> <i id=clock>0</i>"
        f"<script>{SILENCE}</script>"
    )
    collector.wait_for(lambda: collector.listeners)
    mouse(reader, "document.querySelector('news-strip').shadowRoot.querySelector('#toggle')")
    for selector in ("#file", "#mail", "#copy", "#play"):
        time.sleep(2.2)
        reader.click(selector)
    time.sleep(2.2)
    reader.run("setInterval(() => { document.getElementById('clock').textContent++ }, 500)")
    reader.click("#dead")
    collector.wait_for(lambda: collector.named("dead_click"))
    assert [event["element"] for event in collector.named("dead_click")] == ["button#dead"]
