"""A reader's pace with an item, from windows through habits and reading: hand-made slices, words told by a catalogue."""

from typing import NamedTuple

import pytest

from models.content_item import ContentItem, encode_item
from models.language.reading_progress import MIN_LEARNT_ITEMS
from tests.support.builders import ANNA, WINDOW_MS, at, session_window
from tests.support.flink_fakes import FakeContext, FakeFlink
from tests.support.stages import lane_setup
from udfs.crossing_rows import SessionWindow, session_key
from udfs.stages.evaluation import SessionEvaluation
from udfs.stages.habits import HabitStage
from udfs.stages.reading import ReadingStage

KEY = session_key(ANNA)
COARSE = 0.005
"""Depths cross in a number beside a time, rounded to a third of a hundredth."""


class Slice(NamedTuple):
    """Ten seconds: the item in view, seconds engaged, pages scrolled, deepest point."""

    item: str | None
    engaged_s: float
    scrolled: float
    depth: float


class Reading:
    """The two stages on one key, fed with slices. Another one on the same `flink` is what starts from a checkpoint."""

    def __init__(self, items: dict[str, ContentItem], flink: FakeFlink | None = None) -> None:
        self.flink = flink or FakeFlink()
        self.flink.key = KEY
        self._setup = lane_setup()
        for name, item in items.items():
            self._setup.control.content.catalogue.put(name, encode_item(item), 1)
        self._stages = [HabitStage(self._setup), ReadingStage(self._setup)]
        for stage in self._stages:
            stage.open(self.flink)

    def read(self, slices: list[Slice], begin: int = 0) -> dict[str, float]:
        """Feeds the windows that end with the slices from `begin` on; returns what is known at the last one."""
        found: dict[str, float] = {}
        for number in range(begin, len(slices)):
            last = slices[max(0, number - 5) : number + 1]
            row = session_window(
                10 * (number + 1),
                content=slices[number].item,
                page_depth=slices[number].depth,
                active_slices=len(last),
                engaged_ms=sum(each.engaged_s for each in last) * 1_000,
                scroll_distance=sum(each.scrolled for each in last),
            )
            window = SessionWindow.from_crossing(row[1], row[2])
            evaluation = SessionEvaluation(ANNA, at(10 * (number + 1)), window, window.values, WINDOW_MS)
            for stage in self._stages:
                stage.on_window(evaluation, FakeContext(self.flink))
            self._setup.bundle.flush(KEY)
            found = evaluation.signals.scalars
        return found

    def clear(self) -> None:
        for stage in self._stages:
            stage.clear(KEY)
        self._setup.bundle.flush(KEY)


# 476 words take two minutes; half of the item takes one.
TWO_MINUTES = ContentItem(words=476)


def steady(item: str, slices: int, depth: float = 1.0, engaged_s: float = 10.0) -> list[Slice]:
    """Reads down to `depth` in equal steps."""
    return [Slice(item, engaged_s, depth / slices, depth * (number + 1) / slices) for number in range(slices)]


@pytest.mark.parametrize(("slices", "depth", "pace"), [(12, 1.0, 1.0), (6, 0.5, 1.0), (12, 0.5, 2.0), (6, 1.0, 0.5)])
def test_pace_is_the_time_taken_by_the_time_that_the_words_ask_for(slices: int, depth: float, pace: float) -> None:
    found = Reading({"a": TWO_MINUTES}).read(steady("a", slices, depth))
    assert found["reading_pace"] == pytest.approx(pace, rel=COARSE)
    assert found["rescrolled_pages"] == pytest.approx(0.0, abs=COARSE)
    assert "reading_pace_by_habit" not in found


@pytest.mark.parametrize(
    ("items", "slices"),
    [
        ({}, steady("a", 12)),
        ({"a": ContentItem()}, steady("a", 12)),
        ({"a": TWO_MINUTES}, steady("a", 1)),
        ({"a": TWO_MINUTES}, steady("a", 12, depth=0.05)),
        ({"a": TWO_MINUTES}, [Slice(None, 10, 0, 0)] * 6),
        ({"a": ContentItem(words=0)}, steady("a", 12)),
    ],
    ids=["no item", "no words told", "just opened", "hardly begun", "no content", "nothing to read"],
)
def test_pace_is_unknown_where_too_little_is_known(items: dict[str, ContentItem], slices: list[Slice]) -> None:
    assert "reading_pace" not in Reading(items).read(slices)


def test_no_state_is_kept_of_items_without_words() -> None:
    reading = Reading({})
    reading.read(steady("a", 12))
    assert "reading-v1" not in reading.flink.left_of(KEY)


def test_scrolling_back_and_forth_is_what_goes_beyond_the_depth_reached() -> None:
    back = Slice("a", 10, 0.3, 0.5)
    forth = Slice("a", 10, 0.3, 0.5)
    found = Reading({"a": TWO_MINUTES}).read([*steady("a", 6, depth=0.5), back, forth])
    assert found["rescrolled_pages"] == pytest.approx(0.6, rel=COARSE)
    assert found["reading_pace"] == pytest.approx(80 / 60, rel=COARSE)


def test_pace_is_compared_with_the_reader_s_own_items_before() -> None:
    items = {"a": TWO_MINUTES, "b": TWO_MINUTES, "c": TWO_MINUTES}
    before = [*steady("a", 6), *steady("b", 6)]
    found = Reading(items).read([*before, *steady("c", 12)])
    assert MIN_LEARNT_ITEMS == 2
    assert found["reading_pace"] == pytest.approx(1.0, rel=COARSE)
    assert found["reading_pace_by_habit"] == pytest.approx(2.0, rel=COARSE)


def test_items_left_at_their_beginning_say_nothing_of_the_usual_pace() -> None:
    items = {"a": TWO_MINUTES, "b": TWO_MINUTES, "c": TWO_MINUTES}
    before = [*steady("a", 6, depth=0.2), *steady("b", 6)]
    assert "reading_pace_by_habit" not in Reading(items).read([*before, *steady("c", 12)])


@pytest.mark.parametrize(("slices", "count"), [(12, 1.0), (6, 0.0), (30, 0.0)], ids=["usual", "skimmed", "slow"])
def test_items_read_to_the_end_at_a_usual_pace_are_counted(slices: int, count: float) -> None:
    items = {"a": TWO_MINUTES, "b": TWO_MINUTES}
    assert Reading(items).read([*steady("a", slices), *steady("b", 3)])["items_read"] == count


#   0 s                        60 s                     180 s              240 s
#   half of the item, on pace  | nothing new for 120 s  | the rest, on pace
def test_the_pace_of_late_says_when_a_reader_gets_stuck_and_goes_on() -> None:
    items = {"a": TWO_MINUTES}
    fluent, stuck = steady("a", 6, depth=0.5), [Slice("a", 10, 0.2, 0.5)] * 12
    onward = [Slice("a", 10, 0.125, 0.5 + 0.5 * number / 6) for number in range(1, 7)]
    assert "reading_pace_lately" not in Reading(items).read(fluent[:5])
    assert Reading(items).read(fluent)["reading_pace_lately"] == pytest.approx(1.0, rel=COARSE)
    assert Reading(items).read(fluent + stuck)["reading_pace_lately"] == 10.0
    found = Reading(items).read([*fluent, *stuck, *onward])
    # Since the mark at 180 s one minute for the last half of the item, which asks for one; all of it took twice the time.
    assert found["reading_pace_lately"] == pytest.approx(1.0, rel=COARSE)
    assert found["reading_pace"] == pytest.approx(2.0, rel=COARSE)


def test_a_restart_continues_and_nothing_is_left_after_the_session() -> None:
    items = {"a": TWO_MINUTES, "b": TWO_MINUTES, "c": TWO_MINUTES}
    slices = [*steady("a", 6), *steady("b", 6), *steady("c", 12)]
    straight = Reading(items).read(slices)
    before = Reading(items)
    before.read(slices[:15])
    after = Reading(items, before.flink)
    assert after.read(slices, begin=15) == straight
    after.clear()
    assert after.flink.left_of(KEY) == set()
