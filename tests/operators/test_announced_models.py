"""Models announced while the job runs: swapped between two rows, acknowledged by every subtask, there again after a restart."""

import json
from typing import Any

import msgspec
import pytest

from schemas.control_acks import ControlAck, ack_key
from tests.operators.conftest import Start
from tests.support.announced_models import announced_length, edited, forest_announcement
from tests.support.builders import at, rule, session_window
from tests.support.flink_fakes import FakeFlink, Running
from tests.support.operator_outputs import commands, fed
from udfs.metrics import REFUSED_MODELS
from udfs.stages.broadcast_control import CONTROL

ODD = rule(when=[{"detector": "isolation_forest", "above": 0.0}], cooldown_s=1)
"""Holds in every window that a forest scores, and says by which score and threshold."""


def acks(job: Running) -> list[ControlAck]:
    """What has been acknowledged of models since the last call; each stands under its own key."""
    rows, job.acks = job.acks, []
    found = [(row[0], msgspec.json.decode(row[1], type=ControlAck)) for row in rows]
    assert all(key.decode() == ack_key(ack) for key, ack in found)
    return [ack for _, ack in found if ack.kind == "model"]


def announce(job: Running, announcement: tuple[str, str]) -> None:
    assert job.broadcast(("model", *announcement)) == []


def stored(flink: FakeFlink) -> list[str]:
    return sorted(name for name in flink.broadcast[CONTROL.name] if name.startswith("model:"))


def test_a_model_is_acknowledged_by_every_subtask_as_soon_as_it_comes(start: Start) -> None:
    for subtask in range(3):
        job = start(flink=FakeFlink(subtask=subtask, subtasks=3))
        announce(job, announced_length(version=7))
        (ack,) = acks(job)
        assert (ack.kind, ack.id, ack.version, ack.subtask, ack.subtasks) == ("model", "length", 7, subtask, 3)
        assert ack.refused is None
        assert ack.in_force_from_ms is None, "no event has come: nobody knows what time it is"


def test_it_is_in_force_from_what_the_subtask_has_come_to_or_from_its_own_time_if_that_is_later(start: Start) -> None:
    job = start()
    fed(job, [session_window(60)])
    announce(job, announced_length())
    announce(job, announced_length(from_ms=at(3_600)))
    assert [ack.in_force_from_ms for ack in acks(job)] == [at(60), at(3_600)]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"sha256": "0" * 64}, "the card says sha256"),
        ({"features": ["clicks", "device"]}, "reads 3 columns, and its card names 2 features"),
        ({"features": ["clicks", "device", "mood"]}, "'mood' is not known"),
    ],
)
def test_a_refusal_is_acknowledged_with_its_reason_and_counted(
    start: Start, changed: dict[str, Any], reason: str
) -> None:
    job = start()
    key, body = announced_length(version=4)
    announce(job, (key, body))
    announce(job, (key, edited(body, card={"version": 5, **changed})))
    good, refused = acks(job)
    assert (good.version, good.refused) == (4, None)
    assert (refused.version, refused.in_force_from_ms) == (5, None)
    assert reason in str(refused.refused)
    assert job.flink.counters[REFUSED_MODELS] == 1
    assert stored(job.flink) == ["model:0:length"]
    assert json.loads(job.flink.broadcast[CONTROL.name]["model:0:length"])["card"]["version"] == 4


def test_a_restarted_subtask_has_the_same_models_and_says_so(start: Start) -> None:
    job = start()
    announce(job, announced_length(version=1))
    announce(job, announced_length(version=2, from_ms=at(90)))
    announce(job, announced_length(id="length.s3", segment="s3"))
    flink = job.flink
    assert stored(flink) == ["model:0:length", "model:0:length.s3", f"model:{at(90)}:length"]
    again = start(flink=flink)
    fed(again, [session_window(60)])
    assert [(ack.id, ack.version, ack.in_force_from_ms) for ack in acks(again)] == [
        ("length", 2, at(90)),
        ("length.s3", 1, None),
    ]


def test_what_a_restarted_job_cannot_use_any_more_is_refused(start: Start) -> None:
    job = start()
    announce(job, announced_length(version=1))
    flink = job.flink
    held = flink.broadcast[CONTROL.name]
    held["model:0:length"] = edited(held["model:0:length"], card={"features": ["clicks", "device", "gone"]})
    again = start(flink=flink)
    fed(again, [session_window(60)])
    assert [(ack.version, "gone" in str(ack.refused)) for ack in acks(again)] == [(1, True)]


def test_a_deleted_model_leaves_nothing(start: Start) -> None:
    job = start()
    announce(job, announced_length(version=1))
    announce(job, announced_length(version=2, from_ms=at(90)))
    announce(job, ("length", ""))
    assert stored(job.flink) == []
    assert [(ack.version, ack.refused) for ack in acks(job)] == [(1, None), (2, None), (None, None)]


def test_versions_that_no_window_can_need_leave_the_state(start: Start) -> None:
    job = start()
    for version in range(6):
        announce(job, announced_length(version=version, from_ms=at(60 * version)))
    assert stored(job.flink) == [f"model:{at(60 * version)}:length" for version in (3, 4, 5)]
    announce(job, announced_length(version=9, from_ms=at(200)))
    assert stored(job.flink) == [f"model:{at(moment)}:length" for moment in (180, 200)]


def scores(job: Running, windows: range) -> list[float]:
    """What the forest said of each window."""
    found = [each for end_s in windows for each in commands(fed(job, [session_window(end_s)]))]
    values = [each.evidence["forest"].value for each in found]
    assert len(values) == len(windows)
    assert all(isinstance(each, float) for each in values)
    return [float(each) for each in values if each is not None]


def test_a_forest_is_swapped_between_two_rows_at_its_own_event_time(start: Start) -> None:
    key, body = forest_announcement()
    shipped, other, swapped = start(ODD), start(ODD), start(ODD)
    announce(other, (key, body))
    expected = scores(shipped, range(60, 110, 10)) + scores(other, range(60, 140, 10))[5:]
    found = scores(swapped, range(60, 90, 10))
    announce(swapped, (key, edited(body, from_ms=at(110))))
    found += scores(swapped, range(90, 140, 10))
    assert found == expected
    assert found[4] != found[5], "the two forests differ"


def test_after_a_restart_the_next_scores_are_those_of_an_undisturbed_run(start: Start) -> None:
    key, body = forest_announcement()
    announcement = (key, edited(body, from_ms=at(110)))
    straight, broken = start(ODD), start(ODD)
    for job in (straight, broken):
        announce(job, announcement)
        fed(job, [session_window(end_s, session="anna") for end_s in range(60, 100, 10)])
    again = start(ODD, flink=broken.flink)
    rows = [session_window(end_s, session="anna") for end_s in range(100, 400, 10)]
    expected = commands(fed(straight, rows))
    assert expected
    assert commands(fed(again, rows)) == expected
