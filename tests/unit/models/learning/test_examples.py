"""The later range is later, sessions do not stand on both sides, copies and repeated truths are found."""

import numpy as np
import pytest

from models.learning.columns import Columns
from models.learning.copies import copied_share
from models.learning.errors import TrainingDataError
from models.learning.examples import Examples, split_by_time
from models.learning.repeated_truths import repeated_truth


def examples(rows: int = 1_000, seed: int = 1, **changes: object) -> Examples:
    random = np.random.default_rng(seed)
    given = {
        "values": {"a": random.normal(size=rows), "b": random.choice(np.array(["x", "y"], dtype=object), rows)},
        "truth": random.normal(size=rows),
        "source": "test",
    }
    return Examples(**(given | changes))  # type: ignore[arg-type]


def test_the_last_fifth_by_time_is_later_whatever_the_order_of_the_file() -> None:
    at_ms = np.random.default_rng(2).permutation(1_000).astype(np.int64)
    split = split_by_time(examples(at_ms=at_ms))
    #  0 ......... 639 | 640 ....... 799 | 800 ...... 999
    #  training          calibration       later
    for part, first, last in ((split.train, 0, 639), (split.calibration, 640, 799), (split.later, 800, 999)):
        assert part.at_ms is not None
        assert part.at_ms.tolist() == list(range(first, last + 1))


def test_without_times_the_order_of_the_file_counts() -> None:
    given = examples()
    split = split_by_time(given)
    assert split.later.truth.tolist() == given.truth[800:].tolist()
    assert split.train.truth.tolist() == given.truth[:640].tolist()


def test_rows_of_one_instant_stay_together() -> None:
    split = split_by_time(examples(at_ms=np.repeat(np.arange(10, dtype=np.int64), 100)))
    assert split.later.at_ms is not None
    assert set(split.later.at_ms.tolist()) == {8, 9}
    assert split.calibration.at_ms is not None
    assert set(split.calibration.at_ms.tolist()) == {6, 7}


def test_a_session_that_began_earlier_is_left_out_of_the_later_range() -> None:
    sessions = np.array([f"s{place // 3}" for place in range(1_000)], dtype=object)
    split = split_by_time(examples(sessions=sessions))
    # Row 800 is the third of s266, and row 640 the second of s213.
    assert split.dropped == 1 + 2
    assert split.later.sessions is not None
    assert split.later.sessions[0] == "s267"
    assert split.train.sessions is not None
    assert split.calibration.sessions is not None
    assert not set(split.train.sessions) & set(split.calibration.sessions)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (examples(rows=199), "199 rows with truth; a model needs 200"),
        (examples(at_ms=np.zeros(1_000, dtype=np.int64)), "most rows have the same time"),
        (examples(sessions=np.array(["one"] * 1_000, dtype=object)), "no session begins in the later range"),
    ],
)
def test_what_cannot_be_split_is_refused(given: Examples, says: str) -> None:
    with pytest.raises(TrainingDataError, match=says):
        split_by_time(given)


COLUMNS = Columns(("a", "b"), {"b": ("x", "y")})


def test_rows_repeated_before_a_split_are_copies() -> None:
    given = examples()
    mixed = given.take(np.random.default_rng(3).integers(0, 1_000, 3_000))
    split = split_by_time(mixed)
    # A row of the later range has some copy among 1,920 draws of 1,000 with probability 1 - exp(-1.92).
    assert copied_share(COLUMNS, split.train, split.later) == pytest.approx(0.853, abs=0.05)


def test_rows_drawn_once_are_no_copies() -> None:
    split = split_by_time(examples())
    assert copied_share(COLUMNS, split.train, split.later) == 0.0


def test_few_combinations_with_differing_truths_are_chance() -> None:
    random = np.random.default_rng(4)
    values = {
        "a": random.integers(0, 3, 1_000).astype(float),
        "b": random.choice(np.array(["x", "y"], dtype=object), 1_000),
    }
    split = split_by_time(examples(values=values, truth=random.choice(np.array(["u", "v"], dtype=object), 1_000)))
    assert copied_share(COLUMNS, split.train, split.later) == 0.0


def test_an_input_that_repeats_the_truth_is_named() -> None:
    given = examples()
    assert repeated_truth(COLUMNS, given) is None
    same = examples(values={**given.values, "a": 3.0 * given.truth + 1.0}, truth=given.truth)
    assert repeated_truth(COLUMNS, same) == "a"
    labels = np.where(given.values["b"] == "x", "formal", "friendly").astype(object)
    assert repeated_truth(COLUMNS, examples(truth=labels)) == "b"


def test_a_truth_in_another_guise_is_named_whatever_the_guise() -> None:
    given = examples()
    steep = examples(values={**given.values, "a": np.exp(3.0 * given.truth)}, truth=given.truth)
    assert repeated_truth(COLUMNS, steep) == "a", "ranks alone tell"
    labels = np.where(given.values["b"] == "x", "formal", "friendly").astype(object)
    some = np.array(given.values["b"], dtype=object)
    some[::7] = None
    assert repeated_truth(COLUMNS, examples(values={**given.values, "b": some}, truth=labels)) == "b"
    number = np.where(labels == "formal", 2.0, 1.0)
    other = examples(seed=9).values["b"]
    assert repeated_truth(COLUMNS, examples(values={"a": number, "b": other}, truth=labels)) == "a"


def test_a_few_rows_that_agree_by_chance_repeat_nothing() -> None:
    given = examples()
    labels = np.where(given.values["b"] == "x", "formal", "friendly").astype(object)
    rare = np.array([None] * len(labels), dtype=object)
    rare[:8] = given.values["b"][:8]
    assert repeated_truth(COLUMNS, examples(values={**given.values, "b": rare}, truth=labels)) is None


def test_ranges_of_hardly_any_session_are_refused() -> None:
    # All but the last row belong to sessions that began in the training range: of one row the interval is a point.
    sessions = np.array([f"s{place % 800}" for place in range(1_000)], dtype=object)
    sessions[999] = "new"
    with pytest.raises(TrainingDataError, match="1 sessions in the later range, 20 are needed"):
        split_by_time(examples(sessions=sessions))
    early = np.concatenate((np.arange(90, dtype=np.int64), np.full(910, 100, dtype=np.int64)))
    with pytest.raises(TrainingDataError, match="72 rows in the training range, 100 are needed"):
        split_by_time(examples(at_ms=early))
