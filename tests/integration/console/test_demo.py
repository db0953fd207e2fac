"""The demo's first half on the real stack: a page that changes for its reader, with a browser and without."""

from hashlib import sha256
from pathlib import Path

import pytest

from infra.demo import browser_visit, demo_gateway, http_visit
from infra.gateway.console.endpoints import screenshot_filename
from infra.local.stack import Stack

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]

CHANGES = ["list reordered", "light pictures", "simpler text"]


def test_a_reader_in_chromium_sees_the_page_change(demo: demo_gateway.DemoGateway, tmp_path: Path) -> None:
    result = browser_visit.visit(demo.site, tmp_path, console=demo.console)
    assert (result.changes, result.missing, result.problems) == (CHANGES, [], [])
    assert result.click_to_change_ms is not None
    pictures = {
        sha256((tmp_path / f"{name}.png").read_bytes()).digest() for name in ("before", "after", "page", "console")
    }
    assert len(pictures) == 4
    demo.publish_screenshot(tmp_path / "page.png")
    assert (demo.pictures / screenshot_filename(demo.site)).exists()


def test_without_a_browser_the_same_commands_come(demo: demo_gateway.DemoGateway) -> None:
    result = http_visit.visit(demo)
    assert (sorted(result.changes), result.missing) == (sorted(CHANGES), [])
    assert result.before is None
    assert "no browser" in result.problems[0]


def test_the_replay_has_topics_of_its_own_but_for_the_rules(stack: Stack) -> None:
    names, flags = demo_gateway.replay_topics(stack.bootstrap)
    assert "rules.v1" not in names
    assert all(name.startswith(demo_gateway.REPLAY) for name in names.values())
    assert dict(zip(flags[::2], flags[1::2], strict=True))["--events-topic"] == "replay-events.v1"
    assert "--rules-topic" not in flags
