"""Whom a forest calls anomalous: a small form of `infra/bench/forest_alarms.py`, on seeds that nothing was set on."""

import numpy as np
import pytest

from infra.bench.forest_alarms import BOTS, Readers, draw, refitted, shipped

SEED = 317


@pytest.fixture(scope="module", params=["weibull", "articles"])
def readers(request: pytest.FixtureRequest) -> Readers:
    return draw(request.param, SEED, sampled=256, scored=30)


def test_bots_in_the_sample_neither_hide_nor_make_ordinary_readers_odd(readers: Readers) -> None:
    assert len(readers.sample) == 512
    found = refitted(readers, BOTS, SEED)
    assert found is not None
    assert found.crawlers >= 0.9
    assert len(readers.ordinary) > 250
    # 0.3 % of some 290 windows is less than one; two may be by chance.
    assert found.ordinary * len(readers.ordinary) <= 2.5


def test_a_tenth_of_bots_does_not_make_ordinary_readers_odd(readers: Readers) -> None:
    found = refitted(readers, 51, SEED)
    assert found is not None
    assert found.ordinary * len(readers.ordinary) <= 2.5


def test_the_shipped_forest_knows_readers_of_worlds_it_has_not_seen(readers: Readers) -> None:
    found = shipped(readers, SEED)
    assert found.crawlers >= 0.9
    assert found.ordinary * len(readers.ordinary) <= 2.5


def test_a_source_of_clicks_alone_has_no_whole_windows_to_fit_a_forest_to() -> None:
    found = draw("clicks-only", SEED, sampled=40, scored=10)
    assert refitted(found, BOTS, SEED) is None
    assert found.whole < 0.05
    assert np.isfinite(found.clickers).all()
    assert len(found.clickers) > 0
