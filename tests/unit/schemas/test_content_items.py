"""Odd content items: each fault with its field; odd languages of readers and items."""

from random import Random
from typing import Any

import pytest

from models.language_tags.accept_language import MAX_CHARS, language_ranges
from models.language_tags.choice import choose_language
from schemas.content_validation import InvalidContentError, validated

FAULTY: dict[str, tuple[dict[str, Any], str]] = {
    "a line's end behind a language": ({"language": "fr\n"}, "language"),
    "a line's end behind a variant's language": (
        {"variants": [{"variant": "x", "language": "fr\n"}]},
        "variants[0].language",
    ),
    "a line's end behind a region": ({"regions": ["DE", "FR\n"]}, "regions[1]"),
    "an underscore": ({"variants": [{"variant": "x", "language": "en_US"}]}, "variants[0].language"),
    "a wildcard": ({"language": "*"}, "language"),
    "one language twice in other letters": (
        {"variants": [{"variant": "x", "language": "fr"}, {"variant": "x", "language": "FR"}]},
        "variants[1]",
    ),
    "a variant twice without a language": ({"variants": [{"variant": "x"}, {"variant": "x"}]}, "variants[1]"),
    "fewer words than none": ({"words": -1}, "words"),
    "a truth value for words": ({"words": True}, "words"),
    "ten megabytes": ({"blob": "x" * 10_000_000}, ""),
    "nesting": ({"x": [[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]}, ""),
}


@pytest.mark.parametrize(("given", "field"), FAULTY.values(), ids=FAULTY)
def test_a_fault_is_told_with_its_field(given: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidContentError) as caught:
        validated({"content_id": "a", **given})
    [problem] = caught.value.problems
    assert problem.field == field
    assert len(problem.detail) < 300


@pytest.mark.parametrize("language", ["zh-cmn-Hans-CN", "de-a-foo", "es-419", "sr-Latn", "mul"])
def test_rare_tags_are_taken(language: str) -> None:
    assert validated({"content_id": "a", "variants": [{"variant": "x"}], "language": language})[0] == "a"


def test_a_range_that_is_cut_off_is_left_out() -> None:
    header = "fr, " * ((MAX_CHARS - 5) // 4)
    header += "en-GB"[: MAX_CHARS - len(header)] + "-x-much-longer"
    assert set(language_ranges(header)) == {"fr"}
    assert language_ranges("fr," * 341 + "e,de")[-1] == "e"


def test_any_languages_of_reader_and_item_give_one_of_the_item_or_none() -> None:
    random = Random(15)
    parts = [
        "en",
        "EN",
        "zh",
        "Hant",
        "TW",
        "419",
        "x",
        "a",
        "u",
        "i",
        "klingon",
        "und",
        "mul",
        "no",
        "nb",
        "he",
        "iw",
        "*",
        "1",
        "",
        "é",
    ]

    def tags() -> list[str]:
        return ["-".join(random.choices(parts, k=random.randint(1, 4))) for _ in range(random.randint(0, 4))]

    for _ in range(5_000):
        wanted, available = tags(), tags()
        assert choose_language(wanted, available) in (None, *available)
