"""The simulated day of the arbiter in its short form, and what it prints."""

from collections import Counter
from xml.etree import ElementTree

from infra.bench.arbiter import Day, add, day, draw, report
from infra.simulate.arbitration import DEFAULT_BUDGETS


def test_a_day_of_bursty_readers_stays_within_groups_and_budgets() -> None:
    found = day(0, 40, seed=311)
    assert found.proposals.total() > 10_000
    assert found.proposals["commanded"] > 1_000
    assert {"exclusive", "outranked", "budget", "quiet", "resting"} <= found.proposals.keys()
    assert (found.conflicts, found.kept_waiting) == (0, 0)
    assert max(found.busiest) <= DEFAULT_BUDGETS.others.per_minute
    assert max(found.per_session) <= 60


def test_days_add_up_and_are_drawn() -> None:
    half = Day(Counter(commanded=3, quiet=1), 3, 0, 0, Counter({0: 1, 3: 1}), Counter({0: 1, 2: 1}))
    both = add([half, half])
    assert both.proposals == {"commanded": 6, "quiet": 2}
    assert "4 sessions, 8 proposals, 6 commands" in report(both)
    bars = [each for each in ElementTree.fromstring(draw(both.per_session)) if each.get("fill") == "#c2410c"]
    assert [float(each.get("height") or 0) for each in bars] == [160, 0, 0, 160]
