"""Content ids that are addresses: nothing personal in them, and two items stay two."""

from itertools import combinations

import pytest

from schemas.addresses import stored_content_id
from schemas.content_validation import validated

PAPER = "https://paper.example/article.php"


@pytest.mark.parametrize("content_id", ["kites", "a?b#c", "a/b", "ina@konto", "?", "", "//x", f"{PAPER}", "urn:a:b?c"])
def test_what_is_no_address_or_holds_nothing_stays_as_it_is(content_id: str) -> None:
    assert stored_content_id(content_id) == content_id


@pytest.mark.parametrize("end", ["?token=s3cr3t-77", "?a=b&mail=ina%40konto.example#s3cr3t", "#s3cr3t", "#/s3cr3t?x=1"])
def test_neither_query_nor_fragment_nor_user_stay(end: str) -> None:
    stored = stored_content_id("https://ina:s3cr3t@paper.example/article.php" + end)
    assert stored.partition("~")[0] == PAPER
    assert "s3cr3t" not in stored
    assert "ina" not in stored


def test_items_that_only_the_query_or_the_route_tells_apart_stay_apart() -> None:
    ids = [PAPER, f"{PAPER}?id=5", f"{PAPER}?id=6", f"{PAPER}#/id/5", f"{PAPER}#!id/6", f"{PAPER}?id=5#/b"]
    assert all(stored_content_id(one) != stored_content_id(other) for one, other in combinations(ids, 2))


def test_a_place_on_the_page_is_the_same_item() -> None:
    assert stored_content_id(f"{PAPER}?id=5#comments") == stored_content_id(f"{PAPER}?id=5")


def test_what_was_stored_is_found_by_either_name() -> None:
    stored = stored_content_id(f"{PAPER}?id=5#/b")
    assert stored_content_id(stored) == stored
    assert validated({"content_id": f"{PAPER}?id=5#/b"})[0] == stored
    assert validated({"content_id": f"{PAPER}?id=5#/b"}, stored)[0] == stored
