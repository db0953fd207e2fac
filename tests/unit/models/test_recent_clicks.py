"""Recent clicks and their ranking."""

from models.recent_clicks import CLICK_TTL_MS, MAX_CLICKS, Click, append_click, clicks_within, rank_by_decay
from tests.support.builders import at


def click(at_s: float, content: str = "a", type: str = "news") -> Click:
    return Click(at(at_s), content, type, True)


def remembered(*clicks: Click) -> list[Click]:
    kept: list[Click] = []
    for each in clicks:
        kept = append_click(kept, each)
    return kept


def test_clicks_are_forgotten_after_five_minutes() -> None:
    assert remembered(click(0), click(1), click(300)) == [click(1), click(300)]
    assert CLICK_TTL_MS == 300_000


def test_no_more_than_the_last_clicks_are_remembered() -> None:
    kept = remembered(*(click(n / 10) for n in range(40)))
    assert kept == [click(n / 10) for n in range(40 - MAX_CLICKS, 40)]


#   0s            1s                              60s
#   a             b                               now
#   (------------------- 60 s --------------------]     a has left
def test_recent_are_the_clicks_of_the_last_minute() -> None:
    assert clicks_within([click(0), click(1), click(60)], at(60)) == [click(1), click(60)]


def test_a_click_that_is_still_to_come_is_not_recent() -> None:
    assert clicks_within([click(61)], at(60)) == []


def test_a_click_weighs_half_after_a_minute() -> None:
    # b: 1/4 + 1/4 + 1/4 of two minutes ago; a: 1/2 of one minute ago; c: 1 now, but named only once
    clicks = [click(0, "b"), click(0, "b"), click(0, "b"), click(60, "a"), click(120, "c")]
    assert rank_by_decay(clicks, at(120), "content_id") == ["c", "b", "a"]


def test_ties_go_by_name() -> None:
    assert rank_by_decay([click(0, "b"), click(0, "a")], at(5), "content_id") == ["a", "b"]
    # one click now weighs as much as two of a minute ago
    assert rank_by_decay([click(0, "b"), click(0, "b"), click(60, "a")], at(60), "content_id") == ["a", "b"]


def test_clicks_without_a_name_are_left_out() -> None:
    assert rank_by_decay([click(0, ""), click(0, "a", "")], at(5), "content_id") == ["a"]
    assert rank_by_decay([click(0, "a", "")], at(5), "content_type") == []
