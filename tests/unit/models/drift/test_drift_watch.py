"""The watch for drift: silent on small samples without drift, and soon awake where something changes."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from models.drift.category_watch import CategoryWatch
from models.drift.population_stability import bin_shares, index_of, inner_edges
from models.drift.unknown_share import UnknownFinding, UnknownWatch
from models.drift.watch import MIN_ROWS, DriftWatch, Finding

Values = dict[str, Sequence[float] | NDArray[np.float64]]


def features(generator: np.random.Generator, rows: int) -> Values:
    """Numbers such as windows have: durations, counts with many zeros, shares with ties, a constant, a normal one."""
    return {
        "engaged_ms": generator.gamma(2.0, 9_000.0, rows),
        "clicks": generator.poisson(0.4, rows).astype(np.float64),
        "pages": generator.geometric(0.5, rows).astype(np.float64),
        "scroll_depth": np.round(generator.beta(2.0, 1.0, rows), 1),
        "rapid_exits": (generator.random(rows) < 0.03).astype(np.float64),
        "pointer_path_px": generator.lognormal(6.0, 1.5, rows),
        "save_data": np.zeros(rows),
        "forest": generator.normal(0.45, 0.05, rows),
    }


def partly_unknown(values: Values, generator: np.random.Generator) -> Values:
    """The numbers as before, and each again with a share of unknown values, from hardly any to most."""
    shares = dict(zip(values, (0.01, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9), strict=True))
    return values | {
        f"{name}, {share:.0%} unknown": np.where(generator.random(len(values[name])) < share, np.nan, values[name])
        for name, share in shares.items()
    }


def texts(generator: np.random.Generator, rows: int) -> dict[str, list[str | None]]:
    """Categories such as contexts have: few and even, few and skewed, one alone, many with a long tail, partly unknown."""
    tail = 1.0 / np.arange(1, 41)
    shares = {
        "input": [0.5, 0.5],
        "device": [0.62, 0.3, 0.06, 0.02],
        "os": [0.4, 0.3, 0.2, 0.1],
        "content_type": [1.0],
        "country": list(tail / tail.sum()),
        "timezone": [0.97, *[0.001] * 30],
    }
    found: dict[str, list[str | None]] = {
        name: [f"{name}-{place}" for place in generator.choice(len(each), rows, p=each)]
        for name, each in shares.items()
    }
    known = generator.random(rows) < 0.7
    return found | {"language": [text if is_known else None for text, is_known in zip(found["os"], known, strict=True)]}


@pytest.mark.parametrize("rows", [40, 120, 200])
def test_forty_ranges_of_small_samples_without_drift_raise_no_alarm(rows: int) -> None:
    # The level was set before any seed was looked at.
    found: list[Finding | UnknownFinding] = []
    for seed in range(800, 840):
        generator = np.random.default_rng(seed)
        reference = partly_unknown(features(generator, 1_000), generator)
        current = partly_unknown(features(generator, rows), generator)
        found += DriftWatch(reference).look(current)
        found += [each for each in UnknownWatch(reference).judge(current, rows) if each.has_risen]
        categories = CategoryWatch(texts(generator, 1_000)).judge(texts(generator, rows))
        assert len(categories) >= 6
        found += [each for each in categories if each.has_drifted]

    assert found == []


@pytest.mark.parametrize("share", [0.0, 0.02, 0.1])
def test_a_label_that_few_readers_have_raises_no_alarm(share: float) -> None:
    found: list[Finding | UnknownFinding] = []
    for seed in range(800, 840):
        generator = np.random.default_rng(seed)
        before, now = (few_labels(generator, rows, share) for rows in (1_000, 200))
        watch = CategoryWatch({"user_expertise": before})
        found += [each for each in watch.judge({"user_expertise": now}) if each.has_drifted]
        unknown = UnknownWatch({"user_expertise": marks(before)})
        found += [each for each in unknown.judge({"user_expertise": marks(now)}, 200) if each.has_risen]

    assert found == []


def few_labels(generator: np.random.Generator, rows: int, share: float) -> list[str | None]:
    labels = generator.choice(["novice", "regular", "expert"], rows)
    return [str(label) if known else None for label, known in zip(labels, generator.random(rows) < share, strict=True)]


def marks(texts: list[str | None]) -> list[float]:
    """Texts as the watch for unknown values takes them."""
    return [np.nan if text is None else 1.0 for text in texts]


def test_the_rule_of_thumb_would_have_raised_many() -> None:
    """What the test above guards against: PSI over 0.1 on ranges that did not drift."""
    false = 0
    for seed in range(800, 840):
        generator = np.random.default_rng(seed)
        reference, current = generator.normal(size=1_000), generator.normal(size=40)
        edges = inner_edges(reference)
        false += index_of(bin_shares(reference, edges), bin_shares(current, edges)) > 0.1

    assert false > 30


@pytest.mark.parametrize("name", ["engaged_ms", "clicks", "pointer_path_px", "forest", "save_data"])
def test_a_change_is_found_and_nothing_else(name: str) -> None:
    generator = np.random.default_rng(841)
    watch = DriftWatch(features(generator, 1_000))
    current = features(generator, 200)
    current[name] = np.asarray(current[name]) * 2.0 + (1.0 if name in ("clicks", "save_data") else 0.0)

    assert [each.subject for each in watch.look(current)] == [name]


def test_a_change_of_spread_alone_is_found() -> None:
    generator = np.random.default_rng(842)
    watch = DriftWatch({"forest": generator.normal(0.45, 0.05, 1_000)})

    (finding,) = watch.look({"forest": generator.normal(0.45, 0.12, 300)})

    assert finding.psi > finding.psi_threshold
    assert finding.rows == 300


def test_too_few_known_values_are_not_judged() -> None:
    generator = np.random.default_rng(843)
    watch = DriftWatch({"a": generator.normal(size=500), "b": generator.normal(size=MIN_ROWS - 1)})
    far = np.full(300, 50.0)
    far[MIN_ROWS - 1 :] = np.nan

    assert watch.subjects == ["a"]
    assert watch.look({"a": far, "b": np.full(300, 50.0)}) == []
    assert watch.look({}) == []


def test_what_is_infinite_is_left_out_as_what_is_unknown_is() -> None:
    generator = np.random.default_rng(77)
    reference, current = generator.normal(size=1_000), generator.normal(size=200)
    plain = DriftWatch({"a": reference}).look({"a": current + 1.0})
    odd = np.concatenate([reference, [np.inf, -np.inf, np.nan]])
    with np.errstate(invalid="raise"):
        assert DriftWatch({"a": odd}).look({"a": np.concatenate([current + 1.0, [np.inf]])}) == plain
