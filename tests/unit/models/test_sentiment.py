"""Sentiment: what is English, what is bounded, what stays unknown, and how it agrees with people."""

import json
import time
from pathlib import Path

import pytest

from infra.bench.sentiment import ARCHIVE, SETS, costs, rated_texts, result
from models.language.english import is_english
from models.language.sentiment import MAX_TEXT_CHARS, polarity, sentiment
from tests.support.shared_data import shared

VECTORS = json.loads(Path(__file__).with_name("data").joinpath("readability.json").read_text())
OTHERS = {
    "de": "Das ist zu lang und ich verstehe es nicht.",
    "fr": "C'est trop long et je ne comprends pas.",
    "es": "Esto es muy largo y no lo entiendo.",
    "it": "È troppo lungo e non capisco.",
    "nl": "Het is te lang en ik begrijp het niet.",
    "pt": "É muito longo e não entendo.",
    "sv": "Det är för långt och jag förstår inte.",
    "pl": "To jest za długie i nie rozumiem.",
    "ru": "Слишком длинно, я ничего не понимаю.",
    "ja": "長すぎて分かりません。",
    "ar": "طويل جدا ولا أفهم",
}


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("browser", ["en-US", None, "de"])
def test_other_languages_are_unknown_whatever_the_browser_says(language: str, browser: str | None) -> None:
    assert not is_english(OTHERS[language], browser)
    assert sentiment(OTHERS[language], browser) is None


@pytest.mark.parametrize("name", ["german", "french", "spanish"])
def test_news_in_other_languages_is_not_english(name: str) -> None:
    assert not is_english(VECTORS["texts"][name]["text"], "en-US")


def test_english_is_told_by_its_words_in_any_browser() -> None:
    score = sentiment("This is confusing and I hate how long it is.", "de-DE")
    assert score is not None
    assert score < -0.5


def test_without_telling_words_the_browser_decides() -> None:
    assert sentiment("Horrible!", "de") is None
    assert sentiment("Horrible!", None) is None
    horrible = sentiment("Horrible!", "en-GB")
    assert horrible is not None
    assert horrible < 0


def test_a_text_that_says_nothing_of_sentiment_is_unknown_and_not_neutral() -> None:
    assert sentiment("The page has three parts.", "en") is None
    assert sentiment("", "en") is None
    assert sentiment(None, "en") is None


def test_praise_and_complaint_in_one_text_are_known_even_if_they_cancel_out() -> None:
    assert polarity("good bad") is not None


def test_what_stands_beyond_the_bound_is_not_read() -> None:
    praise = "This is good. "
    assert sentiment(praise + "x" * MAX_TEXT_CHARS + " horrible awful hate", "en") == sentiment(praise, "en")


@pytest.mark.parametrize(
    "text", ["\ud800", "\x00\x00", "a" * 100_000, "\U0001f468‍" * 500, "🏳️‍🌈" * 300, "(" * 999, "%s {0}"]
)
def test_hostile_texts_raise_nothing(text: str) -> None:
    sentiment(text, "en")


def test_no_text_costs_more_than_a_fifth_of_a_second() -> None:
    # A thousand emoji took 200 ms before they were bounded, 1 ms since; processor time, since the machine may be busy.
    sentiment("Good.", "en")
    began_s = time.process_time()
    for _ in range(10):
        sentiment("\U0001f600" * MAX_TEXT_CHARS, "en")
    assert time.process_time() - began_s < 1.0
    assert dict(costs()).keys() >= {"emoji", "negations"}


@pytest.mark.parametrize("name", SETS)
def test_agrees_with_people_as_measured_apart(name: str) -> None:
    found = result(rated_texts(shared(*ARCHIVE), name))
    assert found["pearson_r"] == pytest.approx(VECTORS["pearson_r"][name], abs=1e-4)
