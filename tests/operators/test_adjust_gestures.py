"""The fast lane through the real operator: repeats, recent clicks, and a lane's own cooldown."""

import json

import pytest

from tests.builders import ANNA, BEN, FILM, MORNING_NEWS, SESSION_END_S, at, gesture, rule, session_window
from tests.operators.conftest import Start
from tests.operators.reading import commands, fed, seconds
from udfs.stages.gestures import KNOWN_IDS

CLICKED = rule(
    id="clicked",
    lane="event",
    when=[{"event": "type", "equals": "click"}],
    then={
        "action": "refresh_recommendations",
        "parameters": {"like": "$recent_contents", "types": "$recent_types", "after": "$content_id"},
    },
    cooldown_s=10,
)
THIRD = rule(id="third", lane="event", when=[{"feature": "recent_clicks", "above": 2}], cooldown_s=1)


def test_a_click_is_answered_at_once(start: Start) -> None:
    [command] = commands(fed(start(CLICKED), [gesture("e1", 5)]))
    assert (command.target.id, command.session_id, command.user_id) == (ANNA, ANNA, "anna")
    assert (command.issued_at_ms, command.content_id) == (at(5), MORNING_NEWS)
    assert command.parameters == {"like": [MORNING_NEWS], "types": ["news"], "after": MORNING_NEWS}
    assert command.evidence["event.type"].value == "click"


def test_the_same_event_twice_is_one_event(start: Start) -> None:
    job = start(CLICKED)
    assert len(fed(job, [gesture("e1", 5)])) == 1
    assert fed(job, [gesture("e1", 5), gesture("e1", 25)]) == []
    assert job.flink.counters["repeatedGestures"] == 2
    assert len(fed(job, [gesture("e2", 26)])) == 1


def test_a_repeat_after_a_restart_is_recognised(start: Start) -> None:
    before = start(CLICKED)
    fed(before, [gesture("e1", 5)])
    assert fed(start(CLICKED, flink=before.flink), [gesture("e1", 25)]) == []


def test_two_sessions_may_use_the_same_event_id(start: Start) -> None:
    assert len(fed(start(CLICKED), [gesture("e1", 5), gesture("e1", 5, BEN)])) == 2


def test_a_bounded_number_of_ids_is_known(start: Start) -> None:
    job = start(CLICKED)
    fed(job, [gesture(f"e{n}", n / 10) for n in range(100)])
    ids, clicks, _ = json.loads(job.flink.cell("gestures-v1")["s" + ANNA])
    assert ids == [f"e{n}" for n in range(100 - KNOWN_IDS, 100)]
    assert len(clicks) <= 16
    assert fed(job, [gesture(f"e{100 - KNOWN_IDS}", 30)]) == []
    assert len(fed(job, [gesture(f"e{99 - KNOWN_IDS}", 30)])) == 1


#   0 s   10 s   20 s       61 s
#   e1    e2     e3 third   e4: e1 is more than a minute ago, three remain
def test_clicks_of_the_last_minute_are_counted(start: Start) -> None:
    job = start(THIRD)
    assert seconds(fed(job, [gesture(f"e{n}", at_s) for n, at_s in enumerate((0, 10, 20, 61))])) == [20, 61]
    assert fed(job, [gesture("e9", 80.5)]) == []  # 61 and 80.5 alone: 20 has left


def test_recommended_clicks_are_counted_apart(start: Start) -> None:
    asked = rule(lane="event", when=[{"feature": "recent_recommended_clicks", "above": 1}])
    rows = [
        gesture("e1", 1, placement="recommended"),
        gesture("e2", 2, placement="menu"),
        gesture("e3", 3, placement="recommended"),
    ]
    assert seconds(fed(start(asked), rows)) == [3]


def test_what_was_clicked_lately_comes_most_telling_first(start: Start) -> None:
    patient = rule(id="ask", lane="event", when=CLICKED_TWICE, then={"action": "prompt", "parameters": PARAMETERS})
    rows = [gesture("e1", 0, content=FILM, content_type="video"), gesture("e2", 5)]
    [command] = commands(fed(start(patient), rows))
    assert command.parameters == {"like": [MORNING_NEWS, FILM], "types": ["news", "video"]}


CLICKED_TWICE = [{"feature": "recent_clicks", "above": 1}]
PARAMETERS = {"like": "$recent_contents", "types": "$recent_types"}


def test_a_rating_belongs_to_feedback_alone(start: Start) -> None:
    unhappy = rule(lane="event", when=[{"feature": "rating", "below": 3}])
    job = start(unhappy)
    assert fed(job, [gesture("e1", 1, value=1)]) == []
    assert len(fed(job, [gesture("e2", 2, type="feedback", value=2)])) == 1


@pytest.mark.parametrize(
    ("condition", "gift"),
    [
        ({"feature": "rtt_ms", "above": 500}, {"rtt_ms": 600}),
        ({"feature": "downlink_kbps", "below": 1_000}, {"downlink_kbps": 300}),
        ({"feature": "save_data", "above": 0}, {"saves_data": 1}),
        ({"context": "country", "equals": "JP"}, {"country": "JP"}),
        ({"context": "language", "equals": "ja"}, {"language": "ja"}),
        ({"context": "device", "equals": "tablet"}, {"device": "tablet"}),
        ({"event": "placement", "equals": "menu"}, {"placement": "menu"}),
        ({"event": "element", "equals": "close"}, {"element": "close"}),
        ({"event": "content_type", "equals": "video"}, {"content_type": "video"}),
    ],
    ids=str,
)
def test_what_an_event_tells_can_be_asked_for(start: Start, condition: dict[str, object], gift: dict[str, str]) -> None:
    job = start(rule(lane="event", when=[condition]))
    assert fed(job, [gesture("e1", 1, type="context")]) == []
    assert len(fed(job, [gesture("e2", 2, type="context", **gift)])) == 1  # type: ignore[arg-type]


def test_lanes_do_not_wait_for_each_other(start: Start) -> None:
    window = rule(id="window", when=[{"feature": "pages", "above": 0}])
    event = rule(id="event", lane="event", when=[{"event": "type", "equals": "click"}])
    job = start(window, event)
    found = commands(fed(job, [session_window(60), gesture("e1", 61), session_window(70), gesture("e2", 71)]))
    assert [(each.source.id, each.action) for each in found] == [("window", "simplify"), ("event", "simplify")]


PATIENT = rule(id="patient", lane="event", when=[{"event": "type", "equals": "click"}], cooldown_s=3_600)
RETURN = SESSION_END_S + 300


#   0 s    59 s          1,859 s        2,100 s   2,130 s
#   e1     last event    session over   e2        e3: the hour's rest that began with e2 has not passed
def test_a_click_after_the_session_ended_begins_anew_whether_or_not_time_has_been_told(start: Start) -> None:
    answers = []
    for told in (True, False):  # a replay at full speed hears of time later than of the click
        job = start(PATIENT)
        found = fed(job, [gesture("e1", 5), session_window(60)])
        if told:
            found += job.advance(at(RETURN - 10))
        found += fed(job, [gesture("e2", RETURN)])
        found += job.advance(at(RETURN + 5))
        found += fed(job, [session_window(RETURN + 10, first_s=RETURN, last_s=RETURN), gesture("e3", RETURN + 30)])
        answers.append(seconds(found))
        fed(job, [session_window(RETURN + 40, first_s=RETURN, last_s=RETURN + 30)])
        job.advance(at(RETURN + 31 + SESSION_END_S))
        assert job.flink.left_of("s" + ANNA) == set()
    assert answers == [[5, RETURN], [5, RETURN]]


def test_a_repeat_is_recognised_though_the_session_before_has_ended_meanwhile(start: Start) -> None:
    job = start(CLICKED)
    fed(job, [gesture("e1", 5), session_window(60)])
    assert len(fed(job, [gesture("e2", RETURN)])) == 1
    job.advance(at(RETURN + 5))
    assert fed(job, [session_window(RETURN + 10, first_s=RETURN, last_s=RETURN), gesture("e2", RETURN + 20)]) == []
