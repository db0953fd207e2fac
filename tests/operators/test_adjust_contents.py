"""Content windows through the real operator, with the shipped rule and with rules of the test's own."""

import numpy as np
import pytest

from infra.simulate.worlds.items import ItemWorld, constantly, doubling, growing, item_windows
from jobs.adjust import load_rules
from models.judgement.stream_detector import StreamDetector
from tests.operators.conftest import Start
from tests.support.builders import (
    ANNA,
    BEGINNING,
    FILM,
    MORNING_NEWS,
    NAN,
    CrossingRow,
    content_window,
    rule,
    session_window,
)
from tests.support.flink_fakes import Running
from tests.support.operator_outputs import commands, fed, key_of, seconds
from udfs.crossing_rows import ContentWindow

LOSING = tuple(each for each in load_rules("") if each.id == "losing-readers-shorten")
SHALLOW = rule(
    id="shallow",
    lane="content_window",
    when=[{"feature": "depth", "z_below": -4}],
    then={"action": "shorten", "parameters": {"what": "$content_id"}},
)
CALM = [content_window(60 + 10 * n, depth=0.6) for n in range(31)]
"""Five minutes of windows, of which those that end with a minute teach."""


def crossing(window: ContentWindow) -> CrossingRow:
    numbers = [window.end_ms, window.first_ms, window.new_exits, window.new_rapid_exits, window.reader_slices]
    hashes = [min(window.leavers, default=NAN), max(window.leavers, default=NAN)]
    return "content", [float(each) for each in (*numbers, *hashes, *window.values)], [window.content_id, "news"]


def commanded(start: Start, world: ItemWorld, items: int, seed: int) -> list[list[float]]:
    """When each item of a world is shortened, in seconds."""
    random, job = np.random.default_rng(seed), start(*LOSING)
    return [
        seconds(fed(job, map(crossing, item_windows(world, random, f"item-{number}", BEGINNING))))
        for number in range(items)
    ]


def test_an_item_is_judged_by_its_own_past(start: Start) -> None:
    job = start(SHALLOW)
    assert fed(job, CALM) == []
    assert fed(job, [content_window(370, FILM, depth=0.1)]) == []
    [command] = commands(fed(job, [content_window(370, depth=0.1)]))
    assert (command.target.kind, command.target.id) == ("content", MORNING_NEWS)
    assert (command.session_id, command.user_id, command.content_id) == (None, None, MORNING_NEWS)
    assert command.parameters == {"what": MORNING_NEWS}
    # Four windows have taught, the fifth waits; with the floor of 0.02 the spread of a new value is that of five.
    assert command.evidence["depth"].baseline == pytest.approx(0.6)
    assert command.evidence["depth"].z == pytest.approx(-0.5 / 0.02 / np.sqrt(1.0 + 1.0 / _fading_count(5)), rel=1e-5)


def _fading_count(windows: int) -> float:
    return float(sum(2.0 ** (-n / 10.0) for n in range(windows)))


def test_twice_the_traffic_with_the_same_behaviour_shortens_nothing(start: Start) -> None:
    world = ItemWorld("lunch", doubling(10), constantly(0.2))
    assert sum(map(len, commanded(start, world, 30, seed=901))) == 0


def test_a_new_item_that_becomes_popular_is_not_shortened(start: Start) -> None:
    world = ItemWorld("new", growing(20), constantly(0.3), slices=180)
    assert sum(map(len, commanded(start, world, 30, seed=902))) == 0


@pytest.mark.parametrize(("rate", "share"), [(5, 0.5), (20, 0.2), (60, 0.5)])
def test_an_item_that_stays_as_it_is_is_left_alone(start: Start, rate: float, share: float) -> None:
    world = ItemWorld("constant", constantly(rate), constantly(share))
    assert sum(map(len, commanded(start, world, 15, seed=903))) <= 1


@pytest.mark.parametrize(("rate", "within_s"), [(5, 600), (10, 240), (20, 180), (60, 120)])
def test_an_item_that_loses_its_readers_is_shortened(start: Start, rate: float, within_s: float) -> None:
    """At five exits a minute three minutes hold fifteen: too few to tell 60 % from 20 % with so few false alarms."""
    world = ItemWorld("losing", constantly(rate), lambda slice_no: 0.6 if slice_no >= 180 else 0.2, slices=240)
    found = commanded(start, world, 20, seed=904)
    assert sum(any(1_800 < at_s <= 1_800 + within_s for at_s in each) for each in found) >= 16
    assert sum(at_s <= 1_800 for each in found for at_s in each) <= 1


@pytest.mark.parametrize("every", [1, 7])
def test_one_reader_who_leaves_again_and_again_moves_no_item(start: Start, every: int) -> None:
    """Every ten seconds he counts once; after more than a minute he is known."""
    world = ItemWorld("flips", constantly(5), constantly(0.2), slices=300, returning_every=every)
    assert sum(map(len, commanded(start, world, 15, seed=905))) == 0


def test_ten_rapid_exits_by_one_reader_are_none_of_the_item_s(start: Start) -> None:
    """The item has shown two hundred ordinary exits; without the memory of leavers, ten more at once would be evidence."""
    any_evidence = rule(id="any", lane="content_window", when=[{"feature": "rapid_exits", "rises": 2}])
    warm = [
        content_window(60 + 10 * n, new_exits=5, leavers=(n,), exits=30.0, rapid_exits=6.0, rapid_exit_share=0.2)
        for n in range(48)
    ]
    flips = [content_window(600 + 70 * n, leavers=(-1,), exits=1.0, rapid_exits=1.0) for n in range(10)]
    others = [content_window(600 + 70 * n, leavers=(1_000 + n,), exits=1.0, rapid_exits=1.0) for n in range(10)]
    one, many = start(any_evidence), start(any_evidence)
    assert fed(one, warm) == fed(many, warm) == []
    assert fed(one, flips) == []
    assert len(commands(fed(many, others))) > 0


def test_a_restart_changes_nothing(start: Start) -> None:
    world = ItemWorld("losing", constantly(20), lambda slice_no: 0.6 if slice_no >= 120 else 0.2, slices=180)
    rows = [crossing(each) for each in item_windows(world, np.random.default_rng(906), "item", BEGINNING)]
    whole = fed(start(*LOSING), rows)
    assert len(commands(whole)) > 0
    job, parts = start(*LOSING), []
    for row in rows:
        parts += fed(job, [row])
        job = start(*LOSING, flink=job.flink)
    assert parts == whole


def test_a_small_sum_of_an_item_s_first_minute_is_not_small(start: Start) -> None:
    few = rule(id="few", lane="content_window", when=[{"feature": "clicks", "below": 3}], cooldown_s=1)
    rows = [content_window(end_s, first_s=max(end_s - 60, 5)) for end_s in range(10, 90, 10)]
    assert seconds(fed(start(few), rows)) == [70, 80]


def test_the_type_of_a_content_item_can_be_asked_for(start: Start) -> None:
    news = rule(lane="content_window", when=[{"context": "content_type", "equals": "news"}])
    assert seconds(fed(start(news), [content_window(60)])) == [60]


def test_a_content_item_and_a_session_of_the_same_name_are_two(start: Start) -> None:
    content = rule(id="content", lane="content_window", when=[{"feature": "readers", "above": 0}])
    session = rule(id="session", when=[{"feature": "pages", "above": 0}])
    job = start(content, session)
    found = commands(fed(job, [content_window(60, ANNA), session_window(60)]))
    assert [(each.source.id, each.target.kind) for each in found] == [("content", "content"), ("session", "session")]
    assert job.flink.left_of("c" + ANNA) == {"content-habits-v2", "content-stream-v1", "content-decisions-v1"}


def test_state_of_an_earlier_release_is_left_to_expire(start: Start) -> None:
    job = start(SHALLOW)
    row = content_window(60)
    fed(job, [row])
    old = 'content-z-scores-v1 AAAA\ncontent-decisions-v1 [{"shorten":999},{},0,{}]'
    job.flink.values["content-v2"][key_of(row)] = old
    again = start(SHALLOW, flink=job.flink)
    fed(again, [content_window(70)])
    assert job.flink.left_of(key_of(row)) == {"content-habits-v2", "content-decisions-v1"}


def test_content_items_have_no_timers(start: Start) -> None:
    job: Running = start(SHALLOW)
    fed(job, CALM)
    assert job.flink.timers == set()


DAY_S = 24 * 3_600


@pytest.mark.parametrize("restarted", [False, True])
def test_an_item_that_nobody_has_read_for_a_day_begins_anew_with_or_without_a_restart(
    start: Start, restarted: bool
) -> None:
    """By event time: what an operator remembers in its cache does not outlive what stands in state."""
    job = start(SHALLOW)
    fed(job, CALM)
    back_s = 360 + DAY_S
    if restarted:
        job.flink.values["content-v2"].clear()
        job = start(SHALLOW, flink=job.flink)
    assert fed(job, [content_window(back_s, first_s=back_s - 10, depth=0.1)]) == []


def test_an_item_that_was_read_within_a_day_is_remembered(start: Start) -> None:
    job = start(SHALLOW)
    fed(job, CALM)
    assert len(commands(fed(job, [content_window(350 + DAY_S, depth=0.1)]))) == 1


ODD = rule(
    id="odd",
    lane="content_window",
    when=[{"feature": "engaged_oddness", "above": 0.6}],
    then={"action": "highlight_related", "parameters": {"what": "$content_id"}},
)


def minutes(engaged_ms: list[float], first: int = 1) -> list[CrossingRow]:
    """Six windows a minute, the last of which holds that engaged time."""
    return [
        content_window(60 * minute - back, engaged_ms=engaged, first_s=0)
        for minute, engaged in enumerate(engaged_ms, start=first)
        for back in range(50, -10, -10)
    ]


def ordinary(number: int) -> list[float]:
    return [float(each) for each in np.random.default_rng(5).normal(600_000.0, 20_000.0, number)]


def test_an_item_s_odd_minute_is_found_by_the_measured_detector(start: Start) -> None:
    """The job's scores are those of the class that the benchmark runs."""
    engaged = [*ordinary(80), 900_000.0]
    detector = StreamDetector()
    scores = [detector.score(each, BEGINNING + 60_000 * minute) for minute, each in enumerate(engaged, start=1)]
    odd = [60 * minute for minute, score in enumerate(scores, start=1) if score is not None and score > 0.6]
    assert odd == [60 * 81]
    assert seconds(fed(start(ODD), minutes(engaged))) == odd


def test_an_item_s_detector_goes_on_after_a_restart(start: Start) -> None:
    job = start(ODD)
    assert fed(job, minutes(ordinary(80))) == []
    again = start(ODD, flink=job.flink)
    assert seconds(fed(again, minutes([900_000.0], first=81))) == [60 * 81]
    alone = start(ODD)
    assert fed(alone, minutes([900_000.0], first=81)) == []


def test_within_a_minute_the_oddness_is_unknown(start: Start) -> None:
    known = rule(lane="content_window", when=[{"feature": "engaged_oddness", "above": 0.0}], cooldown_s=1)
    found = seconds(fed(start(known), minutes(ordinary(60))))
    # The first fifty minutes teach.
    assert found == [60 * minute for minute in range(51, 61)]
