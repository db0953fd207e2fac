"""The watch for silent models: compared with their own earlier share, and calm while that share only varies."""

import numpy as np
import pytest

from models.drift.answered_share import AnswerWatch


def test_a_model_that_goes_silent_is_found_and_others_are_not() -> None:
    watch = AnswerWatch()
    assert [watch.judge({"length": 190, "tone": 40}, 200) for _ in range(3)] == [[], [], []]

    (finding,) = watch.judge({"tone": 38}, 200)

    assert (finding.model, finding.share, finding.rows) == ("length", 0.0, 200)
    assert finding.usual_share == pytest.approx(0.95)


def test_silence_is_not_taken_for_usual_and_an_end_of_it_is_seen() -> None:
    watch = AnswerWatch()
    watch.judge({"length": 190}, 200)
    assert [len(watch.judge({}, 200)) for _ in range(20)] == [1] * 20
    assert watch.judge({"length": 190}, 200) == []


def test_a_slow_fall_is_found_too() -> None:
    watch = AnswerWatch()
    found = [watch.judge({"length": count}, 200) for count in range(190, 0, -10)]
    assert found[0] == []
    assert found[-1]
    assert found[-1][0].usual_share == pytest.approx(0.95)


def test_a_model_that_comes_later_is_not_silent_before_and_one_that_never_answers_never_is() -> None:
    watch = AnswerWatch()
    assert [watch.judge({}, 200) for _ in range(3)] == [[], [], []]
    assert watch.judge({"tone": 180}, 200) == []
    assert [each.model for each in watch.judge({"tone": 10}, 200)] == ["tone"]


@pytest.mark.parametrize("rows", [40, 200])
@pytest.mark.parametrize("share", [0.02, 0.2, 0.5, 0.95])
def test_shares_that_vary_by_chance_raise_no_alarm(share: float, rows: int) -> None:
    generator = np.random.default_rng(896)
    watch = AnswerWatch()
    assert [
        each for _ in range(500) for each in watch.judge({"length": int(generator.binomial(rows, share))}, rows)
    ] == []
