"""What a back-test reports, from decisions made by hand."""

from typing import Any

import msgspec

from infra.backtest.chart import draw
from infra.backtest.report import report
from infra.backtest.runner import Decided
from infra.simulate.ground_truth import Episode
from infra.simulate.judging import HOUR_MS, Span
from tests.support.builders import BEGINNING, rule

READERS = {f"reader-{number}": Span(BEGINNING, BEGINNING + HOUR_MS // 2) for number in range(4)}


def proposal(
    rule_id: str, session: str, at_s: int, outcome: str = "commanded", reason: str | None = None
) -> tuple[bytes, bytes]:
    given: dict[str, Any] = {
        "proposal_id": f"{rule_id}-{session}-{at_s}",
        "at_ms": BEGINNING + at_s * 1000,
        "target": {"kind": "session", "id": session},
        "action": "simplify",
        "parameters": {},
        "source": {"kind": "rule", "id": rule_id, "version": 1},
        "evidence": {},
        "outcome": outcome,
        "reason": reason,
        "by": None,
        "command_id": None,
    }
    return session.encode(), msgspec.json.encode(given)


def test_rules_are_counted_by_reader_hour_and_reason() -> None:
    mine, other = rule(id="mine"), rule(id="other")
    decided = Decided(
        proposals=[
            proposal("mine", "reader-0", 60),
            proposal("mine", "reader-0", 300, "suppressed", "resting"),
            proposal("mine", "reader-1", 60, "shadow", "shadow"),
            proposal("other", "reader-0", 100),
            proposal("other", "reader-3", 100),
        ]
    )
    found = report(decided, [mine, other, rule(id="silent")], ["mine"], READERS, None, (100, 2, 1))
    first, second = found.rules
    assert (first.rule, first.is_tested, first.proposals, first.fired, first.readers) == ("mine", True, 3, 2, 2)
    assert (first.share_of_readers, first.per_reader_hour) == (0.5, 1.0)
    assert first.held_back == {"resting": 1}
    assert (first.precision, first.recall) == (None, None)
    assert (second.rule, second.is_tested) == ("other", False)
    assert [(each.rule, each.other, each.targets, each.share) for each in found.overlaps] == [("mine", "other", 1, 0.5)]
    minute = BEGINNING // 60_000 * 60_000
    assert found.per_minute == {"mine": [(minute + 60_000, 2), (minute + 300_000, 1)]}


def test_with_truth_precision_and_recall_of_the_rules_own_action_are_told() -> None:
    def episode(session: str, action: str = "simplify") -> Episode:
        return Episode("bored", action, "session", session, BEGINNING, BEGINNING + 120_000)

    episodes = [episode("reader-0"), episode("reader-2"), episode("reader-3", "prompt")]
    decided = Decided(proposals=[proposal("mine", "reader-0", 60), proposal("mine", "reader-1", 60)])
    (found,) = report(decided, [rule(id="mine")], ["mine"], READERS, episodes, (0, 0, 0)).rules
    assert (found.precision, found.recall) == (0.5, 0.5)


def test_a_rule_that_never_fires_is_listed_and_drawn() -> None:
    found = report(Decided(), [rule(id="mine")], ["mine"], {}, [], (0, 0, 0))
    (only,) = found.rules
    assert (only.proposals, only.share_of_readers, only.per_reader_hour) == (0, None, None)
    assert "mine" in draw(found, "Back-test of <mine>")
    assert "&lt;mine&gt;" in draw(found, "Back-test of <mine>")
