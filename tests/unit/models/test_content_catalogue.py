"""The catalogue of content items: what is kept, what is dropped, and what an item lacks for an action."""

from typing import Any

import pytest

from models.content_catalogue import ContentCatalogue
from models.content_item import ContentItem, ContentRecordError, ItemVariant, decode_item, encode_item, item_of
from models.content_lack import VARIANT_ACTIONS, lack
from models.reading_context import is_in_region

TEXT = encode_item(ContentItem(language="en", words=640))


def test_a_record_is_kept_in_a_compact_form_that_reads_back() -> None:
    body = """{"content_id": "a", "title": "Tides", "language": "en", "words": 640, "author": {"x": 1},
      "reading_level": {"score": 41.5, "method": "lix"}, "regions": ["AT", "419"], "topics": null,
      "variants": [{"variant": "simple", "language": "fr", "words": 300}], "sections": [{"id": "s1", "words": 90}]}"""
    item = item_of(body, "a")
    assert (item.language, item.words, item.level, item.level_method) == ("en", 640, 41.5, "lix")
    assert (item.regions, item.topics) == (("AT", "419"), ())
    assert item.languages() == ("en", "fr")
    assert [(each.id, each.words) for each in item.sections] == [("s1", 90)]
    text = encode_item(item)
    assert "Tides" not in text
    assert decode_item(text) == item


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "null",
        '{"content_id": "b"}',
        '{"content_id": "a", "words": -1}',
        '{"content_id": "a", "language": 5}',
        "[",
    ],
)
def test_what_is_no_item_is_refused_with_a_reason(body: str) -> None:
    with pytest.raises(ContentRecordError, match=r"."):
        item_of(body, "a")


def test_variants_that_nobody_spoke_of_are_not_the_same_as_none() -> None:
    assert item_of('{"content_id": "a"}', "a").variants is None
    assert item_of('{"content_id": "a", "variants": []}', "a").variants == ()


def test_beyond_the_bound_what_was_written_longest_ago_goes_first() -> None:
    catalogue = ContentCatalogue(max_items=2)
    assert catalogue.put("old", TEXT, 30) == []
    assert catalogue.put("older", TEXT, 10) == []
    assert catalogue.put("older", TEXT, 40) == []  # is now the newest
    assert catalogue.put("new", TEXT, 35) == ["old"]
    assert catalogue.put("ancient", TEXT, 5) == ["ancient"]
    assert (catalogue.get("old"), len(catalogue)) == (None, 2)
    item = catalogue.get("older")
    assert item is not None
    assert item.words == 640


def test_every_order_of_arrival_keeps_the_same_items() -> None:
    written = [(f"item-{number}", number % 7) for number in range(40)]
    kept = []
    for order in (written, written[::-1], sorted(written)):
        catalogue = ContentCatalogue(max_items=10)
        for content_id, at_ms in order:
            catalogue.put(content_id, TEXT, at_ms)
        kept.append({each for each, _ in written if catalogue.get(each)})
    assert kept[0] == kept[1] == kept[2]
    assert len(kept[0]) == 10


def test_the_bound_on_characters_holds_and_gives_back_what_is_removed() -> None:
    catalogue = ContentCatalogue(max_chars=3 * len(TEXT) + 10)
    for number in range(3):
        assert catalogue.put(str(number), TEXT, number) == []
    catalogue.remove("1")
    catalogue.remove("1")
    assert catalogue.put("3", TEXT, 3) == []
    assert catalogue.put("4", TEXT + " " * 10, 4) == ["0"]


def test_an_item_written_ten_thousand_times_takes_the_room_of_one() -> None:
    catalogue = ContentCatalogue()
    for number in range(10_000):
        catalogue.put("a", TEXT, number)
    assert len(catalogue) == 1
    assert len(catalogue._ages) < 2_000  # noqa: SLF001


ITEM = ContentItem(
    language="en", variants=(ItemVariant("simple", "en", 300), ItemVariant("francais", "fr"), ItemVariant("dry"))
)
SILENT = ContentItem(language="en", words=640)


@pytest.mark.parametrize(
    ("item", "action", "parameters", "lacks", "lacks_if_required"),
    [
        (ITEM, "simplify", {"variant": "simple"}, False, False),
        (ITEM, "simplify", {}, True, True),
        (ITEM, "enrich", {"variant": "detailed"}, True, True),
        (ITEM, "set_tone", {"tone": "dry"}, False, False),
        (ITEM, "set_tone", {"tone": "friendly"}, True, True),
        (ITEM, "set_length", {"length_words": 250}, False, False),
        (ITEM, "set_length", {"variant": "250"}, True, True),
        (ITEM, "shorten", {"part": "lead"}, False, False),
        (ITEM, "localise", {"language": "FR"}, False, False),
        (ITEM, "localise", {"language": "fr-CH"}, False, False),
        (ITEM, "localise", {"language": "de"}, True, True),
        (ITEM, "localise", {"language": "en"}, False, False),
        (ITEM, "lighten_media", {"images": "small"}, False, False),
        (ITEM, "prompt", {"kind": "still-reading"}, False, False),
        (ContentItem(variants=()), "simplify", {"variant": "simple"}, True, True),
        (SILENT, "simplify", {"variant": "simple"}, False, True),
        (SILENT, "localise", {"language": "fr"}, False, True),
        (SILENT, "localise", {"language": "en"}, False, False),
        (None, "simplify", {"variant": "simple"}, False, True),
        (None, "localise", {"language": "fr"}, False, True),
        (None, "reorder", {}, False, False),
    ],
)
def test_what_an_item_lacks(
    item: ContentItem | None, action: str, parameters: dict[str, Any], lacks: bool, lacks_if_required: bool
) -> None:
    assert (lack(item, action, parameters, False) is not None) == lacks
    assert (lack(item, action, parameters, True) is not None) == lacks_if_required


def test_the_actions_that_show_variants_are_those_of_the_text() -> None:
    assert {"simplify", "shorten", "expand", "enrich", "visualise", "set_length", "set_tone"} == VARIANT_ACTIONS


@pytest.mark.parametrize(
    ("regions", "country", "is_in"),
    [
        (("AT", "CH"), "at", True),
        (("AT",), "FR", False),
        ((), "FR", None),
        (("AT",), None, None),
        (("419",), "MX", None),
    ],
)
def test_a_region_is_known_only_where_both_sides_are(
    regions: tuple[str, ...], country: str | None, is_in: bool | None
) -> None:
    assert is_in_region(ContentItem(regions=regions), country) is is_in
