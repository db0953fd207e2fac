"""Single stages on fake state, without the operator around them."""

from collections.abc import Callable
from typing import Any

import pytest

from models.judgement.layout import HABIT_NAMES
from models.rules.evaluation import Subject
from tests.support.builders import ANNA, BEN, NAN, WINDOW_MS, at, session_values, session_window, trigger_event
from tests.support.flink_fakes import FakeContext, FakeFlink
from tests.support.stages import lane_setup
from udfs.crossing_rows import Numbers, SessionWindow, Texts, TriggerEvent
from udfs.keyed_state import MAX_CACHED_KEYS, StateField
from udfs.stages.decisions import DecisionStage
from udfs.stages.evaluation import EventEvaluation, SessionEvaluation
from udfs.stages.pending_windows import PendingWindowsStage
from udfs.stages.recent_clicks import RecentClicksStage
from udfs.stages.session_clock import SessionClockStage

KEY = "s" + ANNA


@pytest.fixture
def flink() -> FakeFlink:
    return FakeFlink(key=KEY)


def opened(stage: Any, flink: FakeFlink) -> Any:
    stage.open(flink)
    return stage


def words(flink: FakeFlink) -> StateField[list[str]]:
    field: StateField[list[str]] = StateField("words-v1", " ".join, str.split)
    field.open(flink)
    return field


def test_a_field_remembers_per_key_and_beyond_a_restart(flink: FakeFlink) -> None:
    field = words(flink)
    assert field.get(KEY) is None
    field.set(KEY, ["a", "b"])
    flink.key = BEN
    assert field.get(BEN) is None
    flink.key = KEY
    assert words(flink).get(KEY) == ["a", "b"]


def test_what_was_cleared_is_gone_at_hand_and_in_state(flink: FakeFlink) -> None:
    field = words(flink)
    field.set(KEY, ["a"])
    field.clear(KEY)
    assert field.get(KEY) is None
    assert flink.left_of(KEY) == set()


@pytest.mark.parametrize("name", ["two words-v1", "two\nlines-v1"])
def test_a_name_that_would_break_the_lines_of_the_state_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="state field"):
        StateField(name, " ".join, str.split)


def test_what_is_at_hand_is_bounded_and_the_rest_comes_from_state(flink: FakeFlink) -> None:
    """Keys come round in turn: one more than there is room for costs a few reads a round, not all of them."""
    field = words(flink)
    keys = [f"k{n}" for n in range(MAX_CACHED_KEYS + 1)]
    for key in keys:
        flink.key = key
        field.set(key, ["at hand"])
    # The state itself, not another: the field holds on to it.
    flink.values["words-v1"] |= dict.fromkeys(keys, "words-v1 read")
    found = []
    for key in keys:
        flink.key = key
        found += field.get(key) or []
    assert 1 <= found.count("read") < 100


def test_the_place_of_a_key_that_is_cleared_is_given_back(flink: FakeFlink) -> None:
    field = words(flink)
    for n in range(2 * MAX_CACHED_KEYS):
        flink.key = f"k{n}"
        field.set(flink.key, [str(n)])
        if n % 3:
            field.clear(flink.key)
    flink.values["words-v1"] |= dict.fromkeys(flink.values["words-v1"], "words-v1 read")
    for n in range(0, 2 * MAX_CACHED_KEYS, 3):
        flink.key = f"k{n}"
        assert field.get(flink.key) == [str(n)]


def ends_by(at_s: int) -> Callable[[Numbers, Texts], bool]:
    return lambda numbers, _: numbers[0] <= at(at_s)


def test_held_windows_come_back_in_order_as_they_went_in(flink: FakeFlink) -> None:
    stage = opened(PendingWindowsStage(), flink)
    assert not stage.has_pending(KEY)
    _, first, texts = session_window(60, scroll_depth=NAN)
    _, second, _ = session_window(70, pages=3.0)
    stage.buffer(KEY, at(60), first, texts)
    stage.buffer(KEY, at(70), second, texts)
    stage = opened(PendingWindowsStage(), flink)
    assert stage.has_pending(KEY)
    assert stage.release(KEY, ends_by(59)) == []
    [(numbers, kept)] = stage.release(KEY, ends_by(60))
    assert numbers == pytest.approx(first, nan_ok=True)
    assert kept == texts
    [(numbers, kept)] = stage.release(KEY, ends_by(100))
    assert numbers == pytest.approx(second, nan_ok=True)
    assert flink.left_of(KEY) == set()


def window(end_s: int, **changed: Any) -> SessionWindow:
    given = {
        "end_ms": at(end_s),
        "first_ms": at(0),
        "newest_first_ms": at(0),
        "acted_first_ms": at(0),
        "interacted_ms": at(5),
        "last_ms": at(8),
        "hidden_ms": None,
        "page_depth": 0.0,
        "session_id": ANNA,
        "user_id": None,
        "content_id": None,
        "main_type": None,
        "engaged_by_type": None,
        "device": None,
        "opened": None,
        "active_slices": 1,
        "values": session_values(),
        "wholes": [0.0] * len(HABIT_NAMES),
        "site_active_ms": 0.0,
        "site_totals": [0.0] * len(HABIT_NAMES),
    }
    return SessionWindow(**(given | changed))


def clock_stage(flink: FakeFlink) -> SessionClockStage:
    stage = SessionClockStage(lane_setup())
    stage.open(flink)
    return stage


def attended(stage: SessionClockStage, end_s: int, seen: SessionWindow | None, flink: FakeFlink) -> dict[str, float]:
    evaluation = SessionEvaluation(ANNA, at(end_s), seen, session_values(), WINDOW_MS)
    stage.on_window(evaluation, FakeContext(flink))
    return evaluation.signals.scalars


def test_the_clock_adds_silence_and_age_and_sets_one_timer(flink: FakeFlink) -> None:
    stage = clock_stage(flink)
    assert attended(stage, 10, window(10), flink) == {"silence_ms": 5_000, "session_age_ms": 10_000}
    assert attended(stage, 20, window(20), flink) == {"silence_ms": 15_000, "session_age_ms": 20_000}
    assert attended(stage, 70, None, flink) == {"silence_ms": 65_000, "session_age_ms": 70_000}
    assert flink.timers == {(at(70), KEY)}


def test_before_any_interaction_silence_counts_from_the_first_event(flink: FakeFlink) -> None:
    assert attended(clock_stage(flink), 10, window(10, interacted_ms=None), flink)["silence_ms"] == 10_000


def test_a_hidden_page_has_no_silence(flink: FakeFlink) -> None:
    assert "silence_ms" not in attended(clock_stage(flink), 10, window(10, hidden_ms=at(8)), flink)


def test_a_silent_window_before_any_other_is_ignored(flink: FakeFlink) -> None:
    stage = clock_stage(flink)
    assert attended(stage, 10, None, flink) == {}
    assert not stage.is_over(KEY, at(10**6))
    assert flink.left_of(KEY) == set()


def test_deciding_nothing_leaves_no_state_and_asks_for_no_subject(flink: FakeFlink) -> None:
    stage = opened(DecisionStage("decisions-v1", "session_window", lane_setup().control), flink)

    class Nobody(SessionEvaluation):
        def subject(self) -> Subject:
            raise AssertionError("nothing holds")

    assert stage.decide(Nobody(ANNA, at(60), None, session_values(), WINDOW_MS)) == []
    assert flink.left_of(KEY) == set()


def test_an_event_adds_its_texts_and_is_new_again_after_clear(flink: FakeFlink) -> None:
    stage = opened(RecentClicksStage(), flink)
    _, numbers, texts = trigger_event("e1", 5, element="close")
    evaluation = EventEvaluation(TriggerEvent.from_crossing(numbers, texts))
    assert stage.on_event(evaluation, FakeContext(flink))
    assert evaluation.signals.attributes["event.element"] == "close"
    assert evaluation.signals.scalars["recent_clicks"] == 1.0
    stage.clear(KEY)
    assert stage.on_event(evaluation, FakeContext(flink))
