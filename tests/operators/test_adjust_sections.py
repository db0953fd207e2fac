"""The section lane through the real operator: rows in any order, one answer at the end of the minute."""

from pathlib import Path
from typing import Any

from models.rules.compiled import KNOWN_FEATURES
from schemas.rules import parse_rule_file
from tests.operators.conftest import Start
from tests.support.builders import CrossingRow, at
from tests.support.flink_fakes import Running
from tests.support.operator_outputs import commands
from udfs.crossing_rows import content_key

SHIPPED = [
    each
    for each in parse_rule_file(Path("models/shipped/rules.yaml").read_text(), KNOWN_FEATURES)
    if each.lane == "content_section"
]
ITEM = "boats"


def minute(section: str, end_s: int, readers: int, passers: int, seen_s: float) -> CrossingRow:
    numbers = [float(at(end_s)), float(readers), float(passers), seen_s * 1_000]
    return "section", numbers, [ITEM, "news", section]


ROWS = [minute("lead", 60, 40, 4, 400), minute("method", 60, 40, 32, 40), minute("results", 60, 40, 2, 360)]


def answers(job: Running, rows: list[CrossingRow], until_s: int) -> list[Any]:
    found: list[Any] = []
    for row in rows:
        found += job.send(content_key(ITEM), row)
    return commands(found + job.advance(at(until_s)))


def test_a_section_that_readers_pass_is_to_be_shortened(start: Start) -> None:
    [command] = answers(start(*SHIPPED), ROWS, 60)
    assert (command.source.id, command.target.kind, command.target.id) == ("passed-section-shorten", "content", ITEM)
    assert command.parameters == {"part": "section", "section": "method"}
    assert command.issued_at_ms == at(60)
    assert command.evidence["passed_share"].value == 0.8


def test_nothing_is_decided_before_the_minute_is_over_and_the_order_of_rows_does_not_matter(start: Start) -> None:
    job = start(*SHIPPED)
    assert answers(job, ROWS, 59) == []
    straight, reverse = answers(start(*SHIPPED), ROWS, 60), answers(start(*SHIPPED), ROWS[::-1], 60)
    assert straight == reverse == commands(job.advance(at(60)))


def test_how_long_a_section_holds_is_not_judged_where_no_words_are_told(start: Start) -> None:
    rows = [minute("lead", 60, 40, 4, 400), minute("results", 60, 40, 2, 1_200)]
    assert answers(start(*SHIPPED), rows, 60) == []


def test_readers_who_pass_every_section_say_nothing_of_one(start: Start) -> None:
    rows = [minute("lead", 60, 40, 30, 80), minute("method", 60, 40, 32, 80)]
    assert answers(start(*SHIPPED), rows, 60) == []


def test_few_readers_a_minute_add_up_and_survive_a_restart(start: Start) -> None:
    before = start(*SHIPPED)
    rows = [minute("lead", 60, 20, 2, 200), minute("method", 60, 20, 16, 20)]
    assert answers(before, rows, 60) == []
    after = start(*SHIPPED, flink=before.flink)
    [command] = answers(after, [minute("lead", 120, 20, 2, 200), minute("method", 120, 20, 16, 20)], 120)
    assert (command.source.id, command.evidence["passed_readers"].value) == ("passed-section-shorten", 40.0)
