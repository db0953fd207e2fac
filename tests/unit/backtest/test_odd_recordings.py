"""Back-tests of recordings that are empty, cut off or years apart, and of rules that match nobody or cannot be evaluated."""

import json
import logging
from itertools import islice
from pathlib import Path
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from infra.backtest import trial
from infra.backtest.recorded_events import Intake
from infra.backtest.runner import QUIET_MS, BacktestJob, window_ends
from infra.cli.main import app
from infra.simulate.judging import HOUR_MS
from infra.simulate.recording import SAMPLE, RecordingError, records
from models.model_store import load_forest
from tests.support.builders import BEGINNING

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
        done = each["fired"] + each["renewals"] + each["reverts"]
        assert each["proposals"] == done + sum(each["held_back"].values())
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


def test_what_stands_behind_its_time_is_late_as_in_the_job(tmp_path: Path) -> None:
    """Two recordings in one file, the later one first: event time has passed the other one's slices."""
    earlier = []
    for line in LINES:
        event = json.loads(line)
        times = {name: event[name] - 86_400_000 for name in ("occurred_at_ms", "received_at_ms")}
        earlier.append(json.dumps(event | times | {"event_id": f"early-{event['event_id']}"}).encode())
    _, alone, _ = backtest(tmp_path, b"\n".join(LINES), "--json")
    status, told, _ = backtest(tmp_path, b"\n".join([*LINES, *earlier]), "--json")
    first, both = json.loads(alone), json.loads(told)
    assert status == 0
    assert (both["events"], both["late"]) == (first["events"], first["late"] + len(LINES))
    assert both["rules"] == first["rules"]


#   slices  0         10 s      20 s
#   e0 at 9 s, received at 9 s; e1 received at 12,499 or 12,500 ms: event time at 9,999 or 10,000 ms less one
@pytest.mark.parametrize(("reached_ms", "late"), [(12_498, 0), (12_499, 1)])
def test_an_event_is_late_from_the_last_millisecond_of_its_slice_on(reached_ms: int, late: int) -> None:
    def event(name: str, at_ms: int) -> tuple[bytes, int | None]:
        times = {"occurred_at_ms": BEGINNING + at_ms, "received_at_ms": BEGINNING + at_ms}
        return json.dumps({"event_id": name, "type": "click", "session_id": "r", **times}).encode(), None

    intake = Intake()
    used = list(intake.read([event("reached", reached_ms), event("e0", 9_000)], BEGINNING + HOUR_MS))
    assert BEGINNING % 10_000 == 0
    assert (len(used), intake.late) == (2 - late, late)


def test_a_recording_of_too_many_records_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "recording.jsonl"
    path.write_bytes(b"\n".join(LINES))
    assert len(trial.of_recording(path, len(LINES)).records) == len(LINES)
    with pytest.raises(
        RecordingError, match=f"recording.jsonl has more than {len(LINES) - 1} records: cut it into parts"
    ):
        trial.of_recording(path, len(LINES) - 1)


def test_a_rule_that_is_switched_off_is_told(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(
        RULES.replace("version: 1, about: A.", "version: 1, about: A., enabled: false")
    )
    (tmp_path / "recording.jsonl").write_bytes(LINES[0])
    given = ["rules", "backtest", str(tmp_path / "rules.yaml"), "--recording", str(tmp_path / "recording.jsonl")]
    done = CliRunner().invoke(app, given)
    assert done.exit_code == 0
    assert "rule one is switched off" in done.stderr
    assert "rule two" not in done.stderr


def test_a_broken_rule_is_told_with_file_and_line(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(RULES.replace("pages > 0.0", "pagse > 0.0"))
    done = CliRunner().invoke(app, ["rules", "backtest", str(file)])
    assert done.exit_code == 1
    assert f"{file}:3:" in done.stderr
    assert (
        "rule two: if: line 1, column 1: the variable pagse is not known in lane session_window; did you mean pages?"
        in (done.stderr.replace("\n", " "))
    )


def test_an_item_that_is_no_text_is_no_item() -> None:
    job = BacktestJob((), load_forest())
    job.on_content("tides", b"\xff\xfe{", 0)
    job.on_content("tides", b"null", 1)


def _record(kind: str, received_ms: int) -> bytes:
    fields = {"event_id": "e", "type": kind, "session_id": "r"}
    return json.dumps(fields | {"occurred_at_ms": received_ms, "received_at_ms": received_ms}).encode()


@pytest.mark.parametrize(
    ("told", "reached_ms"),
    [
        ([], None),
        ([("click", 5_000, 5_000)], None),
        ([("tick", 5_000, 5_000)], 2_500),
        # What came after the last tick moves event time as well.
        ([("tick", 5_000, 5_000), ("click", 65_000, 65_000)], 62_500),
        # A gateway's clock that is a minute ahead of the broker's does not.
        ([("tick", 5_000, 5_000), ("tick", 66_000, 6_000)], 4_000),
    ],
)
def test_a_topic_is_run_as_far_as_event_time_has_come(told: list[tuple[str, int, int]], reached_ms: int | None) -> None:
    written: list[tuple[bytes, int | None]] = [
        (_record(kind, BEGINNING + at_ms), BEGINNING + written_ms) for kind, at_ms, written_ms in told
    ]
    found = trial.reached_ms([(b"{", BEGINNING + 9 * HOUR_MS), *written])
    assert found == (None if reached_ms is None else BEGINNING + reached_ms)


def test_event_time_goes_on_through_short_pauses_and_skips_long_ones() -> None:
    assert window_ends([0, 10_000, 30_000], 60_000) == [10_000, 20_000, 30_000, 40_000, 50_000, 60_000]
    ends = window_ends([0, 10 * QUIET_MS], 10 * QUIET_MS + 20_000)
    assert ends[-3:] == [QUIET_MS, 10 * QUIET_MS + 10_000, 10 * QUIET_MS + 20_000]
