"""`kill -9` of a TaskManager three times under load: `make test-chaos`."""

from pathlib import Path

import pytest

from infra.local.stack import Stack
from infra.simulate.recording import records
from infra.simulate.scenario import Scenario
from tests.support.killing import survive

pytestmark = pytest.mark.chaos


@pytest.mark.timeout(900)
def test_three_kills_lose_nothing_double_nothing_and_change_nothing(stack: Stack, tmp_path: Path) -> None:
    recording = tmp_path / "long.jsonl.gz"
    Scenario(seconds=1500, ordinary=40, per_behaviour=5, seed=5).write(recording)
    survived = survive(stack, list(records(recording)), speed=12, kills_at_s=[20, 55, 90])
    print(f"\nthree kills: {survived}")
    assert survived.commands > 0
    assert (survived.lost, survived.duplicated, survived.different, survived.missing_events) == (0, 0, 0, 0)
