"""The watch for categories: right about planted changes of a mix, and silent where too little is known."""

import numpy as np
import pytest

from models.drift.category_watch import CategoryWatch
from models.drift.watch import MIN_ROWS


def mix(seed: int, rows: int, **shares: float) -> list[str | None]:
    generator = np.random.default_rng(seed)
    return [str(each) for each in generator.choice(list(shares), rows, p=list(shares.values()))]


def test_a_device_that_nobody_had_before_is_drift() -> None:
    watch = CategoryWatch({"device": ["desktop"] * 1_000, "os": mix(1, 1_000, linux=0.5, mac=0.5)})

    found = watch.judge({"device": ["watch"] * 200, "os": mix(2, 200, linux=0.5, mac=0.5)})

    device = next(each for each in found if each.subject == "device")
    assert [each.subject for each in found if each.has_drifted] == ["device"]
    # All of 1,000 before, none of 200 now, by hand: (0 - 1) ln(1e-4 / 1) + (1 - 0) ln(1 / 1e-4), less the two 1e-4.
    assert device.psi == pytest.approx(2 * (1 - 1e-4) * -np.log(1e-4))
    assert device.distance == 1.0
    assert device.changed == "watch 0.0% before, 100.0% now"


def test_a_mix_that_moves_is_drift_and_says_which_category() -> None:
    watch = CategoryWatch({"device": mix(3, 1_000, desktop=0.6, mobile=0.35, tablet=0.05)})

    (finding,) = watch.judge({"device": mix(4, 200, desktop=0.3, mobile=0.65, tablet=0.05)})

    assert finding.has_drifted
    assert finding.psi > finding.psi_threshold
    assert (finding.changed or "").split()[0] in ("desktop", "mobile")


def test_too_few_known_texts_are_not_judged() -> None:
    watch = CategoryWatch({"few": ["a"] * (MIN_ROWS - 1) + [None] * 500, "many": ["a"] * MIN_ROWS})

    assert [each.subject for each in watch.judge({"few": ["b"] * 300, "many": ["a"] * 300})] == ["many"]
    assert watch.judge({"many": ["b"] * (MIN_ROWS - 1) + [None] * 300}) == []
    assert watch.judge({}) == []
