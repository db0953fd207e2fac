"""On real shop sessions: the honest later range is predicted well enough, the leaking one is refused."""

import pytest

from infra.bench.shoppers import FILE, honest_split, judge, leaking_split, sessions
from models.learning.examples import Examples
from tests.support.shared_data import shared


@pytest.fixture(scope="module")
def rows() -> Examples:
    return sessions(shared(*FILE))


def test_the_later_months_are_predicted(rows: Examples) -> None:
    found = judge(honest_split(rows), parity_rows=2_000)
    area = found.all_later["auc"]
    print(f"AUC {area.value:.4f} ({area.low:.4f} to {area.high:.4f}) on {found.ranges[-1].rows} rows")
    assert area.value >= 0.83
    assert all(check.passed for check in found.checks if check.name == "copies across the split")


def test_oversampling_before_the_split_is_refused(rows: Examples) -> None:
    found = judge(leaking_split(rows), parity_rows=2_000)
    # The figure looks better than the honest one, and beats its rivals.
    assert found.metrics["auc"].value > 0.9
    refused = [check.name for check in found.checks if not check.passed]
    assert refused == ["copies across the split"]
    assert not found.passed
    assert "repeated before the split" in found.reasons[0]
