"""A sample of bounded size is the same in any order, and counts what is repeated once."""

from random import Random

from models.learning.bounded_sample import BoundedSample


def chosen(keys: list[str], seed: int = 1, limit: int = 100) -> set[str]:
    sample: BoundedSample[str] = BoundedSample(limit, seed)
    for key in keys:
        sample.add(key, key)
    return set(sample)


def test_the_order_does_not_matter_and_the_seed_does() -> None:
    keys = [str(number) for number in range(2_000)]
    shuffled = Random(1).sample(keys, len(keys))

    assert chosen(keys) == chosen(shuffled) == chosen([*shuffled, *keys])
    assert len(chosen(keys)) == 100
    assert chosen(keys) != chosen(keys, seed=2)


def test_the_sample_is_even() -> None:
    hits = [int(key) < 500 for seed in range(40) for key in chosen([str(each) for each in range(1_000)], seed)]

    # 4,000 draws: 2,000 expected, standard deviation 32.
    assert abs(sum(hits) - 2_000) < 130


def test_of_two_values_of_a_key_the_same_stays_in_any_order() -> None:
    found = []
    for values in (["a", "b"], ["b", "a"]):
        sample: BoundedSample[str] = BoundedSample(5, 1)
        for value in values:
            sample.add("key", value)
        found.append(list(sample))

    assert found == [["b"], ["b"]]
    assert not sample.is_cut
