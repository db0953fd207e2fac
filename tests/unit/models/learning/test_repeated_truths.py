"""An input that is the truth in another guise is named, with some wrong cells, too; an honest strong one is not."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from models.learning.columns import Columns, levels_of
from models.learning.examples import Examples
from models.learning.repeated_truths import WRONG_SHARE, repeated_truth

ROWS = 4_000
WRONG = int(WRONG_SHARE * ROWS * 0.6)


def named(values: NDArray[Any], truth: NDArray[Any]) -> bool:
    categories = {"a": levels_of(values.tolist())} if values.dtype == object else {}
    return repeated_truth(Columns(("a",), categories), Examples({"a": values}, truth, "test")) == "a"


def lengths(seed: int = 1) -> NDArray[Any]:
    return np.round(np.random.default_rng(seed).normal(500.0, 120.0, ROWS), -1)


def labels(shares: tuple[float, ...] = (0.4, 0.35, 0.25), seed: int = 1) -> NDArray[Any]:
    names = np.array(["friendly", "formal", "playful"][: len(shares)], dtype=object)
    found: NDArray[Any] = np.random.default_rng(seed).choice(names, ROWS, p=shares)
    return found


@pytest.mark.parametrize(
    "guise",
    [lambda each: each, lambda each: -2.0 * each, lambda each: np.exp2(each / 20), lambda each: np.log(each + 400)],
)
@pytest.mark.parametrize("wrong", [0, 1, WRONG])
def test_a_number_with_some_wrong_cells_is_named(guise: Callable[[Any], Any], wrong: int) -> None:
    truth = lengths()
    values = guise(truth / 1.0)
    values[:wrong] = np.random.default_rng(2).uniform(0.0, 99_999.0, wrong)
    assert named(values, truth)
    values[1_000:2_000] = np.nan
    assert named(values, truth)


@pytest.mark.parametrize("shares", [(0.4, 0.35, 0.25), (0.5, 0.5), (0.97, 0.03)])
@pytest.mark.parametrize("wrong", [0, 1, 8])
def test_a_text_for_each_label_with_some_wrong_cells_is_named(shares: tuple[float, ...], wrong: int) -> None:
    truth = labels(shares)
    values = np.array([each[:2].upper() for each in truth], dtype=object)
    other = labels(shares, seed=3)
    values[:wrong] = [each[:2].upper() for each in other[:wrong]]
    assert named(values, truth)
    codes = np.unique(values.astype(str), return_inverse=True)[1].astype(np.float64)
    assert named(codes, truth)
    # Junk that stands nowhere else gives pairs of its own.
    values[:30] = [f"junk {place}" for place in range(30)]
    assert named(values, truth) is (len(shares) == 3 or shares[0] == 0.5)


def test_a_text_for_each_length_is_named() -> None:
    truth = np.round(lengths(), -2)
    values = np.array([f"{each:g} words" for each in truth], dtype=object)
    values[5] = "99999 words"
    assert named(values, truth)


def test_a_number_for_each_length_in_any_order_is_named() -> None:
    truth = np.random.default_rng(5).choice([300.0, 600.0, 900.0], ROWS)
    values = np.select([truth == 300.0, truth == 600.0], [3.0, 1.0], 2.0)
    values[:WRONG] = 1.0
    assert named(values, truth)


def test_honest_strong_inputs_are_not_named() -> None:
    random = np.random.default_rng(4)
    truth = random.normal(500.0, 120.0, ROWS)
    assert not named(truth + random.normal(0.0, 6.0, ROWS), truth), "correlation .9988"
    tones = labels()
    mostly = np.where(random.random(ROWS) < 0.97, tones, labels(seed=5))
    assert not named(mostly, tones), "98 % agree"


def test_what_nearly_all_rows_share_is_no_agreement() -> None:
    rare, other = labels((0.995, 0.005), 6), labels((0.995, 0.005), 7)
    assert not named(other, rare), "99 % agree by chance"
    random = np.random.default_rng(8)
    sparse, nearly_constant = ((random.random(ROWS) < 0.004).astype(float) for _ in range(2))
    sparse[0] = nearly_constant[0] = 1.0
    assert not named(sparse, 400.0 + 100.0 * nearly_constant)


def test_ids_and_single_rows_repeat_nothing() -> None:
    ids = np.array([f"reader {place}" for place in range(ROWS)], dtype=object)
    assert not named(ids, np.random.default_rng(9).normal(size=ROWS))
    assert not named(np.arange(float(ROWS)), labels())
