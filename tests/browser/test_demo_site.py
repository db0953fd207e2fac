"""The demo's page in a real browser, without the stack: what is commanded can happen on it."""

import pytest

from infra.gateway.static.demo import SITE
from tests.support.browser_pages import WATCH, Reader
from tests.support.command_pages import settle
from tests.support.fake_collector import KEY, Collector


@pytest.fixture
def demo(reader: Reader, collector: Collector) -> Reader:
    """The page with its script and style in it, since the collector serves nothing but pages."""
    text = (SITE / "page.html").read_text()
    for place, filling in {
        "{{title}}": "Tides",
        "{{write_key}}": KEY,
        "{{article}}": "<h1>Tides</h1>",
        '<script type="module" src="/demo/site.js"></script>': f"<script type=module>{(SITE / 'site.js').read_text()}</script>",
        "</title>": f"</title><script>{WATCH}</script><style>{(SITE / 'site.css').read_text()}</style>",
    }.items():
        assert place in text
        text = text.replace(place, filling)
    collector.pages["page"] = text
    reader.chrome.get(f"{collector.origin}/page")
    collector.wait_for(lambda: collector.events("page_view") and collector.listeners)
    return reader


def test_the_layout_becomes_simpler_when_its_head_is_out_of_sight(demo: Reader, collector: Collector) -> None:
    collector.command("simplify_layout", {"density": "low"}, "c1")
    demo.run("scrollTo(0, 1e6)")
    settle(collector, "c1", "applied")
    assert not demo.find("nav").is_displayed()


def test_a_prompt_can_be_closed_and_is_no_change_of_text(demo: Reader, collector: Collector) -> None:
    collector.command("prompt", {"kind": "still-reading"}, "c1")
    settle(collector, "c1", "applied")
    assert demo.find("[data-adjust-prompt]").is_displayed()
    demo.click("#close")
    assert not demo.find("[data-adjust-prompt]").is_displayed()
    assert demo.run("return demoChanges") == []
    assert demo.faults() == []
