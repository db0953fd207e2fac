"""The back-test decides what the plain-Python reference of the job decides, byte by byte, as does the job."""

import time
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from infra.backtest.recorded_events import Intake
from infra.backtest.runner import TRAIL_MS, BacktestJob, Decided, run
from infra.simulate.recording import SAMPLE, records
from infra.simulate.worlds.trials import trial
from jobs.adjust import load_rules
from models.model_store import load_forest
from tests.support.oracle.job import answer
from tests.support.own_event_rules import OWN_EVENT_RULES, events_with_addresses

NOW_MS: Final = time.time_ns() // 1_000_000


def by_id(found: list[tuple[bytes, bytes]], name: str) -> dict[str, bytes]:
    return {msgspec.json.decode(value)[name]: value for _, value in found}


def both(recorded: list[bytes], rules_file: str = "") -> tuple[Decided, Any]:
    rules, forest = load_rules(rules_file), load_forest()
    events = list(Intake().read(((each, None) for each in recorded), NOW_MS))
    until_ms = max(event.received_at_ms for event in events) + TRAIL_MS
    return run(events, BacktestJob(rules, forest), until_ms), answer(recorded, rules, forest, NOW_MS, until_ms)


@pytest.mark.parametrize(("world", "seed"), [("S5", 3), ("phones", 4)])
def test_commands_and_proposals_are_those_of_the_reference(world: str, seed: int, tmp_path: Path) -> None:
    path = tmp_path / "recording.jsonl"
    trial("planted", world, seed, 3, 0).write(path)
    found, wanted = both(list(records(path)))
    assert wanted.proposals, "a recording without any proposal compares nothing"
    assert by_id(found.proposals, "proposal_id") == wanted.proposals
    assert by_id(found.commands, "command_id") == wanted.commands


def test_hostile_and_late_records_leave_the_rest_as_it_was() -> None:
    recorded = list(records(SAMPLE))[:4000]
    found, wanted = both(recorded)
    assert by_id(found.proposals, "proposal_id") == wanted.proposals
    again, _ = both([b"{", b"\xff" * 100, *recorded, b"[]"])
    assert again == found


def test_own_counters_sequences_and_silences_are_those_of_the_reference(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(OWN_EVENT_RULES)
    found, wanted = both(events_with_addresses(), str(path))
    assert {msgspec.json.decode(each)["source"]["id"] for each in wanted.commands.values()} == {
        rule.id for rule in load_rules(str(path))
    }
    assert by_id(found.proposals, "proposal_id") == wanted.proposals
    assert by_id(found.commands, "command_id") == wanted.commands
