"""What is remembered of a content item, and what rules can ask of it, against numbers worked by hand."""

from typing import NamedTuple

import numpy as np
import pytest

from infra.simulate.worlds.items import ItemWorld, constantly, item_windows
from models.features import CONTENT_NAMES
from models.judgement.content_readings import ContentReadings
from models.judgement.judged_content import MAX_LEAVERS, JudgedContent
from tests.support.builders import at

NAN = float("nan")


class Window(NamedTuple):
    end_ms: int
    first_ms: int
    new_exits: int
    new_rapid_exits: int
    reader_slices: int
    leavers: tuple[int, ...]
    values: list[float]


def window(
    end_s: int, exits: int, rapid: int, readers: int = 10, per_slice: tuple[int, int] | None = None, **features: float
) -> Window:
    """A minute in which as many left as `exits` says, and in its newest slice a sixth of them, or `per_slice`."""
    new, new_rapid = per_slice or (exits // 6, rapid // 6)
    values = dict.fromkeys(CONTENT_NAMES, 0.0) | {
        "exits": float(exits),
        "rapid_exits": float(rapid),
        "rapid_exit_share": rapid / exits if exits else NAN,
        "engaged_ms": 30_000.0 * readers,
        "readers": float(readers),
    }
    row = [(values | features)[name] for name in CONTENT_NAMES]
    return Window(at(end_s), at(max(end_s - 60, 0)), new, new_rapid, 6 * readers, (), row)


def judged(minutes: int, exits: int = 30, rapid: int = 6, readers: int = 10) -> tuple[JudgedContent, Window]:
    content = JudgedContent()
    last = window(60, exits, rapid, readers)
    for end_s in range(60, 60 * minutes + 1, 10):
        last = window(end_s, exits, rapid, readers)
        content.on_window(last)
    return content, last


def test_nothing_is_said_of_an_item_that_has_shown_little() -> None:
    content, last = judged(2)
    readings = ContentReadings(content, last.values)
    for ask in (readings.baseline, readings.change, readings.z):
        assert ask("rapid_exit_share", "self") is None
    assert readings.nats("rapid_exit_share", "up") is None
    assert readings.rank("exits") is None


def test_the_baseline_of_a_sum_is_by_exposure() -> None:
    """A fifth leaves within seconds: of thirty exits six, of sixty twelve."""
    content, _ = judged(20)
    content.on_window(double := window(1_210, 60, 12, 20))
    readings = ContentReadings(content, double.values)
    assert readings.baseline("rapid_exit_share", "self") == pytest.approx(0.2, abs=0.005)
    assert readings.baseline("rapid_exits", "self") == pytest.approx(12.0, abs=0.3)
    # Half of a unit a minute has taught for 18 minutes, so that the shipped mean still weighs a fifteenth.
    assert readings.baseline("exits", "self") == pytest.approx(60.0 - 50.0 / 15, abs=1.0)
    assert readings.change("rapid_exits", "self") == pytest.approx(0.0, abs=0.05)
    z = readings.z("rapid_exits", "self")
    assert z is not None
    assert abs(z) < 0.3


def test_more_that_leave_at_once_are_a_change_and_evidence() -> None:
    content, _ = judged(20)
    for n in range(1, 4):
        content.on_window(last := window(1_200 + 10 * n, 30, 12, per_slice=(5, 3)))
    readings = ContentReadings(content, last.values)
    # The minute under way and the one before: 3 slices of 3 of 5, and 6 of 1 of 5.
    assert readings.change("rapid_exit_share", "self") == pytest.approx((15 / 45 - 0.2) / 0.2, rel=0.03)
    found = readings.nats("rapid_exit_share", "up")
    assert found is not None
    assert found >= 4.0
    readings.use_up("rapid_exits", "up")
    assert readings.nats("rapid_exit_share", "up") == 0.0
    assert readings.nats("exits", "up") is not None
    assert readings.nats("depth", "up") is None


def test_of_those_who_left_at_once_the_last_are_known_again() -> None:
    counted = []
    for stranger in (MAX_LEAVERS - 1, MAX_LEAVERS):
        content = JudgedContent()
        for n in range(stranger + 1):
            content.on_window(window(60 + 10 * n, 1, 1, per_slice=(1, 1))._replace(leavers=(n,)))
        before = content.habits["exits"].present_ms + content.habits["exits"].previous_ms
        content.on_window(window(90 + 10 * stranger, 1, 1, per_slice=(1, 1))._replace(leavers=(0,)))
        counted.append(content.habits["exits"].present_ms + content.habits["exits"].previous_ms - before)
    assert counted == [0, 3_000]


def test_text_restores_an_item_exactly() -> None:
    world = ItemWorld("some", constantly(40), constantly(0.3), slices=120)
    whole, parts = JudgedContent(), JudgedContent()
    for each in item_windows(world, np.random.default_rng(77), "item", at(0)):
        whole.on_window(each)
        parts.on_window(each)
        parts = JudgedContent.from_text(parts.to_text())
    assert parts.to_text() == whole.to_text()
    assert len(whole.to_text()) < 1_024
    assert "\n" not in whole.to_text()


def test_text_restores_an_item_with_a_hundred_thousand_readers_exactly() -> None:
    """A minute of theirs is more engaged time, in ms, than fits into four bytes; so is the exposure of two million."""
    for readers in (100_000, 2_000_000):
        whole, parts = JudgedContent(), JudgedContent()
        for n in range(40):
            last = window(60 + 10 * n, 3_000, 600, readers)
            whole.on_window(last)
            parts.on_window(last)
            parts = JudgedContent.from_text(parts.to_text())
        assert parts.to_text() == whole.to_text()
        baseline = ContentReadings(whole, last.values).baseline("engaged_ms", "self")
        assert baseline == pytest.approx(30_000.0 * readers, rel=0.01)
