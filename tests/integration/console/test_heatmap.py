"""The heatmap job on a real cluster, against counts made by hand in plain Python."""

import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from infra.kafka.reading import TopicReader
from infra.local import flink
from infra.local.stack import Stack
from infra.simulate.replay import Replay
from schemas.heatmap import BANDS, COLUMNS, ROWS, HeatCell
from schemas.topics import EVENTS, HEATMAP
from tests.support.broker import PrefixedTopics
from tests.support.stack import ENDED, submitted
from tests.support.waiting import until

HOUR_MS = 3_600_000
NOON_MS = 1_760_000_400_000 // HOUR_MS * HOUR_MS
PAGES = ("https://site.example/tides", "https://site.example/kites")

Cell = tuple[str, str, str, int, int, int]


def event(number: int, kind: str, at_ms: int, session: str, **given: Any) -> dict[str, Any]:
    times = {"occurred_at_ms": at_ms, "received_at_ms": at_ms}
    return {"event_id": f"e{number}", "type": kind, "session_id": session, **times, **given}


def readers() -> list[dict[str, Any]]:
    """Two hours of 40 readers on two pages, in order of time; the numbers come from a fixed seed."""
    dice, events = random.Random(5), []
    for number in range(3_000):
        at_ms = NOON_MS + number * 2 * HOUR_MS // 3_000
        kind = dice.choice(("click", "move", "scroll", "hover", "page_view"))
        given: dict[str, Any] = {
            "page_url": dice.choice(PAGES) + dice.choice(("", "?from=mail", "#end", "?a=1#b?c")),
            "value": round(dice.random(), 3),
            "context": {"device": dice.choice(("phone", "desktop"))},
        }
        if kind in ("click", "move"):
            given |= {"x": round(dice.random(), 3), "y": round(dice.random(), 3)}
        events.append(event(number, kind, at_ms, f"reader-{dice.randrange(40)}", **given))
    return events


def edges() -> list[dict[str, Any]]:
    """The corners of a page, and what has no place on it."""
    page = {"page_url": PAGES[0]}
    return [
        event(9_001, "click", NOON_MS, "corner", **page, x=0.0, y=0.0),
        event(9_002, "click", NOON_MS, "corner", **page, x=1.0, y=1.0),
        event(9_003, "scroll", NOON_MS, "corner", **page, value=1.0),
        event(9_004, "click", NOON_MS, "nowhere", x=0.5, y=0.5),
        event(9_005, "click", NOON_MS, "nowhere", **page, x=0.5),
        event(9_006, "scroll", NOON_MS, "nowhere", **page),
        event(9_007, "click", NOON_MS, "refused", **page, x=1.5, y=0.5),
    ]


def counted(events: Sequence[dict[str, Any]]) -> dict[Cell, int]:
    """What the job should come to."""
    cells: Counter[Cell] = Counter()
    deepest: dict[tuple[str, str, int, str], float] = defaultdict(float)
    for each in events:
        where = each.get("page_url", "").split("#")[0].split("?")[0]
        device = each.get("context", {}).get("device", "")
        period = each["occurred_at_ms"] // HOUR_MS * HOUR_MS
        x, y, kind = each.get("x"), each.get("y"), each["type"]
        if kind in ("click", "move") and where and x is not None and y is not None and x <= 1.0:
            column, row = min(int(x * COLUMNS), COLUMNS - 1), min(int(y * ROWS), ROWS - 1)
            cells[(where, device, kind, period, column, row)] += 1
        if kind == "scroll" and where and "value" in each:
            reader = (where, device, period, each["session_id"])
            deepest[reader] = max(deepest[reader], each["value"])
    for (where, device, period, _), depth in deepest.items():
        cells[(where, device, "scroll", period, 0, min(int(depth * BANDS), BANDS - 1))] += 1
    return dict(cells)


def newest(bootstrap: str, topic: str) -> dict[Cell, int]:
    """What stands on the topic: the newest record of each key, deleted ones left out."""
    found: dict[bytes, HeatCell | None] = {}
    reader = TopicReader(bootstrap, topic)
    for record in reader.read_to_end(1.0):
        found[record.key or b""] = msgspec.json.decode(record.value, type=HeatCell) if record.value else None
    reader.close()
    cells = [cell for cell in found.values() if cell is not None]
    for key, cell in found.items():
        if cell is not None:
            assert msgspec.json.decode(key) == {k: v for k, v in msgspec.to_builtins(cell).items() if k != "count"}
    return {(c.page, c.device, c.kind, c.period_start_ms, c.column, c.row): c.count for c in cells}


@pytest.mark.kafka
@pytest.mark.timeout(240)
def test_cells_are_those_that_a_plain_count_gives(stack: Stack) -> None:
    topics = PrefixedTopics.create(stack.bootstrap, (EVENTS, HEATMAP))
    events = [*edges(), *readers()]
    Replay(stack.bootstrap, topics.name(EVENTS), 0).run([*(msgspec.json.encode(each) for each in events), b"no event"])

    flags = ("--events-topic", topics.name(EVENTS), "--heatmap-topic", topics.name(HEATMAP))
    options = (*flags, "--group-id", f"{topics.prefix}job", "--startup", "earliest", "--bounded", "yes")
    with submitted(stack, "heatmap", options) as job_id:
        until(lambda: flink.get(stack.rest_port, f"/jobs/{job_id}")["state"] in ENDED, patience_s=90)
        assert flink.get(stack.rest_port, f"/jobs/{job_id}")["state"] == "FINISHED"
    assert newest(stack.bootstrap, topics.name(HEATMAP)) == counted(events)
