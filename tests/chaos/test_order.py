"""Clicks around the ends of windows, at five speeds and with one and two subtasks: the same commands and proposals."""

from collections import Counter
from pathlib import Path

import msgspec
import pytest

from infra.local.stack import Stack
from infra.simulate.recording import records
from infra.simulate.worlds.catalogue import WORLDS
from infra.simulate.worlds.recording import WorldRecording
from tests.support.stack import running_job
from tests.support.window_end_clicks import (
    contending_rules,
    one_after_another,
    replayed_to_the_end,
    with_clicks_at_window_ends,
)

pytestmark = pytest.mark.chaos

RECORDINGS = 20
SPEEDS = (0, 90, 150, 300, 600)
REFITS = ("--refit-min", "3", "--refit-lead-s", "20")
# S1 and S2 have no pointer, which a planted change needs.
WITH_POINTERS = [each for each in WORLDS.values() if each.name not in ("S1", "S2")]


def readers_with_clicks(number: int, folder: Path) -> list[bytes]:
    """Eight minutes of sixteen readers, with changes that begin after two minutes."""
    world = WITH_POINTERS[number % len(WITH_POINTERS)]
    written = WorldRecording(world.name, 16, 8.0, 500 + number, world.changes, 1.0, earliest_ms=120_000.0)
    written.write(folder / f"{number}.jsonl")
    return with_clicks_at_window_ends(records(folder / f"{number}.jsonl"), seed=number)


@pytest.mark.timeout(3000)
def test_clicks_around_window_ends_give_the_same_bytes_at_any_speed(stack: Stack, tmp_path: Path) -> None:
    """Lanes take turns as they like, and do so otherwise at each speed: what decides is event time."""
    rules_file = tmp_path / "rules.yaml"
    rules_file.write_text(contending_rules())
    recording = one_after_another([readers_with_clicks(number, tmp_path) for number in range(RECORDINGS)])
    reference = None
    for parallelism in ("1", "2"):
        for speed in SPEEDS:
            options = (*REFITS, "--parallelism", parallelism, "--rules-file", str(rules_file))
            with running_job(stack, *options) as job:
                found = replayed_to_the_end(job, recording, speed)
            reference = reference or found
            print(f"\nparallelism {parallelism}, speed {speed}: {len(found[0])} commands, {len(found[1])} proposals")
            assert found == reference
    assert reference is not None
    outcomes = Counter(msgspec.json.decode(each)["reason"] for each in reference[1].values())
    print(outcomes)
    # The lanes did contend: each way in which one can stand in the other's way was taken.
    assert {"exclusive", "outranked", "budget"} <= outcomes.keys()
