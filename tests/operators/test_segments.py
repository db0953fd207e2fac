"""Readers are placed in the segments of segments.v1: rules, models, the feature log and session-state.v1 know it."""

import json
from typing import Any

import msgspec
import pytest

from infra.learner.stored_segments import readable_segments
from jobs.adjust import load_rules
from models.segments.reader import AGREEING_ROWS, FIRST_ROWS, MIN_SEGMENT_READERS
from models.session_state import WindowScores
from schemas.control_acks import ControlAck
from schemas.features import decode_feature_row
from schemas.segments import MAX_SEGMENTS, Usual
from tests.operators.conftest import Start
from tests.support.announced_models import announced_length
from tests.support.builders import ANNA, at, rule, session_window
from tests.support.flink_fakes import FakeFlink, Running
from tests.support.operator_outputs import changes, commands, fed, seconds
from tests.support.segment_records import segment_record
from tests.support.stages import window_commands
from udfs.crossing_rows import session_key
from udfs.metrics import REFUSED_SEGMENTS

BRIEF = segment_record("s1", 2_000.0, "short attention")
LONG = segment_record("s2", 50_000.0, "long attention")
OF_BRIEF = rule(id="of-brief", when=[{"context": "segment", "equals": "s1"}], cooldown_s=10)
BY_NAME = rule(
    id="by-name",
    when=[{"feature": "clicks", "above": 0}],
    **{"if": 'segment_name.contains("short attention")'},
    cooldown_s=10,
)


def put(job: Running, *segments: tuple[str, str | None]) -> None:
    for segment in segments:
        assert job.broadcast(("segment", *segment)) == []


def acks(job: Running) -> list[ControlAck]:
    rows, job.acks = job.acks, []
    found = [msgspec.json.decode(row[1], type=ControlAck) for row in rows]
    return [ack for ack in found if ack.kind == "segment"]


def windows(job: Running, ends_s: range, engaged_ms: float) -> list[Any]:
    return fed(job, [session_window(end_s, engaged_ms=engaged_ms) for end_s in ends_s])


def test_without_segments_no_rule_of_one_holds_and_nothing_is_remembered(start: Start) -> None:
    job = start(OF_BRIEF, BY_NAME)
    assert changes(windows(job, range(60, 300, 10), 1_000.0)) == []
    assert job.flink.state_field("segment-v1") == {}
    put(job, BRIEF)
    windows(job, range(300, 500, 10), 1_000.0)
    assert job.flink.state_field("segment-v1"), "nothing is found by a name that no state has"


@pytest.mark.parametrize("asking", [OF_BRIEF, BY_NAME], ids=lambda each: each.id)
def test_a_rule_of_a_segment_holds_for_its_readers_once_they_have_shown_enough(start: Start, asking: Any) -> None:
    job = start(asking)
    put(job, BRIEF, LONG)
    found = windows(job, range(60, 200, 10), 1_500.0)
    assert seconds(found)[0] == 60 + 10 * (FIRST_ROWS - 1)
    assert commands(found)[0].source.id == asking.id
    others = start(asking)
    put(others, BRIEF, LONG)
    assert changes(windows(others, range(60, 200, 10), 55_000.0)) == []


def test_the_shipped_rules_of_segments_are_observed_for_readers_of_their_kind(start: Start) -> None:
    shipped = [each for each in load_rules("") if each.source == "segment"]
    assert {each.mode for each in shipped} == {"shadow"}
    job = start(*shipped)
    put(
        job, segment_record("s1", 2_000.0, kind="mobile_short_attention"), segment_record("s2", 50_000.0, kind="expert")
    )

    found = windows(job, range(60, 300, 10), 1_500.0)
    assert {each.source.id for each in commands(found)} == {
        "mobile-short-attention-shorten",
        "mobile-short-attention-visualise",
    }
    put(job, segment_record("s1", 2_000.0, kind=None))
    assert changes(windows(job, range(3_000, 3_300, 10), 1_500.0)) == []


def test_one_odd_window_moves_nobody_and_many_do(start: Start) -> None:
    job = start(OF_BRIEF)
    put(job, BRIEF, LONG)
    assert changes(windows(job, range(60, 400, 10), 55_000.0)) == []
    assert changes(windows(job, range(400, 410, 10), 500.0)) == []
    assert changes(windows(job, range(410, 600, 10), 55_000.0)) == []
    moved = seconds(windows(job, range(600, 2_400, 10), 500.0))
    assert moved
    assert moved[0] >= 600 + 10 * (AGREEING_ROWS - 1)


def test_a_rule_can_speak_of_a_segment_and_silence(start: Start) -> None:
    """In a silent window the reader is still the same."""
    job = start(rule(when=[{"context": "segment", "equals": "s1"}, {"feature": "silence_ms", "above": 65_000}]))
    put(job, BRIEF, LONG)
    assert changes(windows(job, range(60, 200, 10), 1_500.0)) == []
    assert commands(job.advance(at(400)))


def test_a_segment_that_is_gone_is_nobodys(start: Start) -> None:
    job = start(OF_BRIEF)
    put(job, BRIEF, LONG)
    assert changes(windows(job, range(60, 200, 10), 1_500.0))
    put(job, ("s1", None))
    assert changes(windows(job, range(200, 400, 10), 1_500.0)) == []


def test_a_restart_knows_segments_and_readers(start: Start) -> None:
    straight, broken = start(OF_BRIEF), start(OF_BRIEF)
    for job in (straight, broken):
        put(job, BRIEF, LONG)
        windows(job, range(60, 150, 10), 1_500.0)
    again = start(OF_BRIEF, flink=broken.flink)
    expected = windows(straight, range(150, 300, 10), 30_000.0)
    assert changes(expected)
    assert windows(again, range(150, 300, 10), 30_000.0) == expected
    assert [(ack.id, ack.version) for ack in acks(again)] == [("s1", 1), ("s2", 1)]


def test_segments_are_acknowledged_and_what_is_none_is_refused(start: Start) -> None:
    job = start(flink=FakeFlink(subtask=1, subtasks=3))
    key, body = BRIEF
    put(job, BRIEF, (key, "{"), ("s7", body), (key, json.dumps(json.loads(body) | {"spread": {"engaged_ms": 0.0}})))
    good, *refused = acks(job)
    assert (good.id, good.version, good.subtask, good.subtasks, good.refused) == ("s1", 1, 1, 3, None)
    assert [each.id for each in refused] == ["s1", "s7", "s1"]
    assert all(each.refused for each in refused)
    assert job.flink.counters[REFUSED_SEGMENTS] == 3


def test_no_more_segments_are_taken_up_than_the_contract_allows(start: Start) -> None:
    job = start()
    put(job, *(segment_record(f"s{number}", 1_000.0 * number) for number in range(MAX_SEGMENTS + 1)))
    assert [each.id for each in acks(job) if each.refused is not None] == [f"s{MAX_SEGMENTS}"]


def test_readers_of_a_segment_are_asked_the_model_of_that_segment(start: Start) -> None:
    job = start()
    put(job, BRIEF, LONG)
    known: dict[str, Any] = {"ranges": {}, "categories": {"device": ["phone", "desktop"]}}
    for announcement in (
        announced_length(400.0, **known),
        announced_length(900.0, id="length.s1", segment="s1", **known),
    ):
        job.broadcast(("model", *announcement))
    brief = [session_window(end_s, "brief", engaged_ms=1_500.0) for end_s in range(70, 130, 10)]
    long = [session_window(end_s, "long", engaged_ms=55_000.0) for end_s in range(70, 130, 10)]
    found = {each.session_id: each.parameters["length_words"] for each in commands(fed(job, [*brief, *long]))}
    # 30 words less for three clicks, in steps of 50
    assert found == {"brief": 850, "long": 350}


def test_session_state_and_the_feature_log_hold_the_segment() -> None:
    job = Running(window_commands(emit_scores=True, log_features=True))
    put(job, BRIEF, LONG)
    emitted = windows(job, range(60, 130, 10), 1_500.0)
    sides = {tag: [each[1] for each in emitted if each[0].tag_id == tag] for tag in ("told", "features")}
    states = [msgspec.json.decode(body, type=WindowScores) for _, (_, body) in sides["told"]]
    assert [each.segment for each in states] == [None, "s1"]
    rows = [decode_feature_row(text) for _, text in sides["features"]]
    assert [row.segment for row in rows] == [None, None, "s1", "s1", "s1", "s1", "s1"]


def test_the_place_of_a_reader_dies_with_the_session(start: Start) -> None:
    job = start()
    put(job, BRIEF, LONG)
    windows(job, range(60, 130, 10), 1_500.0)
    assert job.flink.state_field("segment-v1")
    job.advance(at(130 + 2 * 3600))
    assert job.flink.left_of(session_key(ANNA)) == set()


def usual(mean: float, deviation: float, readers: int = 40) -> dict[str, Any]:
    """A segment with what is usual in it of the engaged time of a minute."""
    return {"usual": {"engaged_ms": Usual(mean, deviation, 200.0)}, "readers": readers}


THERE = {"feature": "session_age_ms", "above": -1}
LESS = {"feature": "engaged_ms", "against": "segment", "change_below": -0.4}
AGAINST = (
    rule(id="less", when=[LESS], cooldown_s=10),
    rule(id="less-z", when=[{"feature": "engaged_ms", "against": "segment", "z_below": -1.9}], cooldown_s=10),
    rule(id="less-if", when=[THERE], **{"if": 'engaged_ms < 0.6 * baseline(engaged_ms, "segment")'}, cooldown_s=10),
    rule(id="less-z-if", when=[THERE], **{"if": 'z(engaged_ms, "segment") < -1.9'}, cooldown_s=10),
)


@pytest.mark.parametrize("asking", AGAINST, ids=lambda each: each.id)
def test_a_reader_is_compared_with_what_is_usual_in_the_segment(start: Start, asking: Any) -> None:
    """30 s are three standard deviations below the 60 s of one segment, and one below the 40 s of another."""
    for mean, is_less in ((60_000.0, True), (40_000.0, False)):
        job = start(asking)
        put(job, segment_record("s1", 30_000.0, **usual(mean, 10_000.0)))
        found = windows(job, range(60, 200, 10), 30_000.0)
        assert bool(changes(found)) == is_less
        if is_less:
            # From the first window on through which the page was in view.
            assert seconds(found)[0] == 110
            (bound,) = [each for each in commands(found)[0].evidence["engaged_ms"].bounds if each.against == "segment"]
            assert (bound.baseline, bound.z) == (60_000.0, -3.0)


def test_a_segment_of_too_few_readers_is_no_measure(start: Start) -> None:
    job = start(
        *AGAINST, rule(id="more", when=[THERE], **{"if": 'baseline(engaged_ms, "segment") > 0.0'}, cooldown_s=10)
    )
    put(job, segment_record("s1", 30_000.0, **usual(60_000.0, 10_000.0, readers=MIN_SEGMENT_READERS - 1)))
    assert changes(windows(job, range(60, 200, 10), 30_000.0)) == []


def test_a_part_of_a_minute_is_not_compared_with_whole_ones(start: Start) -> None:
    """The page has been in view for half a minute: little engaged time in it is no little engaged time."""
    job = start(AGAINST[0], AGAINST[1])
    put(job, segment_record("s1", 30_000.0, **usual(60_000.0, 10_000.0)))
    rows = [session_window(end_s, first_s=end_s - 30, last_s=end_s - 1, engaged_ms=25_000.0) for end_s in (60, 70, 80)]
    assert seconds(fed(job, rows)) == []


def test_what_a_segment_has_no_number_for_is_unknown(start: Start) -> None:
    job = start(rule(id="fewer", when=[{**LESS, "feature": "clicks"}], cooldown_s=10))
    put(job, segment_record("s1", 30_000.0, **usual(60_000.0, 10_000.0)))
    assert changes(windows(job, range(60, 200, 10), 30_000.0)) == []


def test_a_segment_that_no_record_or_screen_can_show_is_refused(start: Start) -> None:
    job = start()
    hostile = [
        segment_record("s1", 2_000.0, version=2**60),
        segment_record("s1", 2_000.0, version=-1),
        segment_record("s1", 2_000.0, "a\n\x1b[2J"),
        segment_record("s1", 2_000.0, "x" * 201),
        segment_record("s\x1b[2J", 2_000.0),
    ]
    put(job, *hostile)
    assert [each.refused is not None for each in acks(job)] == [True] * len(hostile)


HUGE = "1" + "0" * 400
ODD_NUMBERS = [
    *(
        f'"usual": {{"engaged_ms": {{"mean": 1.0, "deviation": 1.0, "minutes": 3.0, "{field}": {value}}}}}'
        for field, value in (
            ("mean", "1e400"), ("mean", HUGE), ("mean", "NaN"), ("mean", "-1e200"), ("mean", "null"), ("deviation", "1e200"),
            ("deviation", "-1.0"), ("deviation", HUGE), ("minutes", "0"), ("minutes", "-5"), ("minutes", "1e400"),
        )
    ),
    *(f'"{field}": {value}' for field in ("readers", "next_id", "size", "at_ms", "version") for value in (HUGE, "-1", "1e400")),
    *(f'"{field}": {{"engaged_ms": {value}}}' for field in ("centroid", "spread", "scales") for value in ("1e400", HUGE)),
    '"readers": NaN',
    '"spread": {}',
    '"traits": [{"feature": "clicks", "direction": "low", "value": 1e400, "usual": 1.0, "unit": "count"}]',
]  # fmt: skip


@pytest.mark.parametrize("odd", ODD_NUMBERS, ids=lambda each: each[:60])
def test_a_segment_with_a_number_that_is_none_is_refused_and_the_one_before_stays(start: Start, odd: str) -> None:
    """A field that comes twice counts as it comes last."""
    job = start(OF_BRIEF)
    put(job, BRIEF, LONG)
    key, body = BRIEF
    put(job, (key, f"{body[:-1]}, {odd}}}"))
    assert [each.refused is not None for each in acks(job)] == [False, False, True]
    assert commands(windows(job, range(60, 200, 10), 1_500.0))
    assert readable_segments([f"{body[:-1]}, {odd}}}".encode()]) == [], (
        "the learner and the console pass it over as well"
    )


@pytest.mark.parametrize(
    "far",
    [{"centroid": {"scroll_depth": 1e100}, "spread": {"scroll_depth": 0.1}}, {"spread": {"engaged_ms": 1e-300}}],
    ids=str,
)
def test_a_centre_beyond_all_measure_is_far_and_stops_nothing(start: Start, far: dict[str, Any]) -> None:
    job = start(rule(id="of-any", when=[{"context": "segment", "equals": "s2"}], cooldown_s=10))
    put(job, segment_record("s1", 1_000.0, **far), segment_record("s2", 2_000.0))
    assert changes(windows(job, range(60, 200, 10), 1_900.0))
