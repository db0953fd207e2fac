"""Session windows through the real operator: warm-up, the mission, restarts and repeats."""

from collections.abc import Iterator

import pytest

from models.detectors.baselines import WARM_UP
from models.features import SESSION_NAMES
from tests.operators.conftest import Start
from tests.support.builders import ANNA, BEN, CrossingRow, at, rule, session_window
from tests.support.operator_outputs import commands, fed, seconds

MISSION = rule(
    id="mission",
    when=[
        {"feature": "recommended_click_rate", "below": 1},
        {"feature": "session_duration_ms", "change_below": -0.2},
        {"feature": "silence_ms", "below": 20_000},
    ],
    cooldown_s=60,
)
ALWAYS = rule(id="always", when=[{"feature": "pages", "above": 0}], cooldown_s=1)
ODD = rule(id="odd", when=[{"feature": "engaged_ms", "z_below": -2}], then={"action": "prompt"}, cooldown_s=1)
FIRST_SCORED = 60 + 10 * WARM_UP


def reading(until_s: int, session: str = ANNA, since_s: int = 60) -> Iterator[CrossingRow]:
    """Windows of a reader who is at rest, with a little scatter."""
    for end_s in range(since_s, until_s + 1, 10):
        wave = end_s // 10 % 5
        yield session_window(
            end_s,
            session,
            session_duration_ms=50_000.0 + 1_000 * wave,
            recommended_click_rate=0.5,
            engaged_ms=38_000.0 + 1_000 * wave,
        )


def fallen(end_s: int, session: str = ANNA) -> CrossingRow:
    return session_window(end_s, session, session_duration_ms=30_000, recommended_click_rate=0, engaged_ms=20_000)


def test_the_first_window_emits_nothing(start: Start) -> None:
    assert fed(start(MISSION, ODD), [fallen(60)]) == []


#   60 s ... 170 s        180 s
#   twelve windows teach  the first that can be compared
@pytest.mark.parametrize(("end_s", "fires"), [(FIRST_SCORED - 10, False), (FIRST_SCORED, True)])
def test_a_fall_is_seen_once_warm_up_is_over(start: Start, end_s: int, fires: bool) -> None:
    job = start(MISSION)
    assert fed(job, reading(end_s - 10)) == []
    assert seconds(fed(job, [fallen(end_s)])) == ([end_s] if fires else [])


#   0 s .... 50 s              60 s ... 170 s      180 s
#   younger than one window    twelve that teach   compared
def test_windows_before_the_first_full_minute_teach_nothing(start: Start) -> None:
    job = start(MISSION)
    assert fed(job, reading(170, since_s=10)) == []
    assert seconds(fed(job, [fallen(180)])) == [180]
    other = start(MISSION)
    fed(other, reading(160, since_s=10))
    assert fed(other, [fallen(170)]) == []


def test_the_command_says_whom_and_why(start: Start) -> None:
    job = start(MISSION)
    fed(job, reading(170))
    [command] = commands(fed(job, [fallen(180)]))
    assert (command.target.kind, command.target.id, command.user_id) == ("session", ANNA, "anna")
    assert command.content_id == "morning-news"
    why = command.evidence["session_duration_ms"]
    assert why.value == 30_000
    assert why.baseline == pytest.approx(50_000 + 1_000 * (1 + 2 + 3 + 4 + 0 + 1 + 2 + 3 + 4 + 0 + 1 + 2) / 12)
    assert why.threshold == pytest.approx(0.8 * (why.baseline or 0))
    assert (why.window_start_ms, why.window_end_ms) == (at(120), at(180))
    assert set(command.evidence) == {"session_duration_ms", "recommended_click_rate", "silence_ms"}
    assert job.flink.counters["commands"] == 1


def test_readers_do_not_disturb_each_other(start: Start) -> None:
    job = start(MISSION)
    fed(job, [row for pair in zip(reading(170), reading(170, BEN), strict=True) for row in pair])
    assert [each.session_id for each in commands(fed(job, [fallen(180, BEN)]))] == [BEN]


def story() -> list[CrossingRow]:
    """Ten minutes of two readers, with falls, recoveries and changing types."""
    rows: list[CrossingRow] = []
    for end_s in range(60, 660, 10):
        for session, odd in ((ANNA, end_s % 170 < 30), (BEN, end_s % 230 < 40)):
            usual = next(reading(end_s, session, since_s=end_s))
            rows.append(fallen(end_s, session) if odd else usual)
    return rows


RULES = (
    MISSION,
    ODD,
    rule(id="streak", when=[{"feature": "engaged_ms", "below": 25_000}], for_windows=3, then={"action": "shorten"}),
    rule(id="drift", when=[{"feature": "engaged_ms", "shift": "down"}], then={"action": "expand"}),
    rule(id="forest", when=[{"forest": 0.4}], then={"action": "visualise"}, cooldown_s=30),
)


@pytest.mark.parametrize("cut", [1, 13, 30, 61, 119])
def test_a_restart_changes_no_command(start: Start, cut: int) -> None:
    straight = fed(start(*RULES), story())
    before = start(*RULES)
    broken = fed(before, story()[:cut])
    after = start(*RULES, flink=before.flink)
    broken += fed(after, story()[cut:])
    assert [bytes(each[1]) for each in broken] == [bytes(each[1]) for each in straight]
    assert {each.source.id for each in commands(straight)} >= {"mission", "odd", "streak", "forest"}


def test_many_restarts_leave_the_state_that_none_would_have_left(start: Start) -> None:
    straight, flink = start(*RULES), None
    fed(straight, story())
    for begin in range(0, 120, 7):
        job = start(*RULES, flink=flink)
        fed(job, story()[begin : begin + 7])
        flink = job.flink
    assert flink is not None
    assert flink.values == straight.flink.values
    assert flink.timers == straight.flink.timers


def test_a_window_that_comes_again_or_too_late_is_not_looked_at(start: Start) -> None:
    job = start(ALWAYS)
    assert seconds(fed(job, [session_window(60), session_window(70)])) == [60, 70]
    before = {name: dict(held) for name, held in job.flink.values.items()}
    assert fed(job, [session_window(70), session_window(60)]) == []
    assert job.flink.values == before


def test_placeholders_are_filled_from_the_window(start: Start) -> None:
    asked = rule(
        id="ask",
        when=[{"feature": "category_rise_z", "above": 2}],
        then={"action": "enrich", "parameters": {"of": "$category", "beside": "$content_id"}},
    )
    job = start(asked)
    for end_s in range(60, 240, 10):
        wave = end_s // 10 % 2 * 2_000
        assert fed(job, [session_window(end_s, engaged=f"news=20000,film={5_000 + wave}")]) == []
    [command] = commands(fed(job, [session_window(240, engaged="news=20000,film=9000", content="film")]))
    assert command.parameters == {"of": "film", "beside": "film"}


def test_the_reader_s_device_and_main_type_can_be_asked_for(start: Start) -> None:
    phone = rule(id="phone", when=[{"context": "device", "equals": "phone"}])
    news = rule(id="news", when=[{"context": "content_type", "among": ["news"]}], then={"action": "prompt"})
    job = start(phone, news)
    found = commands(fed(job, [session_window(60, main_type="video"), session_window(60, BEN, device=None)]))
    assert [(each.session_id, each.source.id) for each in found] == [(ANNA, "phone"), (BEN, "news")]


def test_peers_are_compared_with_once_there_are_enough(start: Start) -> None:
    lazy = rule(when=[{"feature": "engaged_ms", "z_below": -2, "against": "peers"}])
    means, spreads = [50_000.0] * len(SESSION_NAMES), [5_000.0] * len(SESSION_NAMES)
    few = session_window(60, BEN, peers=(29, means, spreads), engaged_ms=39_000)
    enough = session_window(60, peers=(30, means, spreads), engaged_ms=39_000)
    [command] = commands(fed(start(lazy), [few, enough]))
    assert command.session_id == ANNA
    assert command.evidence["engaged_ms"].z == pytest.approx(-2.2)
