"""The fast lane through the real operator: what a reader says, how long it counts, and that no text is kept."""

from pathlib import Path

import pytest

from models.rules.compiled import KNOWN_FEATURES
from schemas.rules import parse_rule_file
from tests.operators.conftest import Start
from tests.support.builders import ANNA, BEN, FILM, MORNING_NEWS, SESSION_END_S, CrossingRow, at, rule, trigger_event
from tests.support.operator_outputs import commands, fed, seconds

SHIPPED = {
    each.id: each
    for each in parse_rule_file(Path("models/shipped/rules.yaml").read_text(), KNOWN_FEATURES)
    if each.lane == "event"
}
FRUSTRATED = [SHIPPED[name] for name in ("frustrated-simplify", "low-rating-simplify", "complaint-simplify")]
COMPLAINT = "This is confusing and I hate how long it is."
PRAISE = "I love this, it is a great read."


def feedback(event_id: str, at_s: float, text: str | None = None, rating: float = float("nan")) -> CrossingRow:
    return trigger_event(event_id, at_s, type="feedback", text=text, value=rating)


def rage(event_id: str, at_s: float) -> CrossingRow:
    return trigger_event(event_id, at_s, rage=3.0)


def test_a_low_rating_with_a_complaint_simplifies_and_the_reason_names_both(start_fast: Start) -> None:
    [command] = commands(fed(start_fast(*FRUSTRATED), [feedback("e1", 5, COMPLAINT, 2.0)]))
    assert (command.action, command.source.id) == ("simplify", "frustrated-simplify")
    assert command.evidence["rating"].value == 2.0
    score = command.evidence["sentiment"].value
    assert isinstance(score, float)
    assert -1.0 <= score < -0.5


@pytest.mark.parametrize(
    ("text", "rating"),
    [(PRAISE, 2.0), (COMPLAINT, 4.0), (None, 2.0), (COMPLAINT, float("nan")), ("Die, die, die!", 2.0)],
)
def test_a_rating_or_a_sentence_alone_changes_nothing(start_fast: Start, text: str | None, rating: float) -> None:
    assert fed(start_fast(*FRUSTRATED), [feedback("e1", 5, text, rating)]) == []


def test_a_low_rating_of_one_who_struggles_simplifies(start_fast: Start) -> None:
    rows = [rage("e1", 1), rage("e2", 2), feedback("e3", 30, rating=2.0)]
    [command] = commands(fed(start_fast(*FRUSTRATED), rows))
    assert command.source.id == "low-rating-simplify"
    assert command.evidence["struggles"].value == 2.0


#   5 s complaint      100 s rage   101 s rage: two struggles while the sentence still counts
def test_a_complaint_is_remembered_until_the_reader_struggles(start_fast: Start) -> None:
    rows = [feedback("e1", 5, COMPLAINT), rage("e2", 100), rage("e3", 101)]
    [command] = commands(fed(start_fast(*FRUSTRATED), rows))
    assert (command.source.id, command.issued_at_ms) == ("complaint-simplify", at(101))
    assert command.evidence["sentiment"].value is not None


@pytest.mark.parametrize(("struggle_s", "answers"), [(304, 1), (305.5, 0)])
def test_a_sentiment_is_forgotten_after_five_minutes(start_fast: Start, struggle_s: float, answers: int) -> None:
    rows = [feedback("e1", 5, COMPLAINT), rage("e2", struggle_s - 1), rage("e3", struggle_s)]
    assert len(fed(start_fast(*FRUSTRATED), rows)) == answers


def test_the_last_sentence_counts_and_one_that_says_nothing_leaves_it(start_fast: Start) -> None:
    happy = rule(lane="event", when=[{"feature": "sentiment", "above": 0.5}], cooldown_s=0)
    rows = [
        feedback("e1", 1, COMPLAINT),
        feedback("e2", 2, PRAISE),
        feedback("e3", 3, "Un texte en français, et pas un mot de plus."),
        feedback("e4", 4, COMPLAINT),
    ]
    assert seconds(fed(start_fast(happy), rows)) == [2, 3]


def test_a_feedback_that_comes_late_does_not_replace_a_newer_one(start_fast: Start) -> None:
    happy = rule(lane="event", when=[{"feature": "sentiment", "above": 0.5}], cooldown_s=0)
    rows = [feedback("e1", 10, PRAISE), feedback("e2", 8, COMPLAINT), trigger_event("e3", 11)]
    assert seconds(fed(start_fast(happy), rows)) == [10, 11]


def test_going_back_and_forth_is_counted(start_fast: Start) -> None:
    lost = rule(lane="event", when=[{"feature": "returns", "above": 1}])
    there, back = {"content": FILM}, {"content": MORNING_NEWS}
    rows = [
        trigger_event(f"e{n}", n, **where)  # type: ignore[arg-type]
        for n, where in enumerate([back, back, there, back, there])
    ]
    assert seconds(fed(start_fast(lost), rows)) == [4]


def test_no_text_is_kept_and_the_score_survives_a_restart(start_fast: Start) -> None:
    before = start_fast(*FRUSTRATED)
    answered = fed(before, [feedback("e1", 5, COMPLAINT, 2.0)])
    assert before.flink.left_of("s" + ANNA) == {"gestures-v1", "feedback-v1", "event-decisions-v1"}
    assert "confusing" not in repr(answered)
    for field in ("gestures-v1", "feedback-v1", "event-decisions-v1"):
        assert "confusing" not in before.flink.state_field(field)["s" + ANNA]
    unhappy = rule(
        lane="event",
        when=[{"feature": "sentiment", "below": -0.5}, {"feature": "recent_rating", "below": 3}],
        then={"action": "prompt", "parameters": {"kind": "help"}},
    )
    assert seconds(fed(start_fast(unhappy, flink=before.flink), [trigger_event("e2", 10)])) == [10]


def test_one_reader_s_words_are_not_another_s_and_end_with_the_session(start_fast: Start) -> None:
    unhappy = rule(lane="event", when=[{"feature": "sentiment", "below": -0.5}])
    job = start_fast(unhappy)
    fed(job, [feedback("e1", 5, COMPLAINT)])
    assert fed(job, [trigger_event("e2", 6, BEN)]) == []
    job.advance(at(6 + SESSION_END_S))
    assert job.flink.left_of("s" + ANNA) == set()


def test_a_repeated_feedback_counts_once(start_fast: Start) -> None:
    unhappy = rule(lane="event", when=[{"feature": "sentiment", "below": -0.5}], cooldown_s=0)
    assert len(fed(start_fast(unhappy), [feedback("e1", 5, COMPLAINT), feedback("e1", 6, COMPLAINT)])) == 1
