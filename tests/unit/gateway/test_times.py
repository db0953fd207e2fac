"""Times in every spelling that senders use."""

from typing import Any

import pytest

from infra.gateway.ingest.times import milliseconds

TEN = 1_795_341_600_000
"""2026-11-22T10:00:00Z."""


@pytest.mark.parametrize(
    ("given", "at_ms"),
    [
        ("2026-11-22T10:00:00z", TEN),
        ("2026-11-22t10:00:00Z", TEN),
        ("2026-11-22 10:00:00 UTC", TEN),
        ("2026-11-22T15:45:00.123456789+05:45", TEN + 123),
        ("2026-11-22T09:59:60Z", TEN),
        ("2026-11-22T09:59:60.5Z", TEN + 500),
        ("2026-11-21T24:00:00Z", TEN - 10 * 3_600_000),
        ("2026-11-22", TEN - 10 * 3_600_000),
        ("1795341600000", TEN),
        (" 1795341600000 ", TEN),
        ("1795341600", TEN),
        ("1795341600.25", TEN + 250),
        (TEN, TEN),
        (TEN + 0.75, TEN),
        (float(TEN), TEN),
        (1_795_341_600, TEN),
        (1_795_341_600.5, TEN + 500),
        (0, 0),
    ],
)
def test_what_a_time_means(given: Any, at_ms: int) -> None:
    assert milliseconds(given) == at_ms


@pytest.mark.parametrize(
    "given",
    ["", "soon", "20261122", "1710102360025000", "2026-11-22T25:00:00Z", "2026-13-01", "-1795341600000", "2" * 400, "٢٠٢٦",
     True, None, [], {}, 2.0**60, float("inf"), float("nan"), 10**400],
)  # fmt: skip
def test_what_is_no_time(given: Any) -> None:
    assert milliseconds(given) is None
