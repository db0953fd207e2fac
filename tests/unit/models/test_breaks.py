"""Natural breaks: what is one, and when a rule that can wait proposes."""

import pytest

from models.judgement.breaks import PAGE_END, is_at_break
from models.judgement.layout import HABIT_NAMES
from models.judgement.session import SliceEvents
from models.rules.breaks import Timeliness, timeliness
from models.rules.compiled import CompiledRule
from models.rules.signals import Signals
from models.state_records import DecisionState
from tests.support.builders import at, rule

NOTHING = Timeliness(False, None, False)


def newest(
    acted_s: float | None = 5, hidden_s: float | None = None, opened: tuple[str, ...] = (), depth: float = 0.5
) -> SliceEvents:
    """Ten seconds up to 10 s, in which something came at 9 s."""
    acted, hidden = (-1 if each is None else at(each) for each in (acted_s, hidden_s))
    return SliceEvents(at(10), at(1), at(9), acted, acted, hidden, opened, depth, [0] * len(HABIT_NAMES))


@pytest.mark.parametrize(
    ("events", "was_hidden", "expected"),
    [
        (newest(), False, False),
        (newest(opened=("news",)), False, True),
        (newest(depth=PAGE_END), False, True),
        (newest(depth=0.94), False, False),
        (newest(), True, True),
        (newest(acted_s=None), True, False),
        (newest(opened=("news",), hidden_s=9), False, False),
        (None, True, False),
    ],
)
def test_a_break_is_a_new_page_the_end_of_one_or_a_return(
    events: SliceEvents | None, was_hidden: bool, expected: bool
) -> None:
    assert is_at_break(events, was_hidden) is expected


PATIENT = CompiledRule(rule(grace_s=30))


def window(at_break: bool = False, silence_s: float | None = None) -> Signals:
    scalars = {"at_break": float(at_break)}
    return Signals(scalars=scalars if silence_s is None else scalars | {"silence_ms": silence_s * 1000})


#   10 s: holds, no break   20 s: holds no more   30 s: break
def test_a_rule_that_can_wait_proposes_at_the_next_break() -> None:
    state = DecisionState()
    assert timeliness(PATIENT, True, window(), state, at(10)) == Timeliness(False, None, True)
    assert timeliness(PATIENT, False, window(), state, at(20)) == NOTHING
    assert timeliness(PATIENT, False, window(at_break=True), state, at(30)) == Timeliness(True, None, True)
    assert timeliness(PATIENT, False, window(at_break=True), state, at(40)) == NOTHING


def test_at_a_break_nothing_waits() -> None:
    assert timeliness(PATIENT, True, window(at_break=True), DecisionState(), at(10)) == Timeliness(True, None, True)


@pytest.mark.parametrize(("silence_s", "quiet"), [(9.9, "reading"), (10, None), (None, None)])
def test_without_a_break_it_proposes_when_its_time_is_over_and_says_what_the_reader_is_busy_with(
    silence_s: float | None, quiet: str | None
) -> None:
    state = DecisionState()
    timeliness(PATIENT, True, window(), state, at(10))
    assert not timeliness(PATIENT, True, window(), state, at(30)).proposes
    assert timeliness(PATIENT, True, window(silence_s=silence_s), state, at(40)) == Timeliness(True, quiet, True)


def test_a_rule_that_cannot_wait_proposes_when_it_holds() -> None:
    hasty, state = CompiledRule(rule()), DecisionState()
    assert timeliness(hasty, True, window(silence_s=1), state, at(10)) == Timeliness(True, None, False)
    assert timeliness(hasty, False, window(at_break=True), state, at(20)) == NOTHING
