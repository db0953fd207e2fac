"""The back-test judges sections and content items too: sections as the reference does, and items by what the CMS says of them."""

import json
import time
from pathlib import Path
from random import Random
from typing import Any, Final

import msgspec
import pytest
from typer.testing import CliRunner

from infra.backtest.recorded_events import Intake
from infra.backtest.runner import TRAIL_MS, BacktestJob, Decided, run
from infra.cli.main import app
from jobs.adjust import load_rules
from models.model_store import load_forest
from tests.support.builders import BEGINNING
from tests.support.oracle.job import answer

NOW_MS: Final = time.time_ns() // 1_000_000
ARTICLE: Final = "tides"
SIMPLE: Final = """
rules:
  - id: each-click
    version: 1
    about: Each click asks for the simple version.
    lane: event
    when: [{event: type, equals: click}]
    then: {action: simplify, parameters: {variant: simple}}
    cooldown_s: 0
"""


def event(number: int, at_ms: int, **more: Any) -> bytes:
    fields = {"event_id": f"e{number}", "occurred_at_ms": at_ms, "received_at_ms": at_ms, "content_id": ARTICLE}
    return msgspec.json.encode(fields | more)


def section_views(minutes: int = 12, readers: int = 60) -> list[bytes]:
    """Readers who pass one section in a second, and stay with another; in one of eight minutes something odd is said."""
    random, found = Random(15), []
    for number in range(readers):
        at_ms = BEGINNING + random.randrange(minutes * 60_000)
        for section, ms in (("lead", 900), ("method", 6_000), ("results", 30_000)):
            told = {"name": "section", "ms": str(random.choice([ms, ms, ms, ms, ms, ms, ms, "1_0"]))}
            more = {"session_id": f"r{number}", "type": "custom", "value": 1.0, "content_type": "science"}
            found.append((at_ms, {**more, "element": section, "properties": told}))
            at_ms += random.randrange(1, 9_000)
    found.sort(key=lambda pair: pair[0])
    return [event(number, at_ms, **more) for number, (at_ms, more) in enumerate(found)]


def ran(recorded: list[bytes], rules_file: str = "", items: tuple[tuple[str, bytes], ...] = ()) -> Decided:
    events = list(Intake().read(((each, None) for each in recorded), NOW_MS))
    job = BacktestJob(load_rules(rules_file), load_forest())
    for number, each in enumerate(items):
        job.on_content(*each, number)
    return run(events, job, max(each.received_at_ms for each in events) + TRAIL_MS)


def told(found: Decided) -> list[dict[str, Any]]:
    return [json.loads(value) for _, value in found.proposals]


def test_sections_are_judged_as_the_reference_judges_them_byte_by_byte() -> None:
    recorded = section_views()
    found = ran(recorded)
    until_ms = max(json.loads(each)["received_at_ms"] for each in recorded) + TRAIL_MS
    wanted = answer(recorded, load_rules(""), load_forest(), NOW_MS, until_ms)
    sources = {each["source"]["id"] for each in told(found) if each["target"]["kind"] == "content"}
    assert "passed-section-shorten" in sources, "a recording without such a proposal compares nothing"
    assert {each["proposal_id"]: each for each in told(found)}.keys() == wanted.proposals.keys()
    assert sorted(value for _, value in found.proposals) == sorted(wanted.proposals.values())
    assert sorted(value for _, value in found.commands) == sorted(wanted.commands.values())


@pytest.mark.parametrize(
    ("variants", "outcome"),
    [([{"variant": "simple"}], "commanded"), ([{"variant": "long"}], "suppressed"), (None, "commanded")],
)
def test_an_item_is_asked_for_what_it_has(tmp_path: Path, variants: Any, outcome: str) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text(SIMPLE)
    item = msgspec.json.encode({"content_id": ARTICLE, "variants": variants or []})
    clicks = [event(1, BEGINNING + 1_000, session_id="r1", type="click")]
    [proposal] = told(ran(clicks, str(rules), () if variants is None else ((ARTICLE, item),)))
    assert proposal["outcome"] == outcome
    assert proposal["reason"] == (None if outcome == "commanded" else "unknown_content")


def test_words_of_sections_come_from_the_item() -> None:
    """A section of fewer than thirty words is read in passing, so that it is not told as passed."""
    sections = [{"id": "lead", "words": 12}, {"id": "method", "words": 300}, {"id": "results", "words": 300}]
    item = msgspec.json.encode({"content_id": ARTICLE, "sections": sections})
    without, with_item = told(ran(section_views())), told(ran(section_views(), items=((ARTICLE, item),)))
    passed = [each for each in without if each["source"]["id"] == "passed-section-shorten"]
    assert passed[0]["parameters"]["section"] == "lead"
    assert [each for each in with_item if each["parameters"].get("section") == "lead"] == []


def backtested(folder: Path, *options: str) -> Any:
    ran = CliRunner().invoke(
        app,
        [
            "rules",
            "backtest",
            str(folder / "rules.yaml"),
            "--recording",
            str(folder / "day.jsonl"),
            "--alone",
            "--json",
            *options,
        ],
    )
    return ran


def held_back(result: Any) -> dict[str, int]:
    assert result.exit_code == 0, result.output
    [rule] = json.loads(result.stdout)["rules"]
    held: dict[str, int] = rule["held_back"]
    return held


def test_the_command_takes_items_from_beside_the_recording_or_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(SIMPLE)
    (tmp_path / "day.jsonl").write_bytes(event(1, BEGINNING + 1_000, session_id="r1", type="click") + b"\n")
    assert held_back(backtested(tmp_path)) == {}
    (tmp_path / "day.content.jsonl").write_text(f'{{"content_id": "{ARTICLE}", "variants": [{{"variant": "long"}}]}}\n')
    assert held_back(backtested(tmp_path)) == {"unknown_content": 1}
    other = tmp_path / "other.yaml"
    other.write_text(f"content: [{{content_id: {ARTICLE}, variants: [{{variant: simple}}]}}]\n")
    assert held_back(backtested(tmp_path, "--content", str(other))) == {}
    other.write_text("content: [{content_id: 7, words: many}]\n")
    refused = backtested(tmp_path, "--content", str(other))
    assert refused.exit_code == 1
    assert "line 1" in refused.stderr
