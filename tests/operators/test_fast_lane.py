"""The fast lane through the real operator: repeats, recent clicks, and a lane's own cooldown."""

import json

import pytest

from tests.operators.conftest import Start
from tests.support.builders import ANNA, BEN, FILM, MORNING_NEWS, SESSION_END_S, at, rule, rule_data, trigger_event
from tests.support.operator_outputs import commands, fed, seconds
from udfs.stages.recent_clicks import MAX_KNOWN_IDS

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


def test_a_click_is_answered_at_once(start_fast: Start) -> None:
    [command] = commands(fed(start_fast(CLICKED), [trigger_event("e1", 5)]))
    assert (command.target.id, command.session_id, command.user_id) == (ANNA, ANNA, "anna")
    assert (command.issued_at_ms, command.content_id) == (at(5), MORNING_NEWS)
    assert command.parameters == {"like": [MORNING_NEWS], "types": ["news"], "after": MORNING_NEWS}
    assert command.evidence["event.type"].value == "click"


def test_the_same_event_twice_is_one_event(start_fast: Start) -> None:
    job = start_fast(CLICKED)
    assert len(fed(job, [trigger_event("e1", 5)])) == 1
    assert fed(job, [trigger_event("e1", 5), trigger_event("e1", 25)]) == []
    assert job.flink.counters["repeatedGestures"] == 2
    assert len(fed(job, [trigger_event("e2", 26)])) == 1


def test_a_repeat_after_a_restart_is_recognised(start_fast: Start) -> None:
    before = start_fast(CLICKED)
    fed(before, [trigger_event("e1", 5)])
    assert fed(start_fast(CLICKED, flink=before.flink), [trigger_event("e1", 25)]) == []


def test_two_sessions_may_use_the_same_event_id(start_fast: Start) -> None:
    assert len(fed(start_fast(CLICKED), [trigger_event("e1", 5), trigger_event("e1", 5, BEN)])) == 2


def test_a_bounded_number_of_ids_is_known(start_fast: Start) -> None:
    job = start_fast(CLICKED)
    fed(job, [trigger_event(f"e{n}", n / 10) for n in range(100)])
    ids, clicks, *_ = json.loads(job.flink.state_field("gestures-v1")["s" + ANNA])
    assert ids == [f"e{n}" for n in range(100 - MAX_KNOWN_IDS, 100)]
    assert len(clicks) <= 16
    assert fed(job, [trigger_event(f"e{100 - MAX_KNOWN_IDS}", 30)]) == []
    assert len(fed(job, [trigger_event(f"e{99 - MAX_KNOWN_IDS}", 30)])) == 1


#   0 s   10 s   20 s       61 s
#   e1    e2     e3 third   e4: e1 is more than a minute ago, three remain
def test_clicks_of_the_last_minute_are_counted(start_fast: Start) -> None:
    job = start_fast(THIRD)
    assert seconds(fed(job, [trigger_event(f"e{n}", at_s) for n, at_s in enumerate((0, 10, 20, 61))])) == [20, 61]
    assert fed(job, [trigger_event("e9", 80.5)]) == []  # 61 and 80.5 alone: 20 has left


def test_recommended_clicks_are_counted_apart(start_fast: Start) -> None:
    asked = rule(lane="event", when=[{"feature": "recent_recommended_clicks", "above": 1}])
    rows = [
        trigger_event("e1", 1, placement="recommended"),
        trigger_event("e2", 2, placement="menu"),
        trigger_event("e3", 3, placement="recommended"),
    ]
    assert seconds(fed(start_fast(asked), rows)) == [3]


def test_what_was_clicked_lately_comes_most_telling_first(start_fast: Start) -> None:
    patient = rule(id="ask", lane="event", when=CLICKED_TWICE, then={"action": "prompt", "parameters": PARAMETERS})
    rows = [trigger_event("e1", 0, content=FILM, content_type="video"), trigger_event("e2", 5)]
    [command] = commands(fed(start_fast(patient), rows))
    assert command.parameters == {"like": [MORNING_NEWS, FILM], "types": ["news", "video"]}


CLICKED_TWICE = [{"feature": "recent_clicks", "above": 1}]
PARAMETERS = {"like": "$recent_contents", "types": "$recent_types"}


def test_a_rating_belongs_to_feedback_alone(start_fast: Start) -> None:
    unhappy = rule(lane="event", when=[{"feature": "rating", "below": 3}])
    job = start_fast(unhappy)
    assert fed(job, [trigger_event("e1", 1, value=1)]) == []
    assert len(fed(job, [trigger_event("e2", 2, type="feedback", value=2)])) == 1


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
)
def test_what_an_event_tells_can_be_asked_for(
    start_fast: Start, condition: dict[str, object], gift: dict[str, str]
) -> None:
    job = start_fast(rule(lane="event", when=[condition]))
    assert fed(job, [trigger_event("e1", 1, type="context")]) == []
    assert len(fed(job, [trigger_event("e2", 2, type="context", **gift)])) == 1  # type: ignore[arg-type]


PATIENT = rule(id="patient", lane="event", when=[{"event": "type", "equals": "click"}], cooldown_s=3_600)
RETURN = SESSION_END_S + 300


#   0 s    59 s          1,859 s        2,100 s   2,130 s
#   e1     last event    session over   e2        e3: the hour's rest that began with e2 has not passed
def test_a_click_after_the_session_ended_begins_anew_whether_or_not_time_has_been_told(start_fast: Start) -> None:
    answers = []
    for told in (True, False):  # a replay at full speed hears of time later than of the click
        job = start_fast(PATIENT)
        found = fed(job, [trigger_event("e1", 5)])
        if told:
            found += job.advance(at(RETURN - 10))
            assert job.flink.left_of("s" + ANNA) == set()
        found += fed(job, [trigger_event("e2", RETURN)])
        found += job.advance(at(RETURN + 5))
        found += fed(job, [trigger_event("e3", RETURN + 30)])
        answers.append(seconds(found))
        job.advance(at(RETURN + 30 + SESSION_END_S))
        assert job.flink.left_of("s" + ANNA) == set()
        assert job.flink.timers == set()
    assert answers == [[5, RETURN], [5, RETURN]]


def test_a_session_that_goes_on_is_remembered_beyond_its_first_timer(start_fast: Start) -> None:
    job = start_fast(PATIENT)
    fed(job, [trigger_event("e1", 5), trigger_event("e2", 1_000)])
    job.advance(at(1_000 + SESSION_END_S) - 1)
    assert job.flink.left_of("s" + ANNA) == {"gestures-v1", "event-decisions-v1"}
    job.advance(at(1_000 + SESSION_END_S))
    assert job.flink.left_of("s" + ANNA) == set()


def test_a_repeat_is_recognised_though_the_session_before_has_ended_meanwhile(start_fast: Start) -> None:
    job = start_fast(CLICKED)
    fed(job, [trigger_event("e1", 5)])
    assert len(fed(job, [trigger_event("e2", RETURN)])) == 1
    job.advance(at(RETURN + 5))
    assert fed(job, [trigger_event("e2", RETURN + 20)]) == []


def test_a_rule_that_comes_takes_effect_at_the_next_event_and_survives_a_restart(start_fast: Start) -> None:
    before = start_fast()
    assert fed(before, [trigger_event("e1", 5)]) == []
    clicked = {"lane": "event", "when": [{"event": "type", "equals": "click"}]}
    before.broadcast(("rule", "calm-down", json.dumps(rule_data(**clicked))))
    after = start_fast(flink=before.flink)
    assert seconds(fed(after, [trigger_event("e2", 6)])) == [6]


def test_a_rule_for_experts_sees_what_the_event_tells(start_fast: Start) -> None:
    for_experts = rule(lane="event", when=[{"context": "user_expertise", "equals": "expert"}], cooldown_s=1)
    job = start_fast(for_experts)
    told = [
        trigger_event(f"e{place}", 5 * place, expertise=each) for place, each in enumerate((None, "novice", "expert"))
    ]
    assert seconds(fed(job, told)) == [10]
    # A row that was under way when the job had another version lacks the text.
    kind, numbers, texts = trigger_event("e3", 20)
    assert fed(job, [(kind, numbers, texts[:-1])]) == []
