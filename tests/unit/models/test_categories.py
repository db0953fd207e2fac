"""Time by content type against numpy, and which type rose."""

import numpy as np
import pytest

from models.detectors.baselines import CLIP_Z, WARM_UP
from models.detectors.categories import MAX_CATEGORIES, CategoryBaselines, parse_engaged

STEADY = [10_000, 14_000] * (WARM_UP // 2)
"""Mean 12 s, deviation 2 s."""


def used_to(*series: tuple[str, list[int]]) -> CategoryBaselines:
    times = CategoryBaselines()
    for n in range(len(series[0][1])):
        times.score_and_update({name: values[n] for name, values in series}, n)
    return times


def test_mean_and_variance_agree_with_numpy_at_every_prefix() -> None:
    values = np.random.default_rng(3).integers(0, 60_000, 40).tolist()
    times = CategoryBaselines()
    for n, value in enumerate(values, start=1):
        times.score_and_update({"news": value}, n)
        count, mean, variance, seen = times.entries["news"]
        assert (count, seen) == (n, n)
        assert mean == pytest.approx(np.mean(values[:n]))
        assert variance == pytest.approx(np.var(values[:n]))


def test_nothing_rises_during_warm_up() -> None:
    times = CategoryBaselines()
    assert [times.score_and_update({"news": value}, n) for n, value in enumerate(STEADY)] == [None] * WARM_UP


def test_a_type_above_its_baseline_rises_by_its_distance_in_deviations() -> None:
    rise = used_to(("news", STEADY)).score_and_update({"news": 17_000}, 99)
    assert rise is not None
    assert (rise.category, rise.engaged_ms) == ("news", 17_000.0)
    assert rise.baseline_ms == pytest.approx(12_000.0)
    assert rise.z == pytest.approx(2.5)


def test_a_type_below_its_baseline_does_not_rise() -> None:
    assert used_to(("news", STEADY)).score_and_update({"news": 11_000}, 99) is None


def test_a_type_without_spread_is_not_judged() -> None:
    assert used_to(("news", [5_000] * WARM_UP)).score_and_update({"news": 50_000}, 99) is None


def test_of_several_the_one_that_rose_most_is_told() -> None:
    wide = [2_000, 22_000] * (WARM_UP // 2)  # mean 12 s, deviation 10 s
    rise = used_to(("film", wide), ("news", STEADY)).score_and_update({"film": 30_000, "news": 18_000}, 99)
    assert rise is not None
    assert rise.category == "news"
    assert rise.z == pytest.approx(3.0)


def test_a_type_missing_from_a_window_counts_as_no_time_but_not_as_seen() -> None:
    times = used_to(("news", STEADY))
    times.score_and_update({}, 99)
    count, mean, _, seen = times.entries["news"]
    assert (count, seen) == (WARM_UP + 1, WARM_UP - 1)
    # 0 s lies six deviations below: it teaches as if it stood three below, at 6 s.
    assert mean == pytest.approx(np.mean([*STEADY, 12_000 - CLIP_Z * 2_000]))


def test_scores_come_before_learning() -> None:
    times = used_to(("news", STEADY))
    first = times.score_and_update({"news": 17_000}, 99)
    second = times.score_and_update({"news": 17_000}, 100)
    assert first is not None
    assert second is not None
    assert second.baseline_ms == pytest.approx(np.mean([*STEADY, 17_000]))


def test_the_type_longest_unseen_makes_room() -> None:
    times = CategoryBaselines()
    for n in range(MAX_CATEGORIES):
        times.score_and_update({f"type-{n}": 1_000}, n)
    times.score_and_update({"type-0": 1_000}, 10)
    times.score_and_update({"new": 1_000}, 11)
    assert set(times.entries) == {"type-0", "type-2", "type-3", "type-4", "type-5", "new"}


def test_equally_old_types_go_by_name_whatever_the_order_they_came_in() -> None:
    names = [f"type-{n}" for n in range(MAX_CATEGORIES + 2)]
    forwards, backwards = CategoryBaselines(), CategoryBaselines()
    forwards.score_and_update(dict.fromkeys(names, 1_000), 1)
    backwards.score_and_update(dict.fromkeys(reversed(names), 1_000), 1)
    assert set(forwards.entries) == set(backwards.entries) == set(names[2:])


@pytest.mark.parametrize(
    ("text", "engaged"),
    [
        (None, {}),
        ("", {}),
        ("=5000", {}),
        ("a=b=700", {"a=b": 700}),
        ("news=-5", {}),
        ("news", {}),
        ("news=1,,film=2", {"news": 1, "film": 2}),
        ("x=\u00b2,y=5000", {"y": 5000}),
    ],
)
def test_engaged_time_is_read_whatever_a_type_is_called(text: str | None, engaged: dict[str, int]) -> None:
    assert parse_engaged(text) == engaged
