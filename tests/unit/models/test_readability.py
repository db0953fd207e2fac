"""Readability and reading time against vectors computed apart (`data/readability.json`)."""

import json
from pathlib import Path
from typing import Any

import pytest

from models.language.readability import (
    automated_readability,
    coleman_liau,
    dale_chall,
    flesch_kincaid_grade,
    flesch_reading_ease,
    gulpease,
    lix,
    rix,
)
from models.language.reading_time import (
    FASTEST_USUAL_WPM,
    SLOWEST_USUAL_WPM,
    WORDS_PER_MINUTE,
    expected_reading_ms,
    reading_pace,
)
from models.language.text_counts import TextCounts, count_text, english_syllables

VECTORS: dict[str, Any] = json.loads(Path(__file__).with_name("data").joinpath("readability.json").read_text())
CLOSE = 1e-6


@pytest.mark.parametrize("name", VECTORS["texts"])
def test_words_sentences_letters_and_long_words_are_counted(name: str) -> None:
    case = VECTORS["texts"][name]
    counts, wanted = count_text(case["text"]), case["counts"]
    assert [*counts] == [wanted[name] for name in ("words", "sentences", "letters", "long_words_over_6_letters")]
    assert lix(counts) == pytest.approx(wanted["lix"], abs=CLOSE)
    assert rix(counts) == pytest.approx(wanted["rix"], abs=CLOSE)
    assert coleman_liau(counts) == pytest.approx(wanted["coleman_liau"], abs=CLOSE)
    assert automated_readability(counts) == pytest.approx(wanted["ari"], abs=CLOSE)
    if "syllables" in case:
        assert english_syllables(case["text"]) == case["syllables"]


@pytest.mark.parametrize("case", VECTORS["from_counts"])
def test_formulas_follow_the_vectors(case: dict[str, float]) -> None:
    words, sentences, syllables = int(case["words"]), int(case["sentences"]), int(case["syllables"])
    counts = TextCounts(words, sentences, int(case["letters"]), int(case["long_words"]))
    found = {
        "lix": lix(counts),
        "coleman_liau": coleman_liau(counts),
        "ari": automated_readability(counts),
        "flesch_reading_ease_en": flesch_reading_ease(words, sentences, syllables),
        "flesch_de_amstad": flesch_reading_ease(words, sentences, syllables, "de"),
        "flesch_fr_kandel_moles": flesch_reading_ease(words, sentences, syllables, "fr"),
        "flesch_es_fernandez_huerta": flesch_reading_ease(words, sentences, syllables, "es"),
        "flesch_nl_douma": flesch_reading_ease(words, sentences, syllables, "nl"),
        "flesch_it_vacca": flesch_reading_ease(words, sentences, syllables, "it"),
        "flesch_kincaid_grade": flesch_kincaid_grade(words, sentences, syllables),
        "dale_chall_new": dale_chall(words, sentences, int(case["difficult_words"])),
        "gulpease_it": gulpease(words, sentences, int(case["letters"])),
    }
    assert found == {name: pytest.approx(case[name], abs=CLOSE) for name in found}


def test_a_text_without_words_has_no_level() -> None:
    counts = count_text(" ... ?! ")
    assert (counts.words, counts.sentences, counts.letters, counts.long_words) == (0, 0, 0, 0)
    assert lix(counts) is rix(counts) is coleman_liau(counts) is automated_readability(counts) is None
    assert (
        flesch_reading_ease(0, 0, 0)
        is flesch_kincaid_grade(0, 0, 0)
        is dale_chall(0, 0, 0)
        is gulpease(0, 0, 0)
        is None
    )


def test_flesch_is_unknown_for_a_language_without_an_adaptation() -> None:
    assert flesch_reading_ease(100, 5, 150, "fi") is None


def test_reading_time_follows_the_measured_rate() -> None:
    assert VECTORS["words_per_minute"] == WORDS_PER_MINUTE
    assert VECTORS["usual_wpm"] == [SLOWEST_USUAL_WPM, FASTEST_USUAL_WPM]
    assert expected_reading_ms(238) == 60_000
    assert reading_pace(60_000, 119) == pytest.approx(2.0)
    assert reading_pace(60_000, 0) is None
