"""What keyed state holds of a session: read again exactly, from texts of earlier versions too."""

from random import Random

import msgspec
import pytest

from models.judgement.layout import HABIT_KEYS, HABIT_NAMES
from models.judgement.session import SessionJudgement
from models.session_clock import SessionClock
from models.state_records import DecisionState, StandingProposal
from models.state_texts import clock_text, decisions_text, read_clock, read_decisions

BEFORE = (
    "ckrcscsisdhopxenacpgrx 6UyLyJkBAADuYbnImQEAAIdRuciZAQAAgLC2yJkBAACgb7nImQEAAAIAACcIAFSAEgAgTgAAYOoAAN/rZkHf62ZB3+tmQd/rZkHf"
    "62ZB3+tmQd/rZkHf62ZB3+tmQd/rZkHf62ZBG5ZDQbElC0Gcyz5DnMs+QzLkiEcAAAAAAAAAADJqU0mnXAVJvQV9QQdJlT8+1DBBIV4cQWFBekNvM35DyL/NTCGtkE"
    "h18EhJiu9ISgXKPU254mpBT/5rP1dMQD7T0Rq/v1ZXwL6XeMCtOD3E29jCwmFfIsNXX6JD67WxROJIrr0KG/29AAAAAAAAAAAGAAAABgAAAAAAAAAAAAAAAAAAACBO"
    "AADALwAAAAAAAAAAAAAAAAAAAAAAAA4AAAAOAAAAwR0AAAAAAAAAAAAAYOoAAFWJAAAAAAAAAAAAAAAAAABkATMAAAAAAAAAAAAAAAAAAAAaAgwCAAAAAKIBAAAA"
    "AAAAAACrAhAAAAAAAAAAAAAAAAA= 1/0/0/sport,7/0/0/science,4/6.53/3/news,33/0/0/culture"
)
"""A session of the world S3, as the commit before wrote it."""


def numbers(judgement: SessionJudgement) -> dict[str, object]:
    habits = judgement.habits
    kept = ("minutes", "totals", "squares", "last_offs", "sums", "previous_sums", "up", "down", "held")
    return {name: repr(getattr(habits, name)) for name in (*kept, "present_ms", "previous_ms")} | {
        name: getattr(judgement, name)
        for name in SessionJudgement.__slots__
        if name not in ("habits", "types", "visible_ms")
    }


def test_a_text_of_fixed_widths_is_read_and_written_shorter() -> None:
    judgement = SessionJudgement.from_text(BEFORE)
    assert (judgement.first_ms, judgement.last_ms, judgement.acted_ms) == (1760006196457, 1760009216494, 1760009212295)
    assert (judgement.seen_ms, judgement.recommended_ms) == (1760009220000, 1760009040000)
    assert (judgement.hidden, judgement.has_heartbeats, judgement.depth) == (False, True, 0.9984)
    assert (judgement.gaps, judgement.watched_ms) == (8, 1_212_500)
    assert judgement.types.types["news"] == (4, 6.53, 3)
    again = SessionJudgement.from_text(judgement.to_text())
    assert numbers(again) == numbers(judgement)
    assert again.to_text() == judgement.to_text()
    # A habit that has been added since takes its part.
    habits = len(HABIT_NAMES) / (len(SessionJudgement.keys_of(BEFORE)) / 2)
    assert len(judgement.to_text()) < 0.8 * len(BEFORE) * max(habits, 1.0)
    assert SessionJudgement.keys_of(judgement.to_text()) == HABIT_KEYS


@pytest.mark.parametrize("times", [(-1, -1, -1, -1, -1), (10, 10, -1, -1, 10), (5, 30, 20, 0, 10)])
def test_times_before_at_and_after_the_newest_slice_are_exact(times: tuple[int, ...]) -> None:
    """An event of a reader may bear any time: also one after the slice that it is judged in."""
    judgement = SessionJudgement()
    names = ("first_ms", "last_ms", "acted_ms", "recommended_ms", "seen_ms")
    for name, value in zip(names, times, strict=True):
        setattr(judgement, name, value)
    again = SessionJudgement.from_text(judgement.to_text())
    assert tuple(getattr(again, name) for name in names) == times


def test_a_clock_is_read_again_also_as_it_was_written_before() -> None:
    generator, base = Random(1), 1_760_000_000_000
    for _ in range(200):
        times = [base + generator.randrange(-900_000, 900_000) for _ in range(6)]
        hidden_ms, timer_ms = generator.choice((0, times[4])), generator.choice((0, times[5]))
        clock = SessionClock(times[0], times[1], times[2], times[3], hidden_ms, timer_ms, "mobile", None)
        assert read_clock(clock_text(clock)) == clock
        assert read_clock(msgspec.json.encode(clock).decode()) == clock
    assert read_clock("[1,2,3,4]") == SessionClock(1, 2, 3, 4)
    assert clock_text(SessionClock(base, base + 5, base + 7, base + 9)) == f"{base}[5,7,9,null,null,null,null]"


def test_decisions_are_read_again_also_as_they_were_written_before() -> None:
    generator, base = Random(2), 1_760_000_000_000

    def times() -> dict[str, int]:
        rules = generator.sample(("a", "b", 'a "quoted" [rule]'), generator.randrange(4))
        return {rule: base + generator.randrange(-900_000, 900_000) for rule in rules}

    for _ in range(200):
        standing = {
            rule: StandingProposal(
                at_ms, at_ms + 1, generator.randrange(2), generator.choice((0, at_ms)), generator.choice((0, at_ms))
            )
            for rule, at_ms in times().items()
        }
        streaks = {rule: generator.randrange(5) for rule in times()}
        state = DecisionState(times(), streaks, generator.choice((0, base)), times(), standing, times())
        assert read_decisions(decisions_text(state)) == state
        assert read_decisions(msgspec.json.encode(state).decode()) == state
    assert decisions_text(DecisionState()) == "0[]"
    assert decisions_text(DecisionState({"a": base})) == f'{base}[null,{{"a":[0]}}]'
