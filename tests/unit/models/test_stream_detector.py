"""The streaming detector: what it finds, what it leaves alone, and that it goes on alike after a restore."""

from collections.abc import Sequence
from math import pi, sin

import numpy as np
import pytest

from models.judgement.stream_detector import MEMORY, MIN_DEVIATIONS, SIGNALS, WARM_UP, StreamDetector

NAN = float("nan")
STEP_MS = 300_000
DAY = 288
"""Values of a day, one every five minutes."""


def run(values: Sequence[float], detector: StreamDetector | None = None, first: int = 0) -> list[float | None]:
    detector = detector or StreamDetector()
    return [detector.score(value, STEP_MS * place) for place, value in enumerate(values, start=first)]


def calm(length: int, seed: int = 1) -> list[float]:
    return [float(value) for value in np.random.default_rng(seed).normal(20.0, 1.0, length)]


def days(number: int) -> list[float]:
    """Busy at noon, quiet at night."""
    noise = np.random.default_rng(2).normal(0.0, 0.5, number * DAY)
    return [10.0 + 8.0 * sin(2.0 * pi * place / DAY) + float(noise[place]) for place in range(number * DAY)]


def peak(scores: Sequence[float | None]) -> float:
    return max(score for score in scores if score is not None)


def test_the_first_score_by_hand() -> None:
    # 26 zeros and 25 twos: mean 50/51. The value of 11 lies d off; its weight is 1, its evidence is compared with 4.
    detector = StreamDetector()
    values = [0.0, 2.0] * 25 + [0.0]
    assert run(values[:WARM_UP], detector) == [None] * WARM_UP
    run(values[WARM_UP:], detector, WARM_UP)
    detector.score(11.0, 0)
    mean, deviation = float(np.mean(values)), float(np.std(values))
    evidence = (11.0 - mean) / deviation
    assert detector.scores[SIGNALS.index("value")] == pytest.approx(evidence / (evidence + MIN_DEVIATIONS), rel=2e-3)


@pytest.mark.parametrize("leap", [12.0, -12.0])
def test_a_leap_scores_higher_than_all_before(leap: float) -> None:
    scores = run([*calm(600), 20.0 + leap])
    assert scores[-1] is not None
    assert scores[-1] > peak(scores[:-1]) + 0.1


def test_a_lasting_shift_is_found_by_a_mean() -> None:
    detector = StreamDetector()
    before = peak(run(calm(800), detector))
    after = run([value + 3.0 for value in calm(60, seed=3)], detector, 800)
    assert peak(after) > before
    assert max(detector.scores[SIGNALS.index(name)] or 0.0 for name in ("short_mean", "long_mean")) > 0.5


def test_a_standstill_is_found_though_every_value_is_ordinary() -> None:
    detector = StreamDetector()
    run(calm(800), detector)
    odd = {name: 0.0 for name in SIGNALS}
    for place in range(800, 900):
        detector.score(20.0, STEP_MS * place)
        for name, score in zip(SIGNALS, detector.scores, strict=True):
            odd[name] = max(odd[name], score or 0.0)
    assert max(odd, key=odd.__getitem__) in ("short_restlessness", "long_restlessness")
    assert odd["short_restlessness"] > 0.5
    assert odd["value"] < 0.2


def test_noon_at_midnight_is_found_by_the_hour() -> None:
    values = days(8)
    detector = StreamDetector()
    run(values, detector)
    noon, midnight = DAY // 4, 8 * DAY + 3 * DAY // 4
    detector.score(values[noon], STEP_MS * midnight)
    odd = detector.scores[SIGNALS.index("hour")]
    assert odd is not None
    assert odd > 0.5
    assert (detector.scores[SIGNALS.index("value")] or 0.0) < 0.5


def test_the_same_oddity_soon_after_counts_less_and_after_a_long_while_again() -> None:
    detector = StreamDetector()
    first = run([*calm(500), 40.0], detector)[-1]
    soon = run([*calm(50), 40.0], detector, 501)[-1]
    late = run([*calm(4 * MEMORY), 40.0], detector, 552)[-1]
    assert first is not None
    assert soon is not None
    assert late is not None
    assert soon < first - 0.2
    assert late > soon + 0.1


def test_a_calm_stream_seldom_scores_high() -> None:
    scores = [score for score in run(calm(2000)) if score is not None]
    assert len(scores) == 2000 - WARM_UP
    assert sum(score > 0.5 for score in scores[750:]) <= 3


def test_a_constant_stream_and_its_first_change_give_no_score() -> None:
    assert run([5.0] * 100 + [9.0]) == [None] * 101


def test_an_unknown_value_gives_no_score_and_teaches_nothing() -> None:
    with_gap, without = StreamDetector(), StreamDetector()
    run(calm(100), with_gap)
    run(calm(100), without)
    assert with_gap.score(NAN, 0) is None
    assert with_gap.strongest() is None
    assert with_gap.to_text() == without.to_text()


@pytest.mark.parametrize("unit", [2.0**-20, 2.0**20])
def test_the_unit_does_not_matter(unit: float) -> None:
    values = [*calm(300), 35.0, *calm(50, seed=4)]
    assert run([value * unit for value in values]) == run(values)


def test_scores_lie_between_0_and_1() -> None:
    scores = run([*calm(100), 1e15, -1e15, 0.0, 1e-300, *calm(10)])
    assert all(0.0 <= score <= 1.0 for score in scores if score is not None)


@pytest.mark.parametrize("cut", [1, 40, 700])
def test_a_restored_detector_goes_on_exactly_alike(cut: int) -> None:
    values = [*days(3), 50.0, *calm(200)]
    detector = StreamDetector()
    run(values[:cut], detector)
    restored = StreamDetector.from_text(detector.to_text())
    assert run(values[cut:], restored, cut) == run(values[cut:], detector, cut)
    assert restored.to_text() == detector.to_text()


def test_text_in_state_stays_small() -> None:
    detector = StreamDetector()
    run(days(1), detector)
    assert len(detector.to_text()) < 1024
