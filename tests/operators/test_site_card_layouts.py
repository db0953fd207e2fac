"""The site's cards: what stands on them, and what becomes of state of other features or with made-up content types."""

import msgspec
import pytest

from models.isolation_forest.schedule import RefitSchedule
from models.judgement.card_registry import LEAD_MS, CardRegistry
from models.judgement.layout import SESSION_HABITS
from models.judgement.messages import CardMessage
from models.judgement.site_card import shipped_card
from models.judgement.site_sample import SiteSample
from models.judgement.site_statistics import CARD_MS, MAX_BUCKET_TYPES, MAX_TYPES
from tests.support.builders import CrossingRow, at, session_window
from tests.support.flink_fakes import FakeFlink, Running
from udfs.site_cards import ArrivedWindow, SiteCards

SCHEDULE = RefitSchedule(CARD_MS, LEAD_MS)
READERS = 60


def site(flink: FakeFlink | None = None) -> Running:
    return Running(SiteCards(SCHEDULE.every_ms, SCHEDULE.lead_ms, False), flink)


def crowd(end_s: int) -> list[CrossingRow]:
    """A window of each reader, who all do much the same."""
    return [
        session_window(end_s, f"reader-{n}", first_s=0, engaged_ms=50_000.0, scrolls=12.0, signs=24.0, pages=1.0)
        for n in range(READERS)
    ]


def cards_until(job: Running, end_s: int, since_s: int = 60) -> list[CardMessage]:
    """The messages that come while a crowd goes on, every ten seconds."""
    rows = []
    for now_s in range(since_s, end_s + 1, 10):
        for row in crowd(now_s):
            rows += job.send("site", row)
        rows += job.advance(at(now_s))
    return [msgspec.json.decode(row[2], type=CardMessage) for row in rows]


def test_after_five_minutes_a_card_of_the_site_is_made_for_each_half() -> None:
    made = [each for each in cards_until(site(), 960) if each.status == "made"]
    last = made[-1].cards
    assert [card["readers"] > 0 for card in last] == [True, True]
    assert sum(card["readers"] for card in last) == READERS
    assert all(len(card["means"]) > len(SESSION_HABITS) and card["ranks"] for card in last)


def test_a_card_says_the_same_whatever_order_windows_come_in() -> None:
    forth, back = site(), site()
    found = []
    for job, step in ((forth, 1), (back, -1)):
        rows = []
        for now_s in range(60, 700, 10):
            for row in crowd(now_s)[::step]:
                rows += job.send("site", row)
            rows += job.advance(at(now_s))
        found.append([tuple(row) for row in rows])
    assert found[0] == found[1]


def test_a_restart_changes_no_card() -> None:
    whole = [msgspec.json.encode(each) for each in cards_until(site(), 1_000)]
    first = site()
    parts = cards_until(first, 430)
    second = site(first.flink)
    parts += cards_until(second, 710, 440)
    parts += cards_until(site(second.flink), 1_000, 720)
    assert [msgspec.json.encode(each) for each in parts] == whole


def test_windows_that_other_features_have_left_are_passed_over() -> None:
    """A savepoint of a job with a feature more: what stands by place there means something else."""
    job = site()
    cards_until(job, 430)
    [arrivals] = job.flink.lists["site-arrivals-v1"].values()
    other = [msgspec.json.decode(each, type=ArrivedWindow) for each in arrivals]
    arrivals[:] = [
        msgspec.json.encode(
            msgspec.structs.replace(each, values=each.values[1:], wholes=each.wholes[1:], layout="of another job")
        ).decode()
        for each in other
    ]
    sample = msgspec.json.decode(job.flink.values["site-sample-v1"]["site"]) | {"layout": "of another job"}
    job.flink.values["site-sample-v1"]["site"] = msgspec.json.encode(sample).decode()
    made = [each for each in cards_until(site(job.flink), 1_300, 440) if each.status == "made"]
    assert made[-1].cards[0]["ranks"]


def test_cards_for_other_features_are_not_judged_by() -> None:
    registry = CardRegistry(SCHEDULE)
    epoch = SCHEDULE.epoch_at(at(900))
    card = shipped_card().to_json() | {"means": [7.0] * 40, "readers": 99}
    registry.on_message(CardMessage(epoch, "begins"))
    registry.on_message(CardMessage(epoch, "made", [card, card], "of another job"))
    assert not registry.is_pending(at(900))
    assert registry.resolve("reader", at(900)) == shipped_card()
    registry.on_message(CardMessage(epoch, "made", [card, card]))
    assert registry.resolve("reader", at(900)).readers == 99


@pytest.mark.parametrize("layout", ["of another job", None])
def test_a_sample_is_taken_up_only_by_the_same_features(layout: str | None) -> None:
    job = site()
    cards_until(job, 700)
    data = msgspec.json.decode(job.flink.values["site-sample-v1"]["site"])
    if layout is not None:
        data |= {"layout": layout}
    again = SiteSample.from_json(data).to_json()
    assert (again == data) == (layout is None)
    assert (again["sessions"] == {}) == (layout is not None)


def test_thousands_of_made_up_content_types_do_not_get_onto_the_card() -> None:
    job, rows = site(), []
    for now_s in range(60, 700, 10):
        for reader in range(READERS):
            begin_ms = at(now_s - 10)
            opened = "\x1e".join(f"{begin_ms + n}=made-up-{reader}-{now_s}-{n}" for n in range(20))
            own = f"{begin_ms}=news" if reader % 2 else opened
            rows += job.send("site", session_window(now_s, f"reader-{reader}", first_s=0, opened=own, engaged_ms=5e4))
        rows += job.advance(at(now_s))
    last = [each for row in rows if (each := msgspec.json.decode(row[2], type=CardMessage)).status == "made"][-1]
    for card in last.cards:
        assert 0 < len(card["type_shares"]) <= MAX_TYPES
        assert max(card["type_shares"], key=card["type_shares"].__getitem__) == "news"
    stored = msgspec.json.decode(job.flink.values["site-sample-v1"]["site"])
    assert all(len(bucket["types"]) <= MAX_BUCKET_TYPES for each in stored["statistics"] for bucket in each["buckets"])
