"""Back-tests of recordings that are empty, cut off or years apart, and of rules that match nobody or cannot be evaluated."""

import json
import logging
from itertools import islice
from pathlib import Path
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from infra.backtest.runner import QUIET_MS, window_ends
from infra.cli.main import app
from infra.simulate.recording import SAMPLE, records

RULES = """\
rules:
  - {id: one, version: 1, about: A., lane: session_window, when: [{feature: pages, above: 0}], then: {action: simplify}}
  - {id: two, version: 1, about: B., lane: session_window, if: pages > 0.0, then: {action: shorten}, priority: 60}
  - {id: never, version: 1, about: C., lane: session_window, when: [{feature: pages, above: 9999}], then: {action: shorten}}
  - id: failing
    version: 1
    about: Divides by nothing.
    lane: session_window
    if: int(silence_ms) / int(silence_ms - silence_ms) > 1
    then: {action: shorten}
"""
LINES = [*islice(records(SAMPLE), 400)]


def backtest(folder: Path, recording: bytes, *options: str) -> tuple[int, str, str]:
    (folder / "rules.yaml").write_text(RULES)
    (folder / "recording.jsonl").write_bytes(recording)
    given = ["rules", "backtest", str(folder / "rules.yaml"), "--alone", "--recording", str(folder / "recording.jsonl")]
    done = CliRunner().invoke(app, [*given, *options])
    return done.exit_code, done.stdout, done.stderr


def test_the_numbers_add_up(tmp_path: Path) -> None:
    svg = tmp_path / "result.svg"
    status, told, _ = backtest(tmp_path, b"\n".join(LINES), "--json", "--svg", str(svg))
    assert status == 0
    found = json.loads(told)
    assert (found["events"] + found["late"] + found["rejected"], found["rejected"]) == (len(LINES), 0)
    rules = {each["rule"]: each for each in found["rules"]}
    assert set(rules) == {"one", "two", "never", "failing"}
    for name, each in rules.items():
        assert each["proposals"] == each["fired"] + sum(each["held_back"].values())
        assert each["proposals"] == sum(count for _, count in found["per_minute"][name])
        assert each["readers"] <= found["readers"]
    assert rules["two"]["fired"] > 0
    assert rules["one"]["held_back"] == {"outranked": rules["one"]["proposals"]}
    assert (rules["never"]["proposals"], rules["never"]["share_of_readers"]) == (0, 0.0)
    assert rules["failing"]["failures"] > 0
    assert rules["failing"]["failure"] == "if: division by zero"
    assert {(each["rule"], each["other"], each["share"]) for each in found["overlaps"]} == {
        ("one", "two", 1),
        ("two", "one", 1),
    }
    assert ElementTree.fromstring(svg.read_text()).tag.endswith("svg")


def test_an_empty_recording_says_so(tmp_path: Path) -> None:
    for recording in (b"", b"\n\n", b"no events\n"):
        status, told, problem = backtest(tmp_path, recording)
        assert status == 0
        assert "0 readers" in told
        assert "no event of it can be used" in problem


def test_a_line_that_is_cut_off_is_one_rejected_record(tmp_path: Path) -> None:
    status, told, _ = backtest(tmp_path, b"\n".join(LINES)[:-20], "--json")
    assert (status, json.loads(told)["rejected"]) == (0, 1)


def test_a_failing_rule_is_told_in_words(tmp_path: Path) -> None:
    _, told, _ = backtest(tmp_path, b"\n".join(LINES))
    assert "failing could not be evaluated" in told
    assert "times: if: division by zero" in told
    assert [logging.getLogger(name).level for name in ("udfs", "models.rules")] == [logging.NOTSET] * 2


@pytest.mark.timeout(120)
def test_one_event_of_years_ago_takes_no_longer(tmp_path: Path) -> None:
    early = json.loads(LINES[0]) | {"event_id": "early"}
    for name in ("occurred_at_ms", "received_at_ms"):
        early[name] -= 3 * 365 * 86_400_000
    _, told, _ = backtest(tmp_path, b"\n".join([json.dumps(early).encode(), *LINES]), "--json")
    assert json.loads(told)["events"] == len(LINES) + 1


def test_event_time_goes_on_through_short_pauses_and_skips_long_ones() -> None:
    assert window_ends([0, 10_000, 30_000], 60_000) == [10_000, 20_000, 30_000, 40_000, 50_000, 60_000]
    ends = window_ends([0, 10 * QUIET_MS], 10 * QUIET_MS + 20_000)
    assert ends[-3:] == [QUIET_MS, 10 * QUIET_MS + 10_000, 10 * QUIET_MS + 20_000]
