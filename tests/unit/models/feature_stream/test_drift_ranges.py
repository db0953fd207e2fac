"""Ranges of sessions are compared with the right reference, be it given, formed or renewed."""

import msgspec
import numpy as np
import pytest

from models.feature_stream.drift_ranges import DriftRanges
from schemas.features import FeatureRow
from tests.support.feature_rows import row, visits


def test_a_score_that_is_not_given_any_more_is_no_fault_of_a_sender() -> None:
    ranges = DriftRanges(reference_rows=100, range_rows=100)

    def ended(scores: dict[str, float | None]) -> FeatureRow:
        return FeatureRow("s", 0, "session_end", {"clicks": 1.0}, {}, None, scores, None)

    for number in range(200):
        assert ranges.add(ended({"shadow_length": 400.0} if number < 100 else {})) == []
    assert (ranges.looks, ranges.unknown) == (1, [])


def ended_with(scores: dict[str, float], rows: int, seed: int) -> list[FeatureRow]:
    """Ended sessions as the job logs them, with scores about these."""
    generator = np.random.default_rng([523, seed])
    found = []
    for _ in range(rows):
        given: dict[str, float | None] = {
            name: value * float(generator.normal(1.0, 0.01)) for name, value in scores.items()
        }
        features: dict[str, float | None] = {"clicks": float(generator.poisson(5.0))}
        found.append(FeatureRow("s", 0, "session_end", features, {}, None, given, None))
    return found


def test_scores_of_a_training_range_are_no_reference_and_those_that_follow_are() -> None:
    ranges = DriftRanges(reference_rows=300, range_rows=100)

    def drifts(scores: dict[str, float], rows: int) -> list[str]:
        return [found.subject for each in ended_with(scores, rows, ranges.looks) for found in ranges.add(each)]

    ranges.set_reference(ended_with({"length": 400.0, "anomaly": 0.4}, 300, 100))
    assert drifts({"length": 500.0, "anomaly": 0.6}, 300) == []
    assert drifts({"length": 500.0, "anomaly": 0.6}, 200) == []
    assert drifts({"length": 500.0, "anomaly": 0.9}, 100) == ["score anomaly"]
    # A model that comes into force later gets a reference of its own.
    assert drifts({"length": 500.0, "anomaly": 0.6, "tone_formal": 0.5}, 400) == []
    assert drifts({"length": 500.0, "anomaly": 0.6, "tone_formal": 0.2}, 100) == ["score tone_formal"]


def test_scores_of_sessions_that_the_version_before_has_scored_are_no_reference() -> None:
    ranges = DriftRanges(reference_rows=300, range_rows=100)

    def drifts(score: float, rows: int, at_ms: int) -> list[str]:
        given = [
            msgspec.structs.replace(each, window_end_ms=at_ms) for each in ended_with({"length": score}, rows, at_ms)
        ]
        return [found.subject for each in given for found in ranges.add(each)]

    ranges.set_reference(ended_with({}, 300, 100))
    assert drifts(400.0, 100, 7_000_000) == []
    ranges.set_reference(ended_with({}, 300, 101))
    assert drifts(400.0, 300, 7_000_000 + 1_800_000) == []
    assert drifts(500.0, 200, 7_000_000 + 3_600_000) == []
    assert drifts(500.0, 100, 11_000_000) == []
    assert drifts(400.0, 100, 12_000_000) == ["score length"]


def test_scores_of_readers_who_have_drifted_are_no_reference() -> None:
    ranges = DriftRanges(reference_rows=100, range_rows=100)
    ranges.set_reference(ended_with({}, 200, 200))
    drifted = ended_with({"length": 400.0}, 200, 201)
    for each in drifted:
        each.features["clicks"] = 50.0
    assert {found.subject for each in drifted for found in ranges.add(each)} == {"clicks"}
    calm = [*ended_with({"length": 300.0}, 100, 202), *ended_with({"length": 300.0}, 100, 203)]
    assert [found for each in calm for found in ranges.add(each)] == []
    assert [found.subject for each in ended_with({"length": 400.0}, 100, 204) for found in ranges.add(each)] == [
        "score length"
    ]


def test_a_reference_of_before_a_drift_that_waits_does_not_end_it() -> None:
    def ends_from(seed: int, scale: float, count: int) -> list[FeatureRow]:
        generator = np.random.default_rng([524, seed])
        return [row("s", 0, float(generator.gamma(8.0, scale)), "session_end") for _ in range(count)]

    ranges = DriftRanges(reference_rows=300, range_rows=100)
    ranges.set_reference(ends_from(0, 1_000.0, 300))
    found = [each for ended in ends_from(1, 1_000.0, 20) for each in ranges.add(ended)]
    ranges.set_reference(ends_from(2, 1_000.0, 300))
    found += [each for ended in ends_from(3, 2_000.0, 80) for each in ranges.add(ended)]
    assert [each.subject for each in found] == ["engaged_ms"]
    ranges.renew_reference()
    assert [each for ended in ends_from(4, 2_000.0, 600) for each in ranges.add(ended)] == []


def test_after_a_retraining_the_new_habits_are_the_reference() -> None:
    ranges = DriftRanges(reference_rows=100, range_rows=100)
    generator = np.random.default_rng(505)

    def look(scale: float) -> list[str]:
        found = []
        for _ in range(100):
            found += ranges.add(row("s", 0, float(generator.gamma(8.0, scale)), "session_end"))
        return [each.subject for each in found]

    assert look(1_000.0) == []
    assert look(2_000.0) == ["engaged_ms"]
    ranges.renew_reference()
    assert [look(2_000.0), look(2_000.0), look(1_000.0)] == [[], [], ["engaged_ms"]]


@pytest.mark.parametrize("has_card", [True, False])
@pytest.mark.parametrize("a_day", [150, 900])
def test_on_a_small_site_drift_is_found_though_models_are_trained_each_day(a_day: int, has_card: bool) -> None:
    ranges, generator = DriftRanges(), np.random.default_rng(535)
    found: list[tuple[int, str]] = []
    for day in range(20):
        scale = 5_000.0 if day >= 12 else 1_000.0
        rows = [row("s", 0, float(generator.gamma(8.0, scale)), "session_end") for _ in range(a_day)]
        found += [(day, each.subject) for ended in rows for each in ranges.add(ended)]
        if has_card:
            ranges.set_reference(rows)
        else:
            ranges.renew_reference()

    assert ranges.looks >= 5
    assert found[0][0] in (12, 13)
    assert all(day < 16 for day, _ in found) or not has_card


def test_an_odd_hour_of_the_site_is_no_drift_of_its_readers() -> None:
    ends = [each for each in visits(seed=503, sessions=450)[0] if each.kind == "session_end"]
    reference, current = ends[:200], ends[200:400]
    odd = [
        msgspec.structs.replace(each, features=each.features | {"site_oddness": 0.5 + 0.001 * place})
        for place, each in enumerate(current)
    ]
    ranges = DriftRanges(range_rows=200)
    ranges.set_reference(
        [msgspec.structs.replace(each, features=each.features | {"site_oddness": 0.2}) for each in reference]
    )
    assert [found for each in odd for found in ranges.add(each)] == []
    assert ranges.looks == 1


def test_a_given_reference_serves_at_once_and_scores_count() -> None:
    ranges = DriftRanges(range_rows=100)
    generator = np.random.default_rng(506)

    def ended(score: float | None) -> FeatureRow:
        return FeatureRow("s", 0, "session_end", {"clicks": 1.0}, {}, None, {"isolation_forest": score}, None)

    ranges.set_reference([ended(None) for _ in range(500)])
    usual = [each for _ in range(1_000) for each in ranges.add(ended(float(generator.normal(0.45, 0.05))))]
    assert usual == []
    unknown = [each for _ in range(100) for each in ranges.add(ended(None))]
    found = [each for _ in range(100) for each in ranges.add(ended(float(generator.normal(0.6, 0.05))))]

    assert unknown == []
    assert [each.subject for each in found] == ["score isolation_forest"]
    assert ranges.readers_since_ms is None, "the forest may have been trained anew"


def test_a_training_range_of_which_nothing_is_kept_is_no_reference_and_another_is_formed() -> None:
    generator = np.random.default_rng(511)
    ranges = DriftRanges(reference_rows=100, range_rows=100)
    kept = [row("s", 0, 1_000.0, "session_end") for _ in range(29)]
    assert not ranges.set_reference([])
    assert not ranges.set_reference([*kept, row("s", 0, 1_000.0)])

    def look(scale: float) -> list[str]:
        ended = (row("s", 0, float(generator.gamma(8.0, scale)), "session_end") for _ in range(100))
        return [found.subject for each in ended for found in ranges.add(each)]

    assert [look(1_000.0), look(2_000.0)] == [[], ["engaged_ms"]]
