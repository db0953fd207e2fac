"""A page with markup for commands, and what became of them."""

import time

from tests.support.browser_pages import Reader
from tests.support.fake_collector import Collector


def variants(name: str, height: int, simple_height: int, attributes: str = "") -> str:
    return (
        f"<section id={name} {attributes}><div data-adjust-variant=normal style='height:{height}px'>Long {name}</div>"
        f"<div data-adjust-variant=simple style='height:{simple_height}px' hidden>Short {name}</div></section>"
    )


def listed(name: str, attributes: str = "") -> str:
    items = "".join(
        f"<li data-adjust-content={item} data-adjust-type={kind} data-adjust-placement=recommended>{item}</li>"
        for item, kind in [("a", "sea"), ("b", "sky"), ("c", "sea"), ("d", "sky")]
    )
    return f"<ol id={name} data-adjust-list {attributes}>{items}</ol>"


PAGE = (
    variants("above", 500, 100)
    + variants("seen", 600, 200)
    + "<p id=middle style='height:400px'>Here the reader reads.</p>"
    + listed("near", "data-adjust-when=now")
    + "<div style='height:1500px'></div>"
    + variants("below", 800, 300)
    + listed("far")
    + "<img id=lazy data-adjust-light=/picture/light.png src=/picture/heavy.png loading=lazy width=300 height=200>"
    + "<div id=layout data-adjust-layout=normal>Layout</div>"
    + "<p data-adjust-lang=en>Hello</p><p id=fr data-adjust-lang=fr hidden>Bonjour</p>"
    + "<div id=asked data-adjust-prompt=still-reading hidden style='position:fixed;right:0;bottom:0'>"
    + "<p data-adjust-text>Still there?</p></div>"
)


def shown(reader: Reader, section: str) -> str:
    text: str = reader.run(
        "return document.querySelector(`#${arguments[0]} > :not([hidden])`).textContent.split(' ')[0]", section
    )
    return text


def order(reader: Reader, name: str) -> str:
    text: str = reader.run(
        "return [...document.getElementById(arguments[0]).children].map((e) => e.textContent).join('')", name
    )
    return text


def statuses(collector: Collector, command_id: str) -> list[str]:
    return [each["status"] for each in collector.outcomes if each["command_id"] == command_id]


def settle(collector: Collector, command_id: str, *expected: str) -> None:
    collector.wait_for(lambda: statuses(collector, command_id))
    time.sleep(0.4)
    assert statuses(collector, command_id) == list(expected)
