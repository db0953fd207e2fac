"""While a reader types, what windows propose waits; half a minute at most."""

from random import Random
from typing import Any

import msgspec
import pytest

from models.arbitration.arbiter import Arbiter
from models.arbitration.target_state import TargetState, empty_state
from models.arbitration.typing_pause import decode_typing, encode_typing
from schemas.actions import ActionName
from schemas.commands import encode
from tests.support.builders import at
from tests.support.proposed_changes import GENEROUS, decided, proposed


#   52 s     60 s       62 s
#   types    proposal   quiet is over
def test_a_proposal_waits_until_ten_seconds_after_the_last_typing() -> None:
    found = decided([proposed("tired", "simplify", 60)], typed_s=[52])
    assert found.told() == [(62, "tired", "simplify")]
    assert found.commands[0].expires_at_ms == at(360)
    assert [each.at_ms for each in found.proposals] == [at(62)]


#   52 s     60 s       61 s     69 s     77 s   87 s
#   types    proposal   types    types    types  quiet is over
def test_who_goes_on_typing_is_waited_for_on_and_on() -> None:
    found = decided([proposed("tired", "simplify", 60)], typed_s=[52, 61, 69, 77])
    assert found.told() == [(87, "tired", "simplify")]


def test_who_does_not_stop_typing_gets_no_change() -> None:
    found = decided([proposed("tired", "simplify", 60)], typed_s=range(52, 200, 8))
    assert found.commands == []
    [told] = found.proposals
    assert (told.outcome, told.reason, told.by) == ("suppressed", "quiet", "typing")
    # Waiting began at 60 s, and goes on by steps that end ten seconds after a telling.
    assert at(90) <= told.at_ms <= at(100)


@pytest.mark.parametrize("typed_s", [[50], [60.001], [61], [20, 30, 40, 50]])
def test_what_was_typed_earlier_or_later_does_not_count(typed_s: list[float]) -> None:
    assert decided([proposed("tired", "simplify", 60)], typed_s=typed_s).told() == [(60, "tired", "simplify")]


@pytest.mark.parametrize(
    "change",
    [
        proposed("media", "lighten_media", 60, kind="context"),
        proposed("click", "reorder", 60, lane="event"),
    ],
)
def test_what_is_for_access_or_answers_an_action_does_not_wait(change: Any) -> None:
    assert decided([change], typed_s=[55]).commands == [change.command]


def test_reverts_and_renewals_do_not_wait() -> None:
    found = decided(
        [
            proposed("a", "simplify", 60),
            proposed("a", "simplify", 355, renews=True),
            proposed("a", "revert", 400),
        ],
        typed_s=[350, 395],
    )
    assert [each[0] for each in found.told()] == [60, 355, 400]


def test_shadow_is_told_at_its_own_time() -> None:
    [told] = decided([proposed("a", "simplify", 60, mode="shadow")], typed_s=[55]).proposals
    assert (told.outcome, told.at_ms) == ("shadow", at(60))


def test_what_would_expire_meanwhile_is_told_as_quiet() -> None:
    [told] = decided([proposed("a", "simplify", 60, expires_s=4)], typed_s=[55]).proposals
    assert (told.reason, told.by, told.at_ms) == ("quiet", "typing", at(60))


def test_of_those_that_waited_the_most_important_wins() -> None:
    found = decided(
        [proposed("weak", "shorten", 60, priority=30), proposed("strong", "simplify", 62, priority=80)], typed_s=[55]
    )
    assert found.told() == [(65, "strong", "simplify")]
    assert found.reasons()["weak"] == "outranked"


def test_the_text_that_crosses_is_read_back() -> None:
    assert decode_typing(encode_typing(at(3))) == at(3)
    assert decode_typing("{}") is None


def _piecewise(seed: int) -> list[bytes]:
    """Typing and windows as a stream brings them: event time lags behind, and the state is stored between any two steps."""
    random = Random(seed)
    typed = sorted(random.sample(range(0, 600), 60))
    actions: list[ActionName] = ["simplify", "shorten", "reorder", "prompt"]
    windows = [
        proposed(f"r{random.randrange(6)}", random.choice(actions), end)
        for end in range(10, 600, 10)
        if random.random() < 0.5
    ]
    arbiter, stored, found, reached = Arbiter(GENEROUS), msgspec.json.encode(empty_state()), [], 0
    for second in range(600):
        state = msgspec.json.decode(stored, type=TargetState)
        for change in windows:
            if change.command.issued_at_ms == at(second):
                arbiter.on_window(state, change)
        if second in typed:
            arbiter.on_typing(state, at(second))
        # The watermark never passes what has not come yet.
        if random.random() < 0.1:
            reached = max(reached, at(second) - random.randrange(20_000))
            found += arbiter.on_time(state, reached).commands
        stored = msgspec.json.encode(state)
    found += arbiter.on_time(msgspec.json.decode(stored, type=TargetState), at(100_000)).commands
    at_once = decided(windows, typed_s=typed).commands
    assert [encode(each) for each in found] == [encode(each) for each in at_once]
    return [encode(each) for each in found]


@pytest.mark.parametrize("seed", range(20))
def test_at_any_pace_the_same_is_commanded(seed: int) -> None:
    assert _piecewise(seed)
