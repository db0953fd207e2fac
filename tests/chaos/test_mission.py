"""The mission rule in real time: found by the clock alone, for the reader who tires and not for the other, and taken back."""

import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from infra.kafka.reading import TopicReader
from infra.local.stack import Stack
from infra.simulate.shift import Shift
from schemas.topics import ADJUSTMENTS, EVENTS
from tests.support.life_pace import LifePace
from tests.support.matched_readers import QUIET_MS, MatchedReaders, mission_commands, reference
from tests.support.stack import running_job

pytestmark = pytest.mark.chaos

AHEAD_MS = 20_000
"""From the start of the replay to the window's end."""


def arrivals(bootstrap: str, topic: str, until_s: float) -> dict[bytes, float]:
    """When each command could be read, as it is pushed to pages: before its transaction ends. Up to the first revert."""
    found: dict[bytes, float] = {}
    with TopicReader(bootstrap, topic, isolation="read_uncommitted") as reader:
        while time.time() < until_s and not any(each["action"] == "revert" for each in mission_commands(found)):
            found |= {record.value: time.time() for record in reader.poll(0.05) if record.value}
    return found


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("options", "wait_ms", "within_s"),
    [
        (("--lateness-ms", "500", "--slack-ms", "250"), 750, 2.0),
        # Event time stays 2.5 s behind by default, and a tick comes each second.
        ((), 2_500, 4.0),
    ],
    ids=["shorter lateness", "default options"],
)
def test_a_tired_reader_is_answered_by_the_clock_alone_and_the_matched_one_never(
    stack: Stack, tmp_path: Path, options: Sequence[str], wait_ms: int, within_s: float
) -> None:
    readers = MatchedReaders.of_seed(1, tmp_path)
    assert sum(readers.control.encode() in each for each in readers.recording) > 500
    with running_job(stack, *options) as job:
        # By whole windows, so that the same slices arise.
        shift = Shift((int(time.time() * 1000) + AHEAD_MS - readers.boundary_ms) // 10_000 * 10_000 + 10_000)
        recording = list(shift.apply(readers.recording))
        tired = shift.renamed(readers.tired)
        boundary_ms = readers.boundary_ms + shift.by_ms
        with LifePace(stack.bootstrap, job.topics.name(EVENTS), recording) as pace:
            found = arrivals(stack.bootstrap, job.topics.name(ADJUSTMENTS), boundary_ms / 1000 + 240)
        until_ms = (pace.result.last_tick_ms or 0) - wait_ms
        assert job.restarts() == 0
    own = mission_commands(found)
    assert [(each["action"], each["session_id"]) for each in own] == [("simplify", tired), ("revert", tired)]
    simplified, reverted = own
    assert reverted["reverts"] == simplified["command_id"]
    assert own == mission_commands(reference(recording, until_ms).values())
    came_s = {msgspec.json.decode(each)["command_id"]: at_s for each, at_s in found.items()}
    after_s = came_s[simplified["command_id"]] - boundary_ms / 1000
    reverted_s = came_s[reverted["command_id"]] - reverted["issued_at_ms"] / 1000
    recovered_s = (reverted["issued_at_ms"] - boundary_ms) / 1000
    print(f"\n{options}: commanded {after_s:.2f} s after the window's end,")
    print(f"taken back {reverted_s:.2f} s after the end of the window {recovered_s:.0f} s later")
    # The next event comes later: it was the clock.
    assert 0 < after_s < QUIET_MS / 1000
    assert after_s <= within_s
    # Two minutes that share no second: neither at once nor after one good minute.
    assert recovered_s >= 120
