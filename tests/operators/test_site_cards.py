"""The operator of the site's cards: neither the order of arrival nor a restart changes what comes out."""

from collections.abc import Iterable
from random import Random

import msgspec
import pytest

from models.judgement.card_registry import LEAD_MS
from models.judgement.messages import CardMessage
from models.judgement.site_sample import MAX_SAMPLED
from models.judgement.site_statistics import CARD_MS
from tests.support.builders import BEGINNING, CrossingRow, at, session_window
from tests.support.flink_fakes import FakeFlink, Running
from udfs.site_cards import SiteCards

EPOCH_S = CARD_MS // 1000
FIRST = BEGINNING // CARD_MS


def started(flink: FakeFlink | None = None) -> Running:
    return Running(SiteCards(CARD_MS, LEAD_MS), flink)


def sent(job: Running, rows: Iterable[CrossingRow]) -> None:
    for row in rows:
        assert job.send("site", row) == []


def until(job: Running, epoch: int) -> list[CardMessage]:
    return [msgspec.json.decode(each[2], type=CardMessage) for each in job.advance(at(epoch * EPOCH_S))]


def told(messages: list[CardMessage]) -> list[tuple[int, str]]:
    return [(each.epoch - FIRST, each.status) for each in messages]


def minutes(since_s: int, until_s: int, readers: int) -> list[CrossingRow]:
    """A window each minute of as many readers, who move more or less."""
    return [
        session_window(end_s, f"reader-{n}", first_s=since_s, signs=float(10 + 7 * n % 40 + end_s // 60 % 5))
        for end_s in range(since_s + 60, until_s + 1, 60)
        for n in range(readers)
    ]


#   0 min      5 min: made           15 min: made
#   | windows  |     nobody    | windows  |
def test_an_epoch_is_announced_once_event_time_has_reached_its_first_window() -> None:
    job = started()
    sent(job, minutes(0, 300, 3))
    sent(job, minutes(600, 900, 3))
    assert told([msgspec.json.decode(each[2], type=CardMessage) for each in job.advance(at(59))]) == []
    assert told(until(job, 1)) == [(1, "begins"), (1, "made")]
    assert told(until(job, 2)) == []
    assert told(until(job, 4)) == [(3, "begins"), (3, "made")]
    assert job.flink.timers == set()


@pytest.mark.parametrize("seed", range(4))
def test_of_two_subtasks_one_may_be_epochs_ahead(seed: int) -> None:
    """The first window to arrive is not the first in event time: that one decides which epoch begins."""
    rows = minutes(0, 300, 20) + minutes(300, 600, 20) + minutes(1200, 1500, 20)
    ordered, mixed = started(), started()
    sent(ordered, rows)
    wanted = until(ordered, 6)
    Random(seed).shuffle(rows)
    sent(mixed, rows)
    assert until(mixed, 6) == wanted
    assert told(wanted) == [(1, "begins"), (1, "made"), (2, "begins"), (2, "made"), (5, "begins"), (5, "made")]
    assert wanted[-1].cards[0]["readers"] > 0


def test_a_window_that_comes_before_its_epoch_gives_way_to_no_session_of_the_one_under_way() -> None:
    """Of more readers than the sample holds: who is in it does not depend on what is still there of the epoch before."""
    early, later = (
        [session_window(end_s, f"{who}-{n}", first_s=end_s - 60) for n in range(2 * MAX_SAMPLED)]
        for end_s, who in ((120, "first"), (420, "second"))
    )
    live, replayed = started(), started()
    sent(live, early)
    wanted = until(live, 1)
    sent(live, later)
    wanted += until(live, 2)
    sent(replayed, early + later)
    assert until(replayed, 2) == wanted
    assert live.flink.values == replayed.flink.values


@pytest.mark.parametrize("cut", [0, 1, 30, 59, 60, 61, 100])
def test_a_restart_changes_nothing(cut: int) -> None:
    rows = minutes(0, 300, 12) + minutes(300, 600, 12)
    whole = started()
    sent(whole, rows)
    wanted = until(whole, 2)
    job = started()
    sent(job, rows[:cut])
    job = started(job.flink)
    sent(job, rows[cut:])
    found = until(job, 1)
    job = started(job.flink)
    assert found + until(job, 2) == wanted


def test_an_epoch_of_the_release_before_goes_on() -> None:
    """It announced an epoch at its first window, and set no timer for windows that came before theirs."""
    job = started()
    sent(job, minutes(0, 600, 3))
    job.flink.timers = {(at(EPOCH_S), "site")}
    job.flink.values["site-epoch-v1"]["site"] = FIRST + 1  # type: ignore[assignment]
    again = started(job.flink)
    assert told(until(again, 1)) == [(1, "made")]
    assert told(until(again, 2)) == [(2, "begins"), (2, "made")]
