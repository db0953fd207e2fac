"""What stands out among an item's sections: numbers worked by hand."""

import msgspec
import pytest

from models.language.section_attention import (
    FORGET_MS,
    MAX_READERS,
    MAX_SECTIONS,
    MIN_READERS,
    ItemSections,
    SectionCounts,
    SectionMinute,
    with_minute,
)

MINUTE_MS = 60_000


def minute(section: str, readers: int, passers: int = 0, seen_s: float = 0.0, at_min: int = 1) -> SectionMinute:
    return SectionMinute(at_min * MINUTE_MS, readers, passers, round(seen_s * 1000), "item", "news", section)


def test_the_section_that_most_readers_pass_and_the_one_that_holds_them() -> None:
    sections = ItemSections()
    sections.add([minute("lead", 40, 4, 400), minute("method", 20, 15, 40), minute("results", 20, 2, 800)])
    found = sections.attention({"lead": 100, "method": 100, "results": 100})
    assert found is not None
    assert (found.passed, found.passed_readers, found.passed_share) == ("method", 20, 0.75)
    assert found.passed_share_elsewhere == pytest.approx((4 / 40 + 2 / 20) / 2)
    # Seconds a reader: 10, 2 and 40.
    assert (found.held, found.held_readers) == ("results", 20)
    assert found.held_by_others == pytest.approx(40 / 6)
    assert found.by_attention == ("results", "lead", "method")


def test_time_is_by_word_where_the_words_of_all_sections_are_told() -> None:
    sections = ItemSections()
    sections.add([minute("short", 20, seen_s=200), minute("long", 20, seen_s=400)])
    by_time, by_word = sections.attention({"short": 50}), sections.attention({"short": 50, "long": 250})
    assert by_time is not None
    assert by_word is not None
    assert (by_time.held, by_time.held_by_others) == ("long", None)
    # 10 s for 50 words, 20 s for 250.
    assert by_word.held == "short"
    assert by_word.held_by_others == pytest.approx(2.5)


def test_a_section_of_two_lines_is_not_passed() -> None:
    sections = ItemSections()
    sections.add([minute("note", 20, 18), minute("text", 20, 5)])
    found = sections.attention({"note": 29})
    assert found is not None
    assert (found.passed, found.passed_share, found.passed_share_elsewhere) == ("text", 0.25, 0.0)


def test_few_readers_or_a_single_section_say_nothing() -> None:
    sections = ItemSections()
    sections.add([minute("a", 100, 90), minute("b", MIN_READERS - 1)])
    assert sections.attention({}) is None
    sections.add([minute("b", 1, at_min=2)])
    assert sections.attention({}) is not None


def test_a_section_without_any_time_elsewhere_has_no_ratio() -> None:
    sections = ItemSections()
    sections.add([minute("a", 20, seen_s=100), minute("b", 20)])
    found = sections.attention({"a": 50, "b": 50})
    assert found is not None
    assert found.held_by_others is None


def test_counts_fade_by_halving_and_their_shares_stay() -> None:
    sections = ItemSections()
    sections.add([minute("a", MAX_READERS - 2, 300, 1_000), minute("b", 100, 50, 50)])
    sections.add([minute("a", 2, at_min=2)])
    assert sections.sections == {"a": SectionCounts(500, 150, 500_000), "b": SectionCounts(50, 25, 25_000)}


def test_a_day_without_readers_begins_anew() -> None:
    sections = ItemSections()
    sections.add([minute("a", 50)])
    sections.add([minute("b", 5, at_min=1 + FORGET_MS // MINUTE_MS)])
    assert set(sections.sections) == {"a", "b"}
    sections.add([minute("c", 5, at_min=2 + 2 * FORGET_MS // MINUTE_MS)])
    assert set(sections.sections) == {"c"}


def test_sections_are_bounded_and_order_of_arrival_does_not_matter() -> None:
    minutes = [minute(f"s{number:03}", 20) for number in range(MAX_SECTIONS + 10)]
    straight, reverse = ItemSections(), ItemSections()
    straight.add(minutes)
    reverse.add(minutes[::-1])
    assert straight == reverse
    assert len(straight.sections) == MAX_SECTIONS
    assert msgspec.json.decode(msgspec.json.encode(straight), type=ItemSections) == straight


def test_the_sections_of_a_minute_that_is_not_over_are_bounded_in_whatever_order_they_come() -> None:
    minutes = [minute(f"s{number:03}", 1, at_min=1 + number % 2) for number in range(3 * MAX_SECTIONS)]
    kept: list[list[SectionMinute]] = []
    for order in (minutes, minutes[::-1]):
        pending: list[SectionMinute] = []
        for each in order:
            pending = with_minute(pending, each)
        kept.append(sorted(pending))
    assert kept[0] == kept[1] == sorted(minutes[: 2 * MAX_SECTIONS])
