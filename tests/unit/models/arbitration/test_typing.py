"""While a reader types, what windows propose waits; half a minute at most."""

from random import Random
from typing import Any

import msgspec
import pytest

from models.arbitration.arbiter import Arbiter
from models.arbitration.target_state import TargetState, empty_state
from models.arbitration.typing_pause import decode_typing, encode_typing, typing_until_ms
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


#   50 .. 82 s   60 s              92 s         360 s
#   types        first proposal    commanded    next one, by the rule's own rest of 300 s
def test_what_waited_does_not_cost_the_rule_its_next_command() -> None:
    changes = [proposed("fresh", "refresh_recommendations", at_s, cooldown_ms=300_000) for at_s in (60, 360)]
    found = decided(changes, typed_s=[55, 63, 71, 79, 82])
    assert [each[0] for each in found.told()] == [92, 360]


#   62 s typed, over at 72 s; a rule that rests for ten seconds proposes at 70 s, 75 s and 78 s
def test_a_wait_counts_as_half_of_a_rest_at_most() -> None:
    changes = [proposed("often", "refresh_recommendations", at_s, cooldown_ms=10_000) for at_s in (63, 70, 75, 78)]
    found = decided(changes, typed_s=[62])
    assert [each[0] for each in found.told()] == [72, 78]
    assert [each.reason for each in found.proposals] == [None, "resting", "resting", None]


#   55 s     60 s       62 s      65 s
#   types    proposal   recovers  quiet is over
@pytest.mark.parametrize("recovers_s", [62, 65])
def test_a_rule_that_recovers_meanwhile_withdraws_what_waits(recovers_s: int) -> None:
    found = decided([proposed("silent", "simplify", 60), proposed("silent", "revert", recovers_s)], typed_s=[55])
    assert found.commands == []
    assert sorted((each.at_ms, each.action, each.reason) for each in found.proposals) == [
        (at(recovers_s), "revert", "expired"),
        (at(recovers_s), "simplify", "expired"),
    ]


def test_what_one_rule_withdraws_leaves_the_others_waiting() -> None:
    found = decided(
        [proposed("a", "simplify", 60), proposed("b", "reorder", 60), proposed("a", "revert", 62)], typed_s=[55]
    )
    assert found.told() == [(65, "b", "reorder")]


def test_a_proposal_after_the_recovery_is_a_new_one() -> None:
    found = decided(
        [proposed("a", "simplify", 60), proposed("a", "revert", 62), proposed("a", "simplify", 63)], typed_s=[55]
    )
    assert found.told() == [(65, "a", "simplify")]


def test_a_page_that_tells_typing_without_end_fills_a_dozen_places() -> None:
    arbiter, state = Arbiter(GENEROUS), empty_state()
    for ms in range(60_000):
        arbiter.on_typing(state, at(0) + ms)
        if ms % 1_000 == 999:
            # The watermark is two and a half seconds behind.
            arbiter.on_time(state, at(0) + ms - 2_500)
    assert len(state.typed_ms) <= 14
    assert typing_until_ms(state, at(60)) == at(70)


@pytest.mark.parametrize(("typed_ms", "told_ms"), [(60_000, 60_000), (59_001, 60_000), (59_999, 60_000), (1, 1_000)])
def test_typing_is_remembered_at_the_full_second_at_which_it_is_over(typed_ms: int, told_ms: int) -> None:
    state = empty_state()
    assert Arbiter(GENEROUS).on_typing(state, at(0) + typed_ms) == at(0) + told_ms + 10_000
    assert state.typed_ms == [at(0) + told_ms]


def test_state_of_before_typing_was_told_is_read() -> None:
    """As it was stored then: without `typed_ms`, and proposals without `held_since_ms`."""
    arbiter, state = Arbiter(GENEROUS), empty_state()
    arbiter.on_window(state, proposed("tired", "simplify", 60))
    before: list[Any] = msgspec.to_builtins(state)[:5]
    restored = msgspec.json.decode(msgspec.json.encode(before), type=TargetState)
    assert (restored.typed_ms, restored.waiting[0].held_since_ms) == ([], None)
    arbiter.on_typing(restored, at(55))
    assert [each.issued_at_ms for each in arbiter.on_time(restored, at(65)).commands] == [at(65)]


def test_the_text_that_crosses_is_read_back() -> None:
    assert decode_typing(encode_typing(at(3))) == at(3)
    assert decode_typing("{}") is None


def _piecewise(seed: int) -> list[bytes]:
    """Typing, windows and silences as a stream brings them: event time lags behind, and the state is stored between any two."""
    random = Random(seed)
    typed = sorted(random.sample(range(600_000), 60))
    actions: list[ActionName] = ["simplify", "shorten", "reorder", "prompt", "revert"]
    ends = sorted([*range(10_000, 600_000, 10_000), *random.sample(range(600_000), 60)])
    changes = [
        proposed(f"r{random.randrange(6)}", random.choice(actions), end / 1000) for end in ends if random.random() < 0.5
    ]
    arbiter, stored, found, reached = Arbiter(GENEROUS), msgspec.json.encode(empty_state()), [], 0
    steps = [*((at(0) + each, None) for each in typed), *((each.command.issued_at_ms, each) for each in changes)]
    for now, change in sorted(steps, key=lambda step: step[0]):
        state = msgspec.json.decode(stored, type=TargetState)
        # The watermark never passes what has not come yet.
        if random.random() < 0.5:
            reached = max(reached, now - random.randrange(1, 20_000))
            found += arbiter.on_time(state, reached).commands
        if change is None:
            arbiter.on_typing(state, now)
        else:
            arbiter.on_window(state, change)
        stored = msgspec.json.encode(state)
    found += arbiter.on_time(msgspec.json.decode(stored, type=TargetState), at(100_000)).commands
    at_once = decided(changes, typed_s=[each / 1000 for each in typed]).commands
    assert [encode(each) for each in found] == [encode(each) for each in at_once]
    return [encode(each) for each in found]


@pytest.mark.parametrize("seed", range(20))
def test_at_any_pace_the_same_is_commanded(seed: int) -> None:
    assert _piecewise(seed)
