"""Shadow beside live: each reader counts once, unknown is None, and errors are of what was predicted before it was told."""

import statistics
from random import Random

import pytest

from models.predictions.side_by_side import MIN_READERS, SideBySide, side_by_side
from models.predictions.targets import MAX_AGE_MS
from schemas.features import FeatureRow
from schemas.outcomes import Outcome


def row(
    reader: int, at_ms: int, live: float | None, shadow: float | None, versions: tuple[int | None, int] = (1, 2)
) -> FeatureRow:
    scores = {"length": live, "shadow_length": shadow, "length_half_width": 50.0}
    models = {"shadow_length": versions[1]} | ({} if versions[0] is None else {"length": versions[0]})
    return FeatureRow(f"s{reader}", at_ms, "window", {}, {}, None, scores, None, models)


def told(reader: int, at_ms: int, words: float | None, metric: str = "preferred_content_length") -> Outcome:
    return Outcome(None, f"s{reader}", None, at_ms, metric, words)


def compared(rows: list[FeatureRow], outcomes: list[Outcome], kind: str = "length") -> SideBySide:
    found = side_by_side(kind, sorted(rows, key=lambda each: each.window_end_ms), outcomes)
    assert found is not None
    return found


def test_without_a_shadow_there_is_nothing_to_compare() -> None:
    plain = FeatureRow("s", 1, "window", {}, {}, None, {"length": 300.0}, None, {"length": 1})
    assert side_by_side("length", [plain], []) is None
    assert side_by_side("tone", [row(1, 1, 300.0, 400.0)], []) is None


def test_each_reader_counts_once_by_the_newest_window() -> None:
    rows = [row(reader, minute, 300.0, 900.0) for reader in range(40) for minute in range(5)]
    rows += [row(reader, 9, 300.0, 349.0 if reader < 30 else 350.0) for reader in range(40)]
    found = compared(rows, [])
    assert (found.readers, found.windows, found.since_ms, found.until_ms) == (40, 240, 0, 9)
    assert found.agreement is not None
    assert found.agreement.value == 0.75
    assert found.difference is not None
    assert found.difference.value == pytest.approx((30 * 49.0 + 10 * 50.0) / 40)


def test_means_have_the_interval_of_the_normal_distribution() -> None:
    random = Random(3)
    shadows = [random.gauss(400.0, 60.0) for _ in range(80)]
    found = compared([row(n, n, 0.0, value) for n, value in enumerate(shadows)], []).difference
    assert found is not None
    assert found.value == pytest.approx(statistics.fmean(shadows))
    half = 1.959964 * statistics.stdev(shadows) / 80**0.5
    assert (found.low, found.high) == pytest.approx((found.value - half, found.value + half))


def test_of_too_few_readers_nothing_is_told() -> None:
    rows = [row(reader, 1, 300.0, 400.0) for reader in range(MIN_READERS - 1)]
    found = compared(rows, [told(reader, 2, 400.0) for reader in range(MIN_READERS - 1)])
    assert (found.readers, found.told) == (MIN_READERS - 1, MIN_READERS - 1)
    assert (found.agreement, found.difference, found.live_error, found.advantage) == (None, None, None, None)


def test_errors_are_of_the_window_before_it_was_told_and_not_of_an_old_one() -> None:
    rows = [row(reader, 1_000, 500.0, 410.0) for reader in range(40)]
    # Afterwards both know better: that is no merit.
    rows += [row(reader, 3_000, 400.0, 400.0) for reader in range(40)]
    late = told(99, MAX_AGE_MS + 1_001, 400.0)
    rows.append(row(99, 1_000, 0.0, 0.0))
    found = compared(rows, [*[told(reader, 2_000, 400.0) for reader in range(40)], late, told(7, 500, 1.0)])
    assert found.told == 40
    values = [each and each.value for each in (found.live_error, found.shadow_error, found.advantage)]
    assert values == [100.0, 10.0, 90.0]


def test_only_the_newest_pair_of_versions_is_compared() -> None:
    rows = [row(reader, 1, 300.0, 900.0, (1, 2)) for reader in range(40)]
    rows += [row(reader, 2, 300.0, 300.0, (1, 3)) for reader in range(35)]
    found = compared(rows, [])
    assert (found.live, found.shadow, found.readers) == (1, 3, 35)
    assert found.agreement is not None
    assert found.agreement.value == 1.0


def test_a_window_that_one_of_them_did_not_score_is_no_pair() -> None:
    found = compared([row(1, 1, None, 400.0), row(2, 2, 300.0, None), row(3, 3, None, 1.0, (None, 2))], [])
    assert (found.live, found.readers, found.windows, found.agreement) == (None, 0, 0, None)


def test_tones_are_compared_by_the_most_probable_one() -> None:
    def tones(reader: int, live: float, shadow: float) -> FeatureRow:
        scores: dict[str, float | None] = {
            "tone_friendly": live, "tone_formal": 1.0 - live,
            "shadow_tone_friendly": shadow, "shadow_tone_formal": 1.0 - shadow,
        }  # fmt: skip
        models = {"tone": 4, "shadow_tone": 5}
        return FeatureRow(f"s{reader}", reader, "window", {}, {}, None, scores, None, models)

    rows = [tones(reader, 0.9, 0.8 if reader < 30 else 0.2) for reader in range(40)]
    denied = [told(reader, 60, 0.0, "preferred_tone.friendly") for reader in range(40)]
    outcomes = denied + [told(reader, 50, None, "preferred_tone.formal") for reader in range(40)]
    found = compared(rows, [*outcomes, told(1, 60, 5.0)], "tone")
    assert found.agreement is not None
    assert found.agreement.value == 0.75
    assert found.difference is None
    values = [each and each.value for each in (found.live_error, found.shadow_error, found.advantage)]
    assert values == [1.0, 0.75, 0.25]
