"""What a page can call: nine members, and none of the parts' own."""

import re

from infra.local.home import PROJECT
from tests.support.browser_pages import Reader
from tests.support.fake_collector import Collector

MEMBERS = {"track", "feedback", "conversion", "event", "identify", "consent", "page", "locate", "handlers"}


def test_the_page_sees_the_nine_documented_members(reader: Reader, collector: Collector) -> None:
    reader.open("<p>Tides</p>")
    # The parts have begun, and put nothing of their own there.
    collector.wait_for(lambda: collector.listeners)
    assert set(reader.run("return Object.keys(microadjust)")) == MEMBERS


def test_every_member_is_documented() -> None:
    calls = (PROJECT / "infra" / "docs" / "tracker.md").read_text().split("## Calls")[1].split("## ")[0]
    documented = {re.split(r"\W", code)[0] for code in re.findall(r"`([^`]+)`", calls)}
    assert documented >= MEMBERS
