"""The fast lane renews what a context has led to while the session goes on, though no event says so again."""

from models.arbitration.proposed_change import ProposedChange
from tests.operators.conftest import Start
from tests.support.builders import ANNA, BEGINNING, SESSION_END_S, at, rule, trigger_event
from tests.support.flink_fakes import Running
from tests.support.operator_outputs import changes, fed

SAVES = rule(
    id="saves",
    lane="event",
    when=[{"feature": "save_data", "above": 0}],
    then={"action": "lighten_media"},
    source="context",
    cooldown_s=600,
    expires_s=300,
)


def seconds(found: list[ProposedChange]) -> list[tuple[float, str]]:
    return [((each.command.issued_at_ms - BEGINNING) / 1000, each.command.action) for each in found]


def context(number: str, at_s: float, saves_data: float | None) -> tuple[str, list[float], list[str | None]]:
    given = {} if saves_data is None else {"saves_data": saves_data}
    return trigger_event(number, at_s, type="context", **given)  # type: ignore[arg-type]


def uncovered(found: list[ProposedChange], until_s: float) -> float:
    """Seconds up to then in which no command was in force, after the first."""
    gap, covered_ms = 0.0, found[0].command.issued_at_ms
    for each in found:
        gap += max(0, each.command.issued_at_ms - covered_ms)
        covered_ms = max(covered_ms, each.command.expires_at_ms)
    return (gap + max(0, at(until_s) - covered_ms)) / 1000


def test_who_saves_data_is_served_all_of_the_time(start_fast: Start) -> None:
    job = start_fast(SAVES)
    found = changes(fed(job, [context("c1", 5, 1)]))
    for minute in range(1, 29):
        found += changes(job.advance(at(60 * minute)))
    assert uncovered(found, 28 * 60) == 0
    assert all(each.command.parameters == found[0].command.parameters for each in found)
    assert len({each.command.command_id for each in found}) == len(found) <= 7
    assert [each.renews for each in found] == [False] + [True] * (len(found) - 1)


def test_the_session_s_end_ends_it(start_fast: Start) -> None:
    job = start_fast(SAVES)
    fed(job, [context("c1", 5, 1)])
    job.advance(at(5 + SESSION_END_S))
    assert job.advance(at(3 * SESSION_END_S)) == []
    assert job.flink.left_of("s" + ANNA) == set()
    assert job.flink.timers == set()


def test_an_event_without_a_word_of_it_changes_nothing(start_fast: Start) -> None:
    job = start_fast(SAVES)
    found = seconds(changes(fed(job, [context("c1", 5, 1), trigger_event("e1", 50), context("c2", 60, None)])))
    assert found == [(5, "lighten_media")]
    assert seconds(changes(job.advance(at(300)))) == [(295, "lighten_media")]


def test_another_context_takes_it_back_and_a_third_brings_it_again(start_fast: Start) -> None:
    job = start_fast(SAVES)
    found = changes(fed(job, [context("c1", 5, 1), context("c2", 100, 0), context("c3", 130, 1)]))
    assert seconds(found) == [(5, "lighten_media"), (100, "revert"), (130, "lighten_media")]
    assert seconds(changes(job.advance(at(430)))) == [(420, "lighten_media")]


def test_renewals_are_the_same_whether_timers_or_events_come_first(start_fast: Start) -> None:
    def run(steps: bool) -> list[ProposedChange]:
        job: Running = start_fast(SAVES)
        found = changes(fed(job, [context("c1", 5, 1)]))
        for number, at_s in enumerate((290, 296, 900)):
            if steps:
                found += changes(job.advance(at(at_s) - 1))
            found += changes(fed(job, [trigger_event(f"e{number}", at_s)]))
        return found + changes(job.advance(at(1_000)))

    assert run(steps=True) == run(steps=False)
    assert seconds(run(steps=True)) == [(s, "lighten_media") for s in (5, 295, 585, 875)]


def test_a_rule_that_has_been_deleted_renews_nothing(start_fast: Start) -> None:
    job = start_fast(SAVES)
    fed(job, [context("c1", 5, 1)])
    job.broadcast(("rule", "saves", None))
    assert job.advance(at(1_000)) == []


def test_a_restart_changes_nothing(start_fast: Start) -> None:
    before = start_fast(SAVES)
    fed(before, [context("c1", 5, 1)])
    after = start_fast(SAVES, flink=before.flink)
    assert seconds(changes(after.advance(at(300)))) == [(295, "lighten_media")]
