"""The site as a whole: its minutes are scored in order, told of where they are out of the ordinary, and known to rules."""

import json
import re
from random import Random

import msgspec
import pytest

from models.judgement.messages import SiteScore
from models.judgement.site_scores import LEAD_MS, SITE_SCHEDULE
from models.judgement.site_stream import ALERT_SCORE, CRITICAL_SCORE, FIRST_MINUTES, MAX_SILENT_MINUTES, MINUTE_MS
from models.judgement.stream_detector import WARM_UP
from schemas.alerts import Alert
from schemas.events import LATEST_MS
from schemas.rules import Rule
from tests.support.builders import BEGINNING, CrossingRow, at, rule, session_window
from tests.support.flink_fakes import FakeFlink, Running
from tests.support.operator_outputs import changes, fed, seconds
from tests.support.stages import window_commands
from udfs.crossing_rows import SITE_KEY, SITE_MINUTE
from udfs.metrics import SITE_ALERTS
from udfs.site_stream import ALERT, SiteStreams

READERS = 200
KNOWN = FIRST_MINUTES + 60


def site_minute(minute: int, engaged_ms: int) -> CrossingRow:
    return (SITE_MINUTE, [float(BEGINNING + minute * MINUTE_MS), float(engaged_ms)], [None])


def ordinary(first: int, last: int) -> list[CrossingRow]:
    """Minutes in which about as many readers are there."""
    return [
        site_minute(each, round(READERS * 35_000 * Random(each).uniform(0.85, 1.15))) for each in range(first, last + 1)
    ]


def started(flink: FakeFlink | None = None) -> Running:
    return Running(SiteStreams(), flink)


def sent(job: Running, rows: list[CrossingRow], until_minute: int) -> list[tuple[str, str, str]]:
    for row in rows:
        assert job.send(SITE_KEY, row) == []
    return [tuple(each) for each in job.advance(BEGINNING + until_minute * MINUTE_MS)]


def alerts(rows: list[tuple[str, str, str]]) -> list[Alert]:
    return [msgspec.json.decode(body, type=Alert) for kind, _, body in rows if kind == ALERT]


def scores(rows: list[tuple[str, str, str]]) -> dict[int, float | None]:
    found = [msgspec.json.decode(body, type=SiteScore) for kind, _, body in rows if kind == "site"]
    return {each.epoch - BEGINNING // MINUTE_MS: each.score for each in found}


def test_each_minute_is_scored_once_enough_have_been_seen() -> None:
    found = scores(sent(started(), ordinary(1, WARM_UP + 10), WARM_UP + 10))
    assert list(found) == list(range(1, WARM_UP + 11))
    assert next(minute for minute, score in found.items() if score is not None) == WARM_UP + 1
    assert all(0.0 <= score < 0.55 for score in found.values() if score is not None)


#   ordinary minutes ...  | outage: nobody for ten minutes | ordinary
def test_a_minute_without_events_is_one_and_told_of_once() -> None:
    job = started()
    assert alerts(sent(job, ordinary(1, KNOWN), KNOWN)) == []
    (alert,) = alerts(sent(job, [], KNOWN + 10))
    assert (alert.kind, alert.subject, alert.severity) == ("site_anomaly", "site", "critical")
    assert alert.at_ms == BEGINNING + (KNOWN + 1) * MINUTE_MS
    assert alert.value is not None
    assert alert.value >= CRITICAL_SCORE
    assert alert.threshold == ALERT_SCORE
    # 200 readers, each engaged for 35 s a minute, give or take 15 %.
    (usual_s,) = re.findall(r"engaged for 0 s, where ([\d,]+) s is usual", alert.text)
    assert int(usual_s.replace(",", "")) == pytest.approx(7_000, rel=0.05)
    assert alerts(sent(job, ordinary(KNOWN + 11, KNOWN + 40), KNOWN + 40)) == []
    assert job.flink.counters[SITE_ALERTS] == 1


def reduced(first: int, last: int, share: float) -> list[CrossingRow]:
    return [(kind, [at_ms, engaged * share], key) for kind, (at_ms, engaged), key in ordinary(first, last)]


#   ordinary minutes ... | a third for twenty minutes | nobody for half an hour
def test_an_outage_within_an_hour_of_a_lesser_alert_is_told_all_the_same() -> None:
    job = started()
    assert alerts(sent(job, ordinary(1, KNOWN), KNOWN)) == []
    (first,) = alerts(sent(job, reduced(KNOWN + 1, KNOWN + 20, 1 / 3), KNOWN + 20))
    # A restart in between: what was told is in the state.
    (second,) = alerts(sent(started(job.flink), [], KNOWN + 50))
    assert second.at_ms == BEGINNING + (KNOWN + 21) * MINUTE_MS
    assert first.value is not None
    assert second.value is not None
    assert second.value > first.value
    assert "engaged for 0 s" in second.text


#   ordinary minutes ... | one event in the last second of the year 9999
def test_a_leap_to_the_end_of_the_calendar_is_an_hour_of_silence_and_stops_nothing() -> None:
    job = started()
    sent(job, ordinary(1, KNOWN), KNOWN)
    last = (LATEST_MS + 1 - BEGINNING) // MINUTE_MS
    found = sent(job, [site_minute(last, READERS * 10**11)], last)
    assert len(scores(found)) == MAX_SILENT_MINUTES + 1
    first, *_, leap = alerts(found)
    assert (first.at_ms, leap.at_ms) == (BEGINNING + (KNOWN + 1) * MINUTE_MS, LATEST_MS + 1)
    assert "in the minute up to 9999-12-31 23:59 UTC" in leap.text
    # Nothing of before counts again.
    assert sent(job, ordinary(KNOWN + 1, KNOWN + 5), last) == []


def test_a_state_from_before_the_score_of_an_alert_was_kept_is_quiet_for_the_hour() -> None:
    job = started()
    sent(job, ordinary(1, KNOWN), KNOWN)
    assert len(alerts(sent(job, reduced(KNOWN + 1, KNOWN + 5, 1 / 3), KNOWN + 5))) == 1
    states = job.flink.values["site-stream-v1"]
    (key,) = states
    *before, _ = json.loads(states[key])
    states[key] = json.dumps(before)
    assert alerts(sent(started(job.flink), [], KNOWN + 50)) == []


def test_a_site_that_nobody_has_known_for_long_enough_is_not_told_of() -> None:
    job = started()
    assert alerts(sent(job, ordinary(1, FIRST_MINUTES - 20), FIRST_MINUTES - 20)) == []
    assert alerts(sent(job, [], FIRST_MINUTES)) == []


def test_after_an_hour_of_silence_nothing_is_scored_and_no_timer_waits() -> None:
    job = started()
    found = scores(sent(job, ordinary(1, 10), 10 + 2 * MAX_SILENT_MINUTES))
    assert max(found) == 10 + MAX_SILENT_MINUTES
    assert job.flink.timers == set()
    later = 10 + 3 * MAX_SILENT_MINUTES
    assert list(scores(sent(job, [site_minute(later, 1)], later))) == [later]


@pytest.mark.parametrize("seed", range(3))
def test_neither_the_order_of_arrival_nor_a_restart_changes_a_score(seed: int) -> None:
    """Of two subtasks that sum, one may be minutes ahead."""
    rows = ordinary(1, KNOWN)[:200] + ordinary(205, KNOWN)
    whole = sent(started(), rows, KNOWN + 5)
    mixed, flink = list(rows), FakeFlink()
    Random(seed).shuffle(mixed)
    early = [row for row in mixed if row[1][0] <= BEGINNING + 230 * MINUTE_MS or Random(seed + 1).random() < 0.5]
    found = sent(started(flink), early, 230)
    found += sent(started(flink), [row for row in mixed if row not in early], KNOWN + 5)
    assert found == whole
    assert len(scores(found)) == KNOWN + 5


ODD = rule(id="odd", when=[{"feature": "site_oddness", "above": 0.5}], cooldown_s=10)

ALWAYS = rule(id="always", when=[{"feature": "session_age_ms", "above": -1}], cooldown_s=10)


def told(minute: int, score: float | None) -> tuple[str, str, str]:
    message = SiteScore((BEGINNING + minute * MINUTE_MS) // MINUTE_MS, score)
    return ("site", "site", msgspec.json.encode(message).decode())


def windows(until_s: int) -> list[CrossingRow]:
    return [session_window(end_s) for end_s in range(60, until_s + 1, 10)]


def judging(flink: FakeFlink | None = None, asking: Rule = ODD) -> Running:
    return Running(window_commands(asking, site_schedule=SITE_SCHEDULE), flink)


#   0      60 s     120 s: score of minute 2 | 180 s ... 230 s know it | 240 s: that of minute 3
def test_a_window_knows_the_score_of_the_minute_that_ended_one_to_two_minutes_before() -> None:
    job = judging()
    for minute, score in ((1, 0.1), (2, 0.7), (3, None), (4, 0.2)):
        job.broadcast(told(minute, score))
    found = fed(job, windows(300))
    assert LEAD_MS == MINUTE_MS
    assert seconds(found) == list(range(180, 240, 10))


def test_a_window_waits_for_a_score_that_is_under_way_until_event_time_has_passed_it() -> None:
    live, replayed = judging(), judging()
    for minute, score in ((1, 0.1), (2, 0.7), (3, 0.1)):
        live.broadcast(told(minute, score))
    wanted = fed(live, windows(230))
    assert changes(fed(replayed, windows(230))) == []
    for minute, score in ((1, 0.1), (2, 0.7), (3, 0.1)):
        replayed.broadcast(told(minute, score))
    assert replayed.advance(at(230)) == wanted != []


def test_a_site_of_which_nothing_is_told_has_no_score_and_holds_nobody_up() -> None:
    calm = rule(id="calm", when=[{"feature": "site_oddness", "below": 0.5}], cooldown_s=10)
    for asking, wanted in ((ODD, []), (calm, []), (ALWAYS, list(range(60, 201, 10)))):
        job = judging(asking=asking)
        assert fed(job, windows(200)) == []
        assert seconds(job.advance(at(200))) == wanted


def test_a_restart_finds_the_scores_that_windows_still_need() -> None:
    flink = FakeFlink()
    first = judging(flink)
    for minute, score in ((1, 0.1), (2, 0.7)):
        first.broadcast(told(minute, score))
    fed(first, windows(170))
    assert seconds(fed(judging(flink), [session_window(180)])) == [180]
