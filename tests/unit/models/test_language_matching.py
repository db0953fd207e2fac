"""Language tags against public cases: RFC 4647, RFC 9110 and CLDR's distances."""

import json
from pathlib import Path
from typing import Any

import pytest

from models.language_tags.accept_language import language_ranges
from models.language_tags.choice import choose_language
from models.language_tags.distance import MAX_DISTANCE, closest, locale_of, tag_distance
from models.language_tags.matching import basic_filter, extended_filter, lookup

DATA = Path(__file__).parent / "data"
CASES: dict[str, Any] = json.loads((DATA / "language_matching.json").read_text())
RFC_4647 = [(kind, case) for kind in ("lookup", "basic_filter", "extended_filter") for case in CASES[kind]]
FUNCTIONS: dict[str, Any] = {"lookup": lookup, "basic_filter": basic_filter, "extended_filter": extended_filter}


def test_the_file_holds_all_39_cases_of_rfc_4647() -> None:
    assert len(RFC_4647) == 39


@pytest.mark.parametrize(("kind", "case"), RFC_4647)
def test_rfc_4647(kind: str, case: dict[str, Any]) -> None:
    assert FUNCTIONS[kind](case["ranges"], case["available"]) == case["result"]


@pytest.mark.parametrize("case", CASES["accept_language"]["cases"], ids=lambda case: case["header"])
def test_accept_language(case: dict[str, Any]) -> None:
    assert language_ranges(case["header"]) == case["ranges"]


@pytest.mark.parametrize("case", CASES["cldr_style"]["cases"], ids=lambda case: case["desired"])
def test_cldr_finds_the_nearest_where_lookup_may_find_nothing(case: dict[str, Any]) -> None:
    found = closest(case["desired"], case["available"])
    # The library answers "und" with a distance of 1000 where nothing is near enough.
    assert (found or ("und", 1000)) == (case["cldr_closest"], case["distance"])
    assert lookup([case["desired"]], case["available"]) == case["rfc4647_lookup"]
    assert choose_language([case["desired"]], case["available"]) == (None if found is None else case["cldr_closest"])


def test_distances_are_those_of_the_library_that_reads_the_same_tables() -> None:
    cases = json.loads((DATA / "language_distances.json").read_text())["cases"]
    assert len(cases) > 400
    wrong = [each for each in cases if tag_distance(each[0], each[1]) != each[2]]
    assert wrong == []


@pytest.mark.parametrize(
    ("wanted", "available", "chosen"),
    [
        (["fr-CH", "fr", "en"], ["en", "fr"], "fr"),
        (["sr-RS", "en"], ["en", "sr-Latn"], "sr-Latn"),
        (["gsw", "fr"], ["de", "fr"], "fr"),
        (["ca", "en"], ["es", "en"], "en"),
        (["zh-TW", "en"], ["zh", "zh-Hant", "en"], "zh-Hant"),
        (["zh-TW", "en"], ["zh", "en"], "en"),
        (["*", "de"], ["fr", "de"], "de"),
        (["i-klingon"], ["i-klingon"], "i-klingon"),
        (["ja"], ["en"], None),
        ([], ["en"], None),
        (["", "-", "%%%", "x"], ["en"], None),
    ],
)
def test_the_reader_gets_what_comes_first_for_him(wanted: list[str], available: list[str], chosen: str | None) -> None:
    assert choose_language(wanted, available) == chosen


def test_no_tag_of_a_reader_is_remembered_for_ever() -> None:
    for number in range(2 * MAX_DISTANCE):
        tag_distance(f"x{number}", "en")
    info = tag_distance.cache_info()
    assert info.maxsize is not None
    assert info.currsize <= info.maxsize
    assert locale_of.cache_info().maxsize is not None
