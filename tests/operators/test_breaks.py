"""Proposals that wait for a natural break, through the real operator, and the schedules that ship."""

import json
from typing import Any

import pytest

from jobs.adjust import load_rules
from models.rules.compiled import CompiledRule
from models.rules.signals import Signals
from tests.operators.conftest import Start
from tests.support.builders import at, rule, session_window
from tests.support.flink_fakes import Running
from tests.support.operator_outputs import fed
from tests.support.readings import EngagedReadings

BUSY = {"feature": "engaged_ms", "above": 10_000}
PATIENT = rule(id="patient", when=[BUSY], grace_s=30, cooldown_s=120, source="schedule")


def emitted(job: Running, from_s: int, until_s: int, opened_s: int | None = None) -> list[tuple[float, str | None]]:
    """When a reader who does something each second was proposed to, and why not to be disturbed then."""
    found = []
    for end_s in range(from_s, until_s, 10):
        opened = f"{at(opened_s)}=news" if opened_s is not None and opened_s < end_s <= opened_s + 60 else None
        row = session_window(end_s, first_s=0, opened=opened)
        found += [_told(each) for each in fed(job, [row])]
    return found


def _told(record: Any) -> tuple[float, str | None]:
    change = json.loads(record[1][0])
    return (change["command"]["issued_at_ms"] - at(0)) / 1000, change.get("quiet")


#   60 s: it holds      81 s: a page is opened    90 s: the window that shows it
def test_a_proposal_waits_for_the_next_break(start: Start) -> None:
    assert emitted(start(PATIENT), 60, 180, opened_s=81) == [(90, None)]


def test_without_a_break_the_reader_is_found_reading_and_asked_again_later(start: Start) -> None:
    # 30 s of grace; after a quiet time the rule rests for 30 s, and waits for another 30 s.
    assert emitted(start(PATIENT), 60, 160) == [(90, "reading"), (150, "reading")]


def test_a_proposal_that_waits_survives_a_restart(start: Start) -> None:
    before = start(PATIENT)
    assert emitted(before, 60, 80) == []
    assert emitted(start(PATIENT, flink=before.flink), 80, 180, opened_s=81) == [(90, None)]


def test_a_rule_without_grace_is_not_held_up(start: Start) -> None:
    assert emitted(start(rule(id="hasty", when=[BUSY])), 60, 80) == [(60, None)]


@pytest.mark.parametrize(
    ("rule_id", "every_s", "below", "holds"),
    [
        ("refresh-active", 300, 0.8, True),
        ("refresh-active", 300, 0.7, False),
        ("refresh-calm", 1_200, 0.2, True),
        ("refresh-calm", 1_200, 0.3, False),
    ],
)
def test_schedules_go_by_the_readers_rank_on_the_site(rule_id: str, every_s: int, below: float, holds: bool) -> None:
    [shipped] = (each for each in load_rules("") if each.id == rule_id)
    assert (shipped.source, shipped.cooldown_s) == ("schedule", every_s)
    assert shipped.grace_s is not None
    signals = Signals([0.0] * 100, _Ranked(below), {"session_age_ms": 1_800_000.0})
    assert CompiledRule(shipped).holds(signals) is holds


class _Ranked(EngagedReadings):
    """The same rank for all features."""

    def __init__(self, below: float) -> None:
        super().__init__(below=below)

    def rank(self, name: str) -> float | None:
        return self.below
