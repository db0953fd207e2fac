"""Own counters, sequences and silences through the real operator of the fast lane."""

import json
from typing import Any

import pytest

from models.rules.compiled import KNOWN_FEATURES
from models.rules.event_log import MAX_LOGGED
from models.rules.silences import MAX_SILENCES
from schemas.rules import Rule, parse_rule
from tests.operators.conftest import WAIT_MS, Start
from tests.support.builders import ANNA, BEN, SESSION_END_S, at, rule_data, trigger_event
from tests.support.operator_outputs import commands, fed, seconds

KEY = "s" + ANNA
CLICKS = {"name": "own_clicks", "count": {"event": "click"}, "within_s": 60}


def counting(above: float = 2, **changed: Any) -> dict[str, Any]:
    """More clicks in a minute than `above` ask for something."""
    given = {"features": [CLICKS], "when": [{"feature": "own_clicks", "above": above}], "cooldown_s": 0}
    return rule_data(id="counting", lane="event", **(given | changed))


def following(*elements: str, within_s: int = 60, **changed: Any) -> dict[str, Any]:
    """One event after another asks for something."""
    given = {"sequence": list(elements), "within_s": within_s, "cooldown_s": 0}
    return {name: value for name, value in rule_data(lane="event", **given).items() if name != "when"} | changed


def parsed(data: dict[str, Any]) -> Rule:
    return parse_rule(data, KNOWN_FEATURES)


def clicks(*at_s: float, first: int = 1) -> list[Any]:
    return [trigger_event(f"c{first + number}", each) for number, each in enumerate(at_s)]


#   0 s   30 s   59 s: three   61 s: 0 has left   89 s: 30 is 59 s ago   121 s: 61, exactly a minute ago, has left
def test_a_counter_counts_the_events_within_its_time(start_fast: Start) -> None:
    job = start_fast(parsed(counting()))
    assert seconds(fed(job, clicks(0, 30, 59))) == [59]
    assert seconds(fed(job, clicks(61, 89, 121, first=4))) == [61, 89]


def test_a_count_tells_what_was_counted_and_where_the_threshold_lay(start_fast: Start) -> None:
    found = commands(fed(start_fast(parsed(counting())), clicks(0, 1, 2)))
    [bound] = found[0].evidence["own_clicks"].bounds
    assert found[0].evidence["own_clicks"].value == 3
    assert (bound.threshold, bound.unit) == (2, "count")


def test_an_event_that_comes_late_counts_where_it_belongs(start_fast: Start) -> None:
    job = start_fast(parsed(counting()))
    assert fed(job, clicks(0, 30)) == []
    # Of 29.5 s: for it, two events have happened; for the next one it is the third before.
    assert fed(job, clicks(29.5, first=3)) == []
    assert seconds(fed(job, clicks(31, first=4))) == [31]


def test_an_event_that_comes_again_after_many_others_counts_once(start_fast: Start) -> None:
    job = start_fast(parsed(counting(above=41)))
    fed(job, clicks(*(number / 10 for number in range(40))))
    assert fed(job, [trigger_event("c1", 0), trigger_event("c41", 5), trigger_event("c2", 0.1)]) == []
    assert seconds(fed(job, [trigger_event("c42", 6)])) == [6]


def test_sessions_are_counted_apart(start_fast: Start) -> None:
    job = start_fast(parsed(counting()))
    assert fed(job, [*clicks(0, 1), trigger_event("b1", 2, BEN), trigger_event("b2", 3, BEN)]) == []


def test_a_counter_goes_on_after_a_restart(start_fast: Start) -> None:
    before = start_fast(parsed(counting()))
    assert fed(before, clicks(0, 1)) == []
    assert seconds(fed(start_fast(parsed(counting()), flink=before.flink), clicks(2, first=3))) == [2]


def test_an_edited_threshold_keeps_the_count(start_fast: Start) -> None:
    job = start_fast(parsed(counting(above=9)))
    assert fed(job, clicks(0, 1, 2)) == []
    job.broadcast(("rule", "counting", json.dumps(counting(above=3, version=2, about="Sooner."))))
    assert seconds(fed(job, clicks(3, first=4))) == [3]


def test_a_deleted_rule_frees_its_counters(start_fast: Start) -> None:
    job = start_fast(parsed(counting()))
    fed(job, clicks(0, 1))
    assert "own-events-v1" in job.flink.left_of(KEY)
    job.broadcast(("rule", "counting", None))
    fed(job, clicks(2, first=3))
    assert "own-events-v1" not in job.flink.left_of(KEY)
    job.broadcast(("rule", "counting", json.dumps(counting())))
    assert fed(job, clicks(3, first=4)) == []


def test_rules_without_counters_and_sequences_keep_nothing(start_fast: Start) -> None:
    job = start_fast(parsed(rule_data(lane="event", when=[{"event": "type", "equals": "click"}])))
    fed(job, [*clicks(0), trigger_event("p1", 1, type="page_view")])
    assert job.flink.left_of(KEY) == {"gestures-v1", "event-decisions-v1"}
    assert json.loads(job.flink.state_field("gestures-v1")[KEY])[0] == ["c1"]


def test_what_a_counter_remembers_is_bounded(start_fast: Start) -> None:
    job = start_fast(parsed(counting(above=MAX_LOGGED - 1)))
    found = fed(job, clicks(*(number / 100 for number in range(MAX_LOGGED + 50))))
    assert len(found) == 51
    [log] = json.loads(job.flink.state_field("own-events-v1")[KEY])[1].values()
    assert len(log) == MAX_LOGGED


def test_views_of_pages_are_counted_and_asked_about_by_no_other_rule(start_fast: Start) -> None:
    pages = {"name": "pages_seen", "count": {"event": "page_view"}, "within_s": 60}
    any_phone = rule_data(id="phone", lane="event", when=[{"context": "device", "equals": "phone"}])
    asked = counting(features=[pages], when=[{"feature": "pages_seen", "above": 1}])
    job = start_fast(parsed(asked), parsed(any_phone))
    found = commands(fed(job, [trigger_event(f"p{each}", each, type="page_view") for each in range(2)]))
    assert [each.source.id for each in found] == ["counting"]


#   0 s  10 s   20 s      |   100 s   161 s
#   A    B      B again   |   A       B: too late
def test_a_sequence_holds_once_within_its_time(start_fast: Start) -> None:
    job = start_fast(parsed(following("page_view", "click")))
    rows = [trigger_event("p1", 0, type="page_view"), *clicks(10, 20)]
    rows += [trigger_event("p2", 100, type="page_view"), *clicks(161, first=3)]
    found = fed(job, rows)
    assert seconds(found) == [10]
    evidence = commands(found)[0].evidence["sequence"]
    assert (evidence.value, evidence.window_start_ms, evidence.window_end_ms) == ("page_view, click", at(0), at(10))


@pytest.mark.parametrize(
    ("came", "holds"),
    [
        (["page_view", "click", "feedback"], True),
        (["click", "page_view", "feedback"], False),
        (["page_view", "click", "click", "feedback"], True),
        (["page_view", "conversion", "click", "feedback"], False),
        (["page_view", "click", "conversion", "feedback"], False),
        (["page_view", "conversion", "page_view", "click", "feedback"], True),
        (["conversion", "page_view", "click", "feedback"], True),
    ],
)
def test_a_sequence_is_broken_by_what_must_not_come_meanwhile(start_fast: Start, came: list[str], holds: bool) -> None:
    asked = following("page_view", "click", "feedback", without="conversion")
    rows = [trigger_event(f"e{number}", number, type=each) for number, each in enumerate(came)]
    assert seconds(fed(start_fast(parsed(asked)), rows)) == ([len(came) - 1] if holds else [])


def test_conditions_are_asked_at_the_last_event_of_a_sequence(start_fast: Start) -> None:
    asked = following("click", "feedback", when=[{"feature": "rating", "below": 3}])
    rows = [*clicks(0), trigger_event("f1", 1, type="feedback", value=5)]
    rows += [*clicks(2, first=2), trigger_event("f2", 3, type="feedback", value=2)]
    assert seconds(fed(start_fast(parsed(asked)), rows)) == [3]


NO_CLICK = following("page_view", without="click")


def test_a_silence_is_told_when_its_time_is_over(start_fast: Start) -> None:
    job = start_fast(parsed(NO_CLICK))
    assert fed(job, [trigger_event("p1", 5, type="page_view", user="anna")]) == []
    assert job.advance(at(65) - 1) == []
    [command] = commands(job.advance(at(65)))
    assert (command.issued_at_ms, command.user_id, command.target.id) == (at(65), "anna", ANNA)
    assert command.evidence["without"].value == "click"
    assert job.advance(at(200)) == []


@pytest.mark.parametrize(("click_s", "is_silent"), [(4, True), (6, False), (65, False), (65.001, True)])
def test_a_silence_ends_with_its_time_the_last_instant_included(
    start_fast: Start, click_s: float, is_silent: bool
) -> None:
    job = start_fast(parsed(NO_CLICK))
    found = fed(job, [trigger_event("p1", 5, type="page_view"), *clicks(click_s)])
    assert seconds(found + job.advance(at(300))) == ([65] if is_silent else [])


def test_a_click_that_is_told_before_the_view_that_it_followed_breaks_the_silence(start_fast: Start) -> None:
    job = start_fast(parsed(NO_CLICK))
    found = fed(job, [*clicks(6), trigger_event("p1", 5, type="page_view")])
    assert found + job.advance(at(300)) == []


def test_a_silence_survives_a_restart(start_fast: Start) -> None:
    before = start_fast(parsed(NO_CLICK))
    fed(before, [trigger_event("p1", 5, type="page_view")])
    assert seconds(start_fast(parsed(NO_CLICK), flink=before.flink).advance(at(100))) == [65]


def test_a_silence_of_a_deleted_rule_comes_to_nothing(start_fast: Start) -> None:
    job = start_fast(parsed(NO_CLICK))
    fed(job, [trigger_event("p1", 5, type="page_view")])
    job.broadcast(("rule", NO_CLICK["id"], None))
    assert job.advance(at(100)) == []
    assert "own-events-v1" not in job.flink.left_of(KEY)


def test_events_that_overtake_the_timer_change_nothing(start_fast: Start) -> None:
    rows = [trigger_event("p1", 5, type="page_view"), *clicks(70, 75)]
    rows += [trigger_event("p2", 5 + 2 * SESSION_END_S, type="page_view")]
    answers = []
    for told in (True, False):  # a replay at full speed hears of time later than of events
        job, found = start_fast(parsed(NO_CLICK)), []
        for row in rows:
            if told:
                found += job.advance(int(row[1][0]) - WAIT_MS)
            found += fed(job, [row])
        answers.append(seconds(found + job.advance(at(10_000))))
        assert job.flink.left_of(KEY) == set()
        assert job.flink.timers == set()
    assert answers == [[65, 65 + 2 * SESSION_END_S]] * 2


def test_a_bounded_number_of_silences_is_waited_for_whenever_time_is_told(start_fast: Start) -> None:
    rows = [trigger_event(f"p{each}", each * 10, type="page_view") for each in range(30)]
    answers = []
    for told in (True, False):
        job, found = start_fast(parsed(following("page_view", without="click", within_s=120))), []
        for row in rows:
            if told:
                found += job.advance(int(row[1][0]) - WAIT_MS)
            found += fed(job, [row])
            state = json.loads(job.flink.state_field("own-events-v1")[KEY])
            assert all(len(each) <= MAX_SILENCES for each in state[3].values())
        answers.append(seconds(found + job.advance(at(1_000))))
    # The places of the first eight are free again 2.5 s after their ends, for the event after that.
    assert answers[0] == answers[1]
    assert answers[0][:9] == [120.0, 130.0, 140.0, 150.0, 160.0, 170.0, 180.0, 190.0, 250.0]


def test_a_counter_counts_only_what_its_expression_is_true_of(start_fast: Start) -> None:
    pricing = {
        "name": "pricing",
        "count": {"event": "click", "where": 'page_url.startsWith("/pricing")'},
        "within_s": 60,
    }
    job = start_fast(parsed(counting(features=[pricing], when=[{"feature": "pricing", "above": 1}])))
    urls = ("/pricing", "/home", None, "/pricing/teams", "/home")
    rows = [trigger_event(f"c{at_s}", at_s, page_url=url) for at_s, url in enumerate(urls)]
    assert seconds(fed(job, rows)) == [3, 4]


def test_the_elements_of_a_sequence_can_be_expressions(start_fast: Start) -> None:
    asked = following(
        'type == "page_view" && page_url == "/pricing"', 'type in ["feedback", "conversion"]', without="click"
    )
    job = start_fast(parsed(asked))
    rows = [
        trigger_event("p1", 0, type="page_view", page_url="/home"),
        trigger_event("f1", 1, type="feedback", value=1),
        trigger_event("p2", 2, type="page_view", page_url="/pricing"),
        trigger_event("v1", 3, type="conversion"),
    ]
    assert seconds(fed(job, rows)) == [3]


def test_a_broken_expression_is_refused_with_its_place_and_the_last_good_version_stays(start_fast: Start) -> None:
    job = start_fast(parsed(counting()))
    wrong = counting(features=[{**CLICKS, "count": {"event": "click", "where": "page_ur == '/'"}}], version=2)
    job.broadcast(("rule", "counting", json.dumps(wrong)))
    assert job.flink.counters["refusedRules"] == 1
    assert seconds(fed(job, clicks(0, 1, 2))) == [2]


def test_a_counter_can_be_asked_about_in_an_expression(start_fast: Start) -> None:
    asked = counting() | {"if": "own_clicks >= 2.0 && recent_clicks < 3.0"}
    del asked["when"]
    found = commands(fed(start_fast(parsed(asked)), clicks(0, 1, 2)))
    assert [each.issued_at_ms for each in found] == [at(1)]
    assert found[0].evidence["own_clicks"].value == 2


def test_a_rule_that_names_page_views_is_asked_about_them_and_about_no_other_type(start_fast: Start) -> None:
    when = [{"event": "type", "among": ["context", "page_view"]}, {"context": "device", "equals": "phone"}]
    job = start_fast(parsed(rule_data(id="phone", lane="event", when=when, cooldown_s=1)))
    rows = [
        trigger_event(f"e{number}", number, type=kind)
        for number, kind in enumerate(("page_view", "custom", "click", "context"))
    ]
    assert seconds(fed(job, rows)) == [0, 3]


def test_rules_that_call_different_counters_by_one_name_do_not_mix_them_up(start_fast: Start) -> None:
    more_than_one = [{"feature": "own_clicks", "above": 1}]
    rules = [
        parsed(
            counting(features=[CLICKS | {"count": {"event": each}}], when=more_than_one)
            | {"id": each.replace("_", "-")}
        )
        for each in ("click", "feedback", "page_view", "conversion")
    ]
    rows = [trigger_event(f"e{at_s}", at_s, type="feedback", value=2) for at_s in range(2)]
    found = commands(fed(start_fast(*rules), rows))
    assert [(each.source.id, each.issued_at_ms) for each in found] == [("feedback", at(1))]
