"""The reservoir: order, capacity, restoring, and its preference for recent rows."""

import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.reservoir import MAX_PER_SESSION, Reservoir, session_of
from tests.support.builders import at

HALF_LIFE_MS = 3_600_000.0
Named = tuple[str, int, tuple[float, ...]]


def window(n: int, at_ms: int) -> Named:
    return f"session-{n}", at_ms, (float(n), 0.5)


def filled(rows: list[Named], capacity: int) -> Reservoir:
    reservoir = Reservoir(HALF_LIFE_MS, capacity)
    for row in rows:
        reservoir.add(*row)
    return reservoir


@given(st.lists(st.integers(0, 7_200), max_size=60, unique=True), st.integers(1, 20), st.randoms())
def test_any_order_gives_the_same_sample(seconds: list[int], capacity: int, random: Random) -> None:
    rows = [window(n, at(second)) for n, second in enumerate(seconds)]
    shuffled = rows[:]
    random.shuffle(shuffled)
    one, other = filled(rows, capacity), filled(shuffled, capacity)
    assert one.rows() == other.rows()
    assert one.items() == other.items()
    assert len(one) == min(len(rows), capacity)


SOME_SESSIONS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 7_200)), max_size=60, unique=True)


@given(SOME_SESSIONS, st.integers(1, 20), st.randoms())
def test_the_sample_holds_the_best_two_rows_of_each_session_in_any_order(
    seen: list[tuple[int, int]], capacity: int, random: Random
) -> None:
    rows = [window(session, at(second)) for session, second in seen]
    every = filled(rows, len(rows) + 1).items()  # of each session alone what a sample of any size may hold
    for session in {session for session, _ in seen}:
        alone = [Reservoir(HALF_LIFE_MS, 1) for row in rows if row[0] == f"session-{session}"]
        priorities = []
        for single, row in zip(alone, (row for row in rows if row[0] == f"session-{session}"), strict=True):
            single.add(*row)
            priorities += single.items()
        best = sorted(priorities)[-MAX_PER_SESSION:]
        assert [item for item in every if session_of(item[1]) == f"session-{session}"] == best
    random.shuffle(rows)
    assert filled(rows, capacity).items() == every[-capacity:]


def test_a_sample_with_many_rows_of_one_session_is_taken_up_with_two_of_them() -> None:
    single = [filled([window(1, at(n))], 1).items()[0] for n in range(40)]
    found = Reservoir.from_items(sorted(single), HALF_LIFE_MS, 20)
    assert found.items() == sorted(single)[-2:]


def test_rows_are_counted_by_their_time() -> None:
    sample = filled([window(n, at(n)) for n in range(10)], 20)
    assert [sample.count_since(at(n)) for n in (-1, 0, 8, 9)] == [10, 9, 1, 0]


@given(st.lists(st.integers(0, 7_200), min_size=1, max_size=60), st.integers(1, 20), st.data())
def test_restored_it_goes_on_as_if_nothing_had_happened(seconds: list[int], capacity: int, data: st.DataObject) -> None:
    rows = [window(n, at(second)) for n, second in enumerate(seconds)]
    cut = data.draw(st.integers(0, len(rows)))
    through, before = filled(rows, capacity), filled(rows[:cut], capacity)
    after = Reservoir.from_items(before.items(), HALF_LIFE_MS, capacity)
    assert after.items() == before.items()
    taken = [(after.add(*row), before.add(*row)) for row in rows[cut:]]
    assert all(one == other for one, other in taken)
    assert after.items() == through.items()


def test_a_row_is_taken_exactly_if_it_is_in_the_sample_afterwards() -> None:
    reservoir = Reservoir(HALF_LIFE_MS, 10)
    for n in range(200):
        row = window(n, at(n))
        taken = reservoir.add(*row)
        assert taken == (f"{row[0]}:{row[1]}" in {name for _, name, _ in reservoir.items()})
    assert len(reservoir) == 10


def test_of_equally_old_rows_each_has_the_same_chance() -> None:
    sample = filled([window(n, at(0)) for n in range(4_000)], 1_000).rows()
    early = sum(values[0] < 2_000 for values in sample)
    assert early == pytest.approx(500, abs=5 * (1_000 / 4 * 3 / 4) ** 0.5)  # five deviations, hypergeometric


def test_a_row_one_half_life_younger_is_twice_as_likely_to_be_kept() -> None:
    old = [window(n, at(0)) for n in range(20_000)]
    young = [window(n, at(0) + int(HALF_LIFE_MS)) for n in range(20_000, 40_000)]
    sample = filled(old + young, 600).rows()
    share = sum(values[0] >= 20_000 for values in sample) / len(sample)
    assert share == pytest.approx(2 / 3, abs=5 * (2 / 9 / 600) ** 0.5)  # five deviations, binomial


def test_very_old_rows_give_way_altogether() -> None:
    old = [window(n, at(0)) for n in range(500)]
    young = [window(n, at(0) + 40 * int(HALF_LIFE_MS)) for n in range(500, 600)]
    assert all(values[0] >= 500 for values in filled(old + young, 50).rows())


def test_the_greatest_hash_has_a_priority(monkeypatch: pytest.MonkeyPatch) -> None:
    """One of 2^54 names: it would stop the job at each start."""

    class Greatest:
        def __init__(self, *_: object, **__: object) -> None:
            pass

        def digest(self) -> bytes:
            return b"\xff" * 8

    monkeypatch.setattr("models.reservoir.blake2b", Greatest)
    reservoir = Reservoir(HALF_LIFE_MS)
    assert reservoir.add("a", 1, [1.0])
    assert math.isfinite(reservoir.items()[0][0])
