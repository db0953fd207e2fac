"""Whom a forest calls anomalous: a small form of `infra/bench/forest_alarms.py`, on seeds that nothing was set on."""

from statistics import median

import numpy as np
import pytest

from infra.bench.forest_alarms import BOTS, Readers, Shares, draw, refitted, shipped

SEED = 317
SEEDS = (SEED, 318, 319)
"""Of one alone, a forest of 512 windows misses the bots in three of a hundred; the median of three in three of a thousand."""


@pytest.fixture(scope="module", params=["weibull", "articles"])
def sites(request: pytest.FixtureRequest) -> list[Readers]:
    return [draw(request.param, seed, sampled=256, scored=30) for seed in SEEDS]


def assert_judges(sites: list[Readers], found: list[Shares | None], finds_bots: bool = True) -> None:
    """Nine of ten bots are caught, and of some 290 ordinary windows, of which 0.3 % is less than one, two at most by chance."""
    known = [each for each in found if each is not None]
    assert len(known) == len(SEEDS)
    if finds_bots:
        assert median(each.crawlers for each in known) >= 0.9
    assert median(each.ordinary * len(site.ordinary) for site, each in zip(sites, known, strict=True)) <= 2.5


def test_bots_in_the_sample_neither_hide_nor_make_ordinary_readers_odd(sites: list[Readers]) -> None:
    assert all(len(site.sample) == 512 and len(site.ordinary) > 250 for site in sites)
    assert_judges(sites, [refitted(site, BOTS, seed) for site, seed in zip(sites, SEEDS, strict=True)])


def test_a_tenth_of_bots_does_not_make_ordinary_readers_odd(sites: list[Readers]) -> None:
    assert_judges(sites, [refitted(site, 51, seed) for site, seed in zip(sites, SEEDS, strict=True)], finds_bots=False)


def test_the_shipped_forest_knows_readers_of_worlds_it_has_not_seen(sites: list[Readers]) -> None:
    assert_judges(sites, [shipped(site, seed) for site, seed in zip(sites, SEEDS, strict=True)])


def test_a_source_of_clicks_alone_has_no_whole_windows_to_fit_a_forest_to() -> None:
    found = draw("clicks-only", SEED, sampled=40, scored=10)
    assert refitted(found, BOTS, SEED) is None
    assert found.whole < 0.05
    assert np.isfinite(found.clickers).all()
    assert len(found.clickers) > 0
