"""The comparison of frequencies in its short form: what the variants are, and what it prints."""

import re

import pytest

from infra.bench.action_frequency import VARIANTS, by_matrix, by_one_rest, by_short_rest, main
from infra.rules.shipped import shipped_rules
from models.rules.rule_facts import RuleFacts
from schemas.rules import Rule
from tests.support.builders import rule


def frequency(made: Rule) -> tuple[int, int | None]:
    facts = RuleFacts(made)
    return facts.cooldown_ms // 1000, facts.max_per_session


# Impact and complexity: reorder 3 and 1, expand 3 and 3, visualise 4 and 5.
@pytest.mark.parametrize(
    ("action", "matrix", "cheap"),
    [("reorder", (120, 12), (60, 12)), ("expand", (120, 8), (120, 8)), ("visualise", (360, 4), (360, 4))],
)
def test_a_rule_is_left_to_the_matrix_or_rests_as_all_do(
    action: str, matrix: tuple[int, int], cheap: tuple[int, int]
) -> None:
    given = rule(then={"action": action}, cooldown_s=600, max_per_session=2)
    assert frequency(by_matrix(given)) == matrix
    assert frequency(by_one_rest(given)) == (120, None)
    assert frequency(by_short_rest(given)) == cheap


def test_what_keeps_a_page_usable_gets_no_limit() -> None:
    for each in shipped_rules():
        if each.source == "context":
            assert {frequency(variant(each))[1] for variant in VARIANTS.values()} == {None}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--null", "S99"], "--null: S99 is not known; there are S1"),
        (["--variants", "matrix,none"], "--variants: none is not known; there are matrix, all-120, cheap-60"),
        (["--readers", "0"], "--readers 0: give at least 1"),
    ],
)
def test_options_that_cannot_be_are_told(arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(arguments)
    assert says in capsys.readouterr().err


def test_one_line_is_printed_for_each_variant(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--null", "", "--planted", "S4", "--readers", "1", "--earlier", "0", "--variants", "matrix,cheap-60"])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:3] for line in lines] == [["planted", "S4", "matrix"], ["planted", "S4", "cheap-60"]]
    for line in lines:
        assert re.search(
            r"\d+ commands in 0\.7 reader-hours, [0-9.]+ an hour without cause, recall [0-9.]+, precision ", line
        )
