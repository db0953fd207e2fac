"""Session windows through the real operator: habits, the mission, restarts and repeats."""

from collections.abc import Sequence

import pytest

from tests.operators.conftest import Start
from tests.support.builders import ANNA, BEN, CrossingRow, at, rule, session_window
from tests.support.operator_outputs import commands, fed, seconds
from tests.support.slices import QUIET, Slice, reading, windows

MISSION = rule(
    id="mission",
    when=[
        {"feature": "recommended_click_rate", "below": 1},
        {"feature": "session_duration_ms", "change_below": -0.2},
        {"feature": "silence_ms", "below": 20_000},
    ],
    cooldown_s=60,
)
BORED = rule(id="bored", when=[{"feature": "engaged_ms", "falls": 5, "change_below": -0.1}], cooldown_s=300)
ALWAYS = rule(id="always", when=[{"feature": "pages", "above": 0}], cooldown_s=1)
ODD = rule(id="odd", when=[{"feature": "engaged_ms", "z_below": -2}], then={"action": "prompt"}, cooldown_s=1)

MINUTES = 10
STEADY = [reading(number) for number in range(6 * MINUTES)]


def tired(number: int) -> Slice:
    """Half of everything, and nothing clicked."""
    return {name: value / 2 for name, value in reading(number).items()} | {"clicks": 0.0, "recommended_clicks": 0.0}


def test_the_first_window_emits_nothing(start: Start) -> None:
    assert fed(start(MISSION, BORED, ODD), windows([tired(0)])) == []


def test_a_steady_reader_is_left_alone(start: Start) -> None:
    assert fed(start(BORED, ODD), windows([reading(number) for number in range(360)])) == []


#   0 .... 10 min         three slices of evidence and more     one command, and the evidence is used up
def test_a_lasting_fall_is_answered_once_within_a_minute_and_a_half(start: Start) -> None:
    job = start(BORED)
    slices = [*STEADY, *(tired(number) for number in range(24))]
    [issued_s] = seconds(fed(job, windows(slices)))
    assert 60 * MINUTES + 30 <= issued_s <= 60 * MINUTES + 90


def test_one_odd_slice_is_no_change(start: Start) -> None:
    job = start(BORED, rule(id="rises", when=[{"feature": "pointer_path_px", "rises": 5}]))
    slices = [*STEADY, QUIET | {"engaged_ms": 1.0, "pointer_path_px": 1e6}, *STEADY]
    assert fed(job, windows(slices)) == []


def test_half_a_minute_in_another_tab_is_no_fall(start: Start) -> None:
    job = start(BORED, MISSION)
    slices: Sequence[Slice | None] = [*STEADY, None, None, None, *STEADY]
    rows = list(windows(slices))
    # The page is hidden with the last event before the pause.
    hidden_s = 60 * MINUTES - 1
    rows = [(kind, [*numbers[:6], float(at(hidden_s)), *numbers[7:]], texts) for kind, numbers, texts in rows]
    assert fed(job, rows) == []


def test_the_mission_of_the_first_day_can_be_said_to_the_letter(start: Start) -> None:
    calm = [reading(number) | {"recommended_clicks": 0.0} for number in range(60)]
    slices = [*calm, *(tired(number) for number in range(12))]
    [first, *_] = seconds(fed(start(MISSION), windows(slices)))
    assert 60 * MINUTES + 20 <= first <= 60 * MINUTES + 120


def test_the_command_says_whom_and_why(start: Start) -> None:
    job = start(BORED)
    [command] = commands(fed(job, windows([*STEADY, *(tired(number) for number in range(24))])))
    assert (command.target.kind, command.target.id, command.user_id) == ("session", ANNA, "anna")
    assert command.content_id == "morning-news"
    why = command.evidence["engaged_ms"]
    falls, change = sorted(why.bounds, key=lambda bound: bound.bound, reverse=True)
    assert (falls.bound, falls.threshold, falls.unit) == ("falls", 5.0, "nats")
    assert falls.measured is not None
    assert falls.measured >= 5.0
    # STEADY has 5 s of heartbeats in one slice of seven, and 10 s in the others: 55.7 s a minute.
    assert why.baseline == pytest.approx(55_700, rel=0.02)
    assert change.threshold == pytest.approx(0.9 * (why.baseline or 0))
    assert why.window_end_ms == command.issued_at_ms
    assert job.flink.counters["proposals"] == 1


def test_readers_do_not_disturb_each_other(start: Start) -> None:
    anna = list(windows([*STEADY, *STEADY[:24]]))
    ben = list(windows([*STEADY, *(tired(number) for number in range(24))], BEN))
    rows = [row for pair in zip(anna, ben, strict=True) for row in pair]
    assert {each.session_id for each in commands(fed(start(BORED), rows))} == {BEN}


def story() -> list[CrossingRow]:
    """Fifteen minutes of two readers, with falls and recoveries."""
    anna = [tired(number) if 60 <= number < 78 else reading(number) for number in range(90)]
    ben = [tired(number) if 40 <= number < 60 else reading(number + 3) for number in range(90)]
    pairs = zip(windows(anna), windows(ben, BEN), strict=True)
    return [row for pair in pairs for row in pair]


RULES = (
    MISSION,
    # What it uses up, `drift` has seen before.
    rule(id="bored", when=[{"feature": "engaged_ms", "falls": 6}], cooldown_s=300),
    ODD,
    rule(id="streak", when=[{"feature": "engaged_ms", "below": 35_000}], for_windows=2, then={"action": "shorten"}),
    rule(id="drift", when=[{"feature": "engaged_ms", "shift": "down"}], then={"action": "expand"}),
    rule(id="forest", when=[{"forest": 0.4}], then={"action": "visualise"}, cooldown_s=30),
)


@pytest.mark.parametrize("cut", [1, 13, 30, 125, 141], ids=lambda cut: f"after {cut} rows")
def test_a_restart_changes_no_command(start: Start, cut: int) -> None:
    straight = fed(start(*RULES), story())
    before = start(*RULES)
    broken = fed(before, story()[:cut])
    after = start(*RULES, flink=before.flink)
    broken += fed(after, story()[cut:])
    assert [each[1][0] for each in broken] == [each[1][0] for each in straight]
    assert {each.source.id for each in commands(straight)} >= {"bored", "streak", "forest", "drift"}


def test_many_restarts_leave_the_state_that_none_would_have_left(start: Start) -> None:
    straight, flink = start(*RULES), None
    fed(straight, story())
    for begin in range(0, 180, 7):
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
        when=[{"feature": "category_nats", "above": 2}, {"feature": "category_pages", "above": 2}],
        then={"action": "enrich", "parameters": {"of": "$category", "beside": "$content_id"}},
    )
    job = start(asked)
    for number in range(8):
        end_s = 60 + 10 * number
        assert fed(job, [session_window(end_s, opened=f"{at(end_s - 5)}=news")]) == []
    for end_s in (140, 150):
        assert fed(job, [session_window(end_s, opened=f"{at(end_s - 5)}=film")]) == []
    [command] = commands(fed(job, [session_window(160, opened=f"{at(155)}=film", content="film")]))
    assert command.parameters == {"of": "film", "beside": "film"}


def test_device_and_main_type_of_the_reader_can_be_asked_for(start: Start) -> None:
    phone = rule(id="phone", when=[{"context": "device", "equals": "phone"}])
    news = rule(id="news", when=[{"context": "content_type", "among": ["news"]}], then={"action": "prompt"})
    job = start(phone, news)
    found = commands(fed(job, [session_window(60, main_type="video"), session_window(60, BEN, device=None)]))
    assert [(each.session_id, each.source.id) for each in found] == [(ANNA, "phone"), (BEN, "news")]


def test_nobody_is_compared_with_peers_before_there_are_any(start: Start) -> None:
    top = rule(when=[{"feature": "engaged_ms", "against": "peers", "top": 0.99}])
    assert fed(start(top), windows(STEADY)) == []


def test_a_part_of_a_minute_is_not_little(start: Start) -> None:
    little = rule(when=[{"feature": "engaged_ms", "below": 10_000}])
    assert fed(start(little), windows([QUIET | {"engaged_ms": 5_000.0}])) == []
