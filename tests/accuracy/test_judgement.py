"""Worlds through the operators that decide: ordinary readers are left alone, changed readers get theirs.

The small form of `infra/bench/judgement.py`, without Kafka and Flink. The rules were set on other worlds and other seeds.
"""

from functools import cache
from typing import Final

import pytest

from infra.simulate.judging import Judgement
from infra.simulate.worlds.trials import trial
from tests.support.judged_worlds import run, together

WORLDS: Final = ("weibull", "articles")
SEED: Final = 601
READERS: Final = 35
EARLIER: Final = 40

MAX_WITHOUT_CAUSE_PER_HOUR: Final = 0.15
MAX_EARLY_PER_READER: Final = 0.05
MIN_RECALL: Final = 0.85
MIN_PRECISION: Final = 0.85
MAX_MEDIAN_DELAY_S: Final = 100.0
MIN_EARLY_RECALL: Final = 0.7
"""Of changes at minute four."""


@cache
def judged(kind: str) -> Judgement:
    """The worlds together: a few dozen readers of one tell little."""
    return together(run(trial(kind, world, SEED, READERS, EARLIER)) for world in WORLDS).judgement()


def test_where_nothing_happens_hardly_anything_is_commanded() -> None:
    found = judged("null")
    assert found.reader_hours > 65
    assert found.without_cause / found.reader_hours <= MAX_WITHOUT_CAUSE_PER_HOUR, found.unfounded
    assert found.early_without_cause / found.readers <= MAX_EARLY_PER_READER, found.unfounded


def test_planted_changes_are_found_and_little_else() -> None:
    found = judged("planted")
    assert found.planted == len(WORLDS) * READERS
    assert (found.recall or 0.0) >= MIN_RECALL, found.changes
    assert (found.precision or 0.0) >= MIN_PRECISION, found.unfounded
    assert (found.median_delay_s or float("inf")) <= MAX_MEDIAN_DELAY_S, found.changes


def test_a_change_at_minute_four_is_found_too() -> None:
    assert (judged("early").recall or 0.0) >= MIN_EARLY_RECALL, judged("early").changes


def test_a_source_of_clicks_alone_gets_no_silence_prompt() -> None:
    found = run(trial("null", "clicks-only", SEED, 20, 0)).judgement()
    assert "leaving-prompt" not in {each.rule for each in found.rules}


@pytest.mark.parametrize("kind", ["null", "planted"])
def test_the_same_recording_is_judged_the_same(kind: str) -> None:
    first, second = (run(trial(kind, "S6", SEED, 7, 0)).commands for _ in range(2))
    assert first == second
