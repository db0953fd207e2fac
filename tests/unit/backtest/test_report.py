"""What a back-test reports, from decisions made by hand."""

from typing import Any

import msgspec
import pytest

from infra.backtest.chart import draw
from infra.backtest.report import report
from infra.backtest.runner import Decided
from infra.backtest.trial import backtest, of_recording
from infra.rules.shipped import shipped_rules
from infra.simulate.ground_truth import Episode, read_truth
from infra.simulate.judging import HOUR_MS, Span, judge, session_spans
from infra.simulate.recording import SAMPLE, records
from tests.support.builders import BEGINNING, rule

READERS = {f"reader-{number}": Span(BEGINNING, BEGINNING + HOUR_MS // 2) for number in range(4)}


def proposal(
    rule_id: str, session: str, at_s: int, outcome: str = "commanded", reason: str | None = None, **more: Any
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
    return session.encode(), msgspec.json.encode(given | more)


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


#  60 s        100 s    200 s    250 s                       700 s
#  commanded   renewed  renewed  taken back, no cause then   commanded, no cause
def test_what_renews_or_takes_back_a_change_is_no_change_of_its_own() -> None:
    episode = Episode("bored", "simplify", "session", "reader-0", BEGINNING, BEGINNING + 120_000)
    told = [proposal("mine", "reader-0", at_s) for at_s in (60, 100, 200, 700)]
    told.append(proposal("mine", "reader-0", 250, action="revert"))
    (found,) = report(Decided(proposals=told), [rule(id="mine")], ["mine"], READERS, [episode], (0, 0, 0)).rules
    assert (found.proposals, found.fired, found.renewals, found.reverts) == (5, 2, 2, 1)
    assert (found.precision, found.recall) == (0.5, 1.0)
    assert found.per_reader_hour == 2 / 2


def test_a_change_that_expired_early_is_renewed_by_none() -> None:
    """The command's own expiry counts where there is one: what waited is decided late, and expires as it would have."""
    told = [proposal("mine", "reader-0", 60, command_id="c1"), proposal("mine", "reader-0", 340, command_id="c2")]
    commands = [
        (b"reader-0", msgspec.json.encode({"command_id": each, "expires_at_ms": BEGINNING + until_s * 1000}))
        for each, until_s in (("c1", 330), ("c2", 640))
    ]
    decided = Decided(commands=commands, proposals=told)
    (found,) = report(decided, [rule(id="mine")], ["mine"], READERS, None, (0, 0, 0)).rules
    assert (found.fired, found.renewals) == (2, 0)


def test_an_action_that_answers_another_behaviour_too_has_a_cause() -> None:
    """A slow network is answered by lighter media, and on a phone by fewer things around the text."""
    slow = Episode("slow_network", "lighten_media", "session", "reader-0", BEGINNING, BEGINNING + 120_000)
    layout = rule(id="mine", then={"action": "simplify_layout"})
    decided = Decided(proposals=[proposal("mine", "reader-0", 60, action="simplify_layout")])
    (found,) = report(decided, [layout], ["mine"], READERS, [slow], (0, 0, 0)).rules
    assert (found.precision, found.recall) == (1.0, None)


def test_a_schedule_needs_no_cause() -> None:
    refresh = rule(id="mine", then={"action": "refresh_recommendations"}, source="schedule")
    decided = Decided(proposals=[proposal("mine", "reader-0", 60, action="refresh_recommendations")])
    (found,) = report(decided, [refresh], ["mine"], READERS, [], (0, 0, 0)).rules
    assert (found.fired, found.precision, found.recall) == (1, None, None)


def test_content_items_are_no_share_of_the_readers() -> None:
    shorter = rule(id="mine", lane="content_window", when=[{"feature": "exits", "above": 1}])
    told = [proposal("mine", "tides", 60, target={"kind": "content", "id": "tides"})]
    found = report(Decided(proposals=told), [shorter], ["mine"], READERS, None, (0, 0, 0))
    assert (found.rules[0].readers, found.rules[0].share_of_readers) == (1, None)
    assert "1 reached, 1 of 1 proposals fired" in draw(found, "Back-test")


def test_the_sample_is_judged_as_judge_judges_it() -> None:
    found, decided = backtest(of_recording(SAMPLE), shipped_rules(), [])
    truth = read_truth(SAMPLE)
    assert truth is not None
    commands = [msgspec.json.decode(value) for _, value in decided.commands]
    judgement = judge(truth.episodes, commands, session_spans(records(SAMPLE)))
    assert judgement.readers == found.readers
    assert judgement.reader_hours == pytest.approx(found.reader_hours, rel=0.05)
    judged = {each.rule: each for each in judgement.rules}
    assert {each.rule for each in found.rules if each.fired} == judged.keys()
    assert sum(each.renewals for each in found.rules) > 0, "a recording without renewals compares too little"
    for each in found.rules:
        assert each.fired == judged[each.rule].commands
        if not judged[each.rule].answers_events:
            assert each.precision == 1 - judged[each.rule].without_cause / each.fired


def test_a_rule_that_never_fires_is_listed_and_drawn() -> None:
    found = report(Decided(), [rule(id="mine")], ["mine"], {}, [], (0, 0, 0))
    (only,) = found.rules
    assert (only.proposals, only.share_of_readers, only.per_reader_hour) == (0, None, None)
    assert "mine" in draw(found, "Back-test of <mine>")
    assert "&lt;mine&gt;" in draw(found, "Back-test of <mine>")
