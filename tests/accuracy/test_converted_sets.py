"""The public data sets, converted whole: every event valid, in order, with an id of its own, and none missing."""

import csv
import gzip
import json
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from math import dist
from pathlib import Path

import msgspec
import pytest

from infra.simulate.converters import CONVERTERS, FOLDERS
from schemas.event_validation import validate_record
from schemas.events import Event
from tests.support.shared_data import shared

NOW_MS = 1_790_000_000_000


def converted(name: str) -> Iterator[Event]:
    """The events of a set, each checked as it comes."""
    encode = msgspec.json.Encoder().encode
    seen: set[str] = set()
    last_ms = 0
    for event in CONVERTERS[name](shared(FOLDERS[name])):
        assert validate_record(encode(event), NOW_MS) == event
        assert event.occurred_at_ms >= last_ms
        assert event.event_id not in seen
        seen.add(event.event_id)
        last_ms = event.occurred_at_ms
        yield event


def lines(path: Path) -> int:
    return len(path.read_text("utf-8").splitlines())


def test_yoochoose_has_a_click_for_every_row() -> None:
    rows = sum(lines(path) - 1 for path in shared(FOLDERS["yoochoose"]).glob("*.tsv"))
    events = list(converted("yoochoose"))
    assert len(events) == rows == 83_846
    assert len({event.session_id for event in events}) == 17_794 + 3_416


def test_diginetica_has_a_page_view_for_every_row() -> None:
    rows = lines(shared(FOLDERS["diginetica"]) / "sample_train-item-views.csv") - 1
    events = list(converted("diginetica"))
    assert len(events) == rows == 12_391
    assert len({event.session_id for event in events}) == 2_986


def test_otto_has_an_event_for_every_event() -> None:
    sessions = [json.loads(line) for line in (shared(FOLDERS["otto"]) / "train.jsonl").read_text("utf-8").splitlines()]
    kinds = Counter(event["type"] for session in sessions for event in session["events"])
    found = Counter(event.type for event in converted("otto"))
    assert found == {"click": kinds["clicks"], "custom": kinds["carts"], "conversion": kinds["orders"]}


def test_mind_has_a_view_for_every_list_and_a_click_for_every_item_clicked() -> None:
    rows = (shared(FOLDERS["mind"]) / "behaviors.tsv").read_text("utf-8").splitlines()
    clicked = sum(item.endswith("-1") for row in rows for item in row.rpartition("\t")[2].split())
    found = Counter(event.type for event in converted("mind"))
    assert clicked == 7_542
    assert found == {"click": clicked, "page_view": len(rows) + clicked}


def test_balabit_has_every_press_every_wheel_step_and_all_of_the_path() -> None:
    """Rows that are neither: each release, which its press stands for, and moves within one tenth of a second."""
    states: Counter[str] = Counter()
    tenths, path_px = 0, 0.0
    for path in shared(FOLDERS["balabit"]).glob("*_files/*/*.csv.gz"):
        with gzip.open(path, "rt", encoding="utf-8") as text:
            rows = list(csv.DictReader(text))
        states.update(row["state"] for row in rows)
        moves = [row for row in rows if row["state"] in ("Move", "Drag")]
        tenths += len({round(float(row["client timestamp"]) * 1000) // 100 for row in moves})
        places = [(int(row["x"]), int(row["y"])) for row in moves if row["x"] != "65535"]
        path_px += sum(dist(a, b) for a, b in pairwise(places))
    assert states.total() == 516_694

    found: Counter[str] = Counter()
    told_px, each_second = 0.0, Counter[tuple[str, int]]()
    for event in converted("balabit"):
        found[event.type] += 1
        if event.type == "move":
            told_px += event.value or 0.0
            each_second[event.session_id, event.occurred_at_ms // 1000] += 1
    assert found == {"move": tenths, "click": states["Pressed"], "scroll": states["Up"] + states["Down"]}
    assert told_px == pytest.approx(path_px, rel=1e-7)
    assert max(each_second.values()) <= 10
