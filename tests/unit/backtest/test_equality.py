"""The back-test decides what the plain-Python reference of the job decides, byte by byte, as does the job."""

import time
from pathlib import Path
from random import Random
from typing import Any, Final

import msgspec
import pytest

from infra.backtest.recorded_events import Intake
from infra.backtest.runner import TRAIL_MS, BacktestJob, Decided, run
from infra.simulate.recording import SAMPLE, records
from infra.simulate.worlds.trials import trial
from jobs.adjust import load_rules
from models.model_store import load_forest
from schemas.events import Event
from tests.support.oracle.job import answer
from tests.support.own_event_rules import OWN_EVENT_RULES, events_with_addresses

NOW_MS: Final = time.time_ns() // 1_000_000


def by_id(found: list[tuple[bytes, bytes]], name: str) -> dict[str, bytes]:
    return {msgspec.json.decode(value)[name]: value for _, value in found}


def both(recorded: list[bytes], rules_file: str = "") -> tuple[Decided, Any]:
    rules, forest = load_rules(rules_file), load_forest()
    until_ms = max(event.received_at_ms for event in events_of(recorded)) + TRAIL_MS
    return backtested(recorded, rules_file), answer(recorded, rules, forest, NOW_MS, until_ms)


def backtested(recorded: list[bytes], rules_file: str) -> Decided:
    return run(events_of(recorded), BacktestJob(load_rules(rules_file), load_forest()))


def events_of(recorded: list[bytes]) -> list[Event]:
    return list(Intake().read(((each, None) for each in recorded), NOW_MS))


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


def typing(recorded: list[bytes], seed: int) -> list[bytes]:
    """The events, and readers who type now and then, for some seconds or on and on."""
    random = Random(seed)
    told: list[dict[str, Any]] = []
    for record in recorded:
        event = msgspec.json.decode(record)
        if random.random() < 0.5:
            at_ms = event["received_at_ms"] + random.randrange(25_000)
            for place in range(random.choice([1, 1, 2, 6])):
                more = {"event_id": f"typed-{len(told)}", "type": "custom", "element": "adjust-typing"}
                at = {"occurred_at_ms": at_ms + 8_000 * place, "received_at_ms": at_ms + 8_000 * place + 40}
                told.append({"session_id": event["session_id"], "content_id": event["content_id"]} | more | at)
    events = [*map(msgspec.json.decode, recorded), *told]
    return [msgspec.json.encode(each) for each in sorted(events, key=lambda each: each["received_at_ms"])]


def test_what_waits_while_readers_type_is_that_of_the_reference(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(OWN_EVENT_RULES)
    quiet = backtested(events_with_addresses(), str(path))
    found, wanted = both(typing(events_with_addresses(), 7), str(path))
    assert by_id(found.proposals, "proposal_id") == wanted.proposals
    assert by_id(found.commands, "command_id") == wanted.commands
    told = [msgspec.json.decode(each) for each in wanted.proposals.values()]
    assert {each["source"]["id"] for each in told if each["by"] == "typing"} == {"no-click"}
    before = {key: msgspec.json.decode(each)["at_ms"] for key, each in by_id(quiet.proposals, "proposal_id").items()}
    waited = {each["at_ms"] - before.get(each["proposal_id"], each["at_ms"]) for each in told}
    assert min(waited) == 0
    assert 10_000 < max(waited) < 40_000, "nobody who waited for long proves nothing"


def test_own_counters_sequences_and_silences_are_those_of_the_reference(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(OWN_EVENT_RULES)
    found, wanted = both(events_with_addresses(), str(path))
    assert {msgspec.json.decode(each)["source"]["id"] for each in wanted.commands.values()} == {
        rule.id for rule in load_rules(str(path))
    }
    assert by_id(found.proposals, "proposal_id") == wanted.proposals
    assert by_id(found.commands, "command_id") == wanted.commands
