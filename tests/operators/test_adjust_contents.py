"""Content windows through the real operator."""

import pytest

from models.detectors.baselines import WARM_UP
from tests.operators.conftest import Start
from tests.support.builders import ANNA, FILM, MORNING_NEWS, content_window, rule, session_window
from tests.support.operator_outputs import commands, fed, seconds

SHORTEN = rule(
    id="shorten",
    lane="content_window",
    when=[{"feature": "depth", "z_below": -2}],
    then={"action": "shorten", "parameters": {"what": "$content_id"}},
)
WARM = [content_window(60 + 10 * n, depth=0.6 + 0.02 * (n % 2)) for n in range(WARM_UP)]


def test_a_content_item_is_judged_by_its_own_past(start: Start) -> None:
    job = start(SHORTEN)
    assert fed(job, WARM) == []
    assert fed(job, [content_window(180, FILM, depth=0.1)]) == []
    [command] = commands(fed(job, [content_window(180, depth=0.1)]))
    assert (command.target.kind, command.target.id) == ("content", MORNING_NEWS)
    assert (command.session_id, command.user_id, command.content_id) == (None, None, MORNING_NEWS)
    assert command.parameters == {"what": MORNING_NEWS}
    assert command.evidence["depth"].z == pytest.approx((0.1 - 0.61) / 0.01)


def test_a_restart_changes_nothing(start: Start) -> None:
    before = start(SHORTEN)
    fed(before, WARM)
    after = start(SHORTEN, flink=before.flink)
    assert seconds(fed(after, [content_window(180, depth=0.1), content_window(190, depth=0.1)])) == [180]


def test_the_type_of_a_content_item_can_be_asked_for(start: Start) -> None:
    news = rule(lane="content_window", when=[{"context": "content_type", "equals": "news"}])
    assert seconds(fed(start(news), [content_window(60)])) == [60]


def test_a_content_item_and_a_session_of_the_same_name_are_two(start: Start) -> None:
    content = rule(id="content", lane="content_window", when=[{"feature": "readers", "above": 0}])
    session = rule(id="session", when=[{"feature": "pages", "above": 0}])
    job = start(content, session)
    found = commands(fed(job, [content_window(60, ANNA), session_window(60)]))
    assert [(each.source.id, each.target.kind) for each in found] == [("content", "content"), ("session", "session")]
    assert job.flink.left_of("c" + ANNA) == {"content-z-scores-v1", "content-decisions-v1"}


def test_content_items_have_no_timers(start: Start) -> None:
    job = start(SHORTEN)
    fed(job, WARM)
    assert job.flink.timers == set()
