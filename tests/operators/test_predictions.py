"""Predicted lengths and tones as proposals of a session, from the window to the arbiter's command."""

import json
from collections.abc import Iterable
from typing import Any

import msgspec
from onnx import TensorProto, helper

from infra.simulate.arbitration import DEFAULT_BUDGETS
from models.arbitration.proposed_change import ProposedChange
from models.predictions.standing import EXPIRES_MS
from schemas.commands import AdjustmentCommand
from schemas.control_acks import ControlAck
from tests.operators.conftest import Start
from tests.support.announced_models import (
    announced,
    announced_length,
    class_model,
    edited,
    length_card,
    serialised,
    tone_card,
)
from tests.support.builders import ANNA, at, rule_data, session_window
from tests.support.flink_fakes import Running
from tests.support.operator_outputs import changes, fed
from udfs.arbiter import ArbiterFunction
from udfs.crossing_rows import session_key


def length(base: float = 400.0, **changed: Any) -> tuple[str, str]:
    """A length that knows the device of these windows, whatever else they hold."""
    return announced_length(base, **{"ranges": {}, "categories": {"device": ["phone", "desktop"]}, **changed})


def announce(job: Running, *announcements: tuple[str, str]) -> None:
    for each in announcements:
        assert job.broadcast(("model", *each)) == []


def acks(job: Running) -> list[ControlAck]:
    return [msgspec.json.decode(row[1], type=ControlAck) for row in job.acks]


def proposed(job: Running, *ends_s: int) -> list[ProposedChange]:
    return changes(fed(job, [session_window(end_s) for end_s in ends_s]))


def commanded(emitted: Iterable[Any]) -> list[AdjustmentCommand]:
    records = [each for each in emitted if not isinstance(each, tuple)]
    return [msgspec.json.decode(each[1], type=AdjustmentCommand) for each in records]


def test_without_a_model_nothing_is_predicted(start: Start) -> None:
    assert proposed(start(), 60, 120, 180) == []


def test_a_length_is_proposed_at_the_end_of_a_minute_and_then_stands(start: Start) -> None:
    job = start()
    announce(job, length())
    found = proposed(job, *range(50, 300, 10))
    (change,) = found
    assert change.command.issued_at_ms == at(60)
    assert change.command.action == "set_length"
    assert (change.command.session_id, change.command.source.kind) == (ANNA, "model")


def test_it_is_renewed_before_it_expires_and_ends_with_the_model(start: Start) -> None:
    job = start()
    announce(job, length())
    found = proposed(job, *range(60, 1300, 10))
    assert [(each.command.issued_at_ms - at(60), each.renews) for each in found] == [
        (0, False),
        (EXPIRES_MS - 60_000, True),
        (2 * (EXPIRES_MS - 60_000), True),
    ]
    announce(job, ("length", ""))
    assert proposed(job, *range(1300, 2500, 10)) == []


def test_a_new_model_is_asked_from_its_time_on(start: Start) -> None:
    job = start()
    announce(job, length(400.0), length(900.0, version=2, from_ms=at(300)))
    found = proposed(job, *range(60, 400, 10))
    assert [(each.command.issued_at_ms, each.command.source.version) for each in found] == [(at(60), 1), (at(300), 2)]


def test_what_the_model_has_not_seen_is_not_proposed(start: Start) -> None:
    job = start()
    announce(job, length(categories={"device": ["fridge"]}), length(id="length.s3", segment="s3"))
    assert proposed(job, 60, 120) == []


def test_a_tone_has_its_probability_as_confidence(start: Start) -> None:
    job, artefact = start(), class_model([0.75, 0.25])
    announce(job, announced(tone_card(artefact), artefact))
    (change,) = proposed(job, 60)
    assert (change.command.action, change.command.parameters) == ("set_tone", {"tone": "friendly"})
    assert change.confidence == 0.75


def test_a_restart_knows_what_stands(start: Start) -> None:
    straight, broken = start(), start()
    for job in (straight, broken):
        announce(job, length())
        assert len(proposed(job, 60, 70)) == 1
    again = start(flink=broken.flink)
    ends = range(80, 1300, 10)
    expected = proposed(straight, *ends)
    assert len(expected) == 2
    assert proposed(again, *ends) == expected


def test_the_state_of_a_prediction_dies_with_the_session(start: Start) -> None:
    job = start()
    announce(job, length())
    proposed(job, 60)
    assert job.flink.state_field("predictions-v1")
    job.advance(at(60 + 2 * 3600))
    assert job.flink.left_of(session_key(ANNA)) == set()


def test_the_arbiter_commands_it_and_a_more_important_rule_replaces_it(start: Start) -> None:
    arbiter = Running(ArbiterFunction(DEFAULT_BUDGETS))
    job = start()
    announce(job, length())
    commands: list[AdjustmentCommand] = []
    for end_s in range(60, 200, 10):
        if end_s == 120:
            simpler = rule_data(priority=90, when=[{"feature": "clicks", "above": 0}])
            job.broadcast(("rule", simpler["id"], json.dumps(simpler)))
        for key, row in fed(job, [session_window(end_s)]):
            commands += commanded(arbiter.send(key, row))
        commands += commanded(arbiter.advance(at(end_s)))
    assert [(each.action, each.issued_at_ms) for each in commands] == [
        ("set_length", at(60)),
        ("revert", at(120)),
        ("simplify", at(120)),
    ]
    assert commands[1].reverts == commands[0].command_id
    # 400 words less 10 for each of three clicks, in steps of 50
    assert commands[0].evidence["clicks"].value == 3.0
    assert commands[0].parameters == {"length_words": 350}


def test_a_model_that_fails_for_a_window_proposes_nothing_and_the_job_goes_on(start: Start) -> None:
    # Of each window it knows the age of the session in ms, of which its table holds none but 0.
    nodes = [
        helper.make_node("IsNaN", ["x"], ["u"]),
        helper.make_node("Where", ["u", "zero", "x"], ["known"]),
        helper.make_node("ReduceMax", ["known"], ["most"], axes=[1], keepdims=1),
        helper.make_node("Cast", ["most"], ["place"], to=TensorProto.INT64),
        helper.make_node("Gather", ["table", "place"], ["y"], axis=0),
    ]
    tensors = [
        helper.make_tensor("zero", TensorProto.FLOAT, [], [0.0]),
        helper.make_tensor("table", TensorProto.FLOAT, [2], [400.0, 400.0]),
    ]
    artefact = serialised(nodes, 3, 1, tensors)
    job = start()
    announce(job, announced(length_card(artefact, ranges={}, categories={"device": ["phone", "desktop"]}), artefact))
    assert [ack.refused for ack in acks(job)] == [None]
    assert proposed(job, *range(60, 200, 10)) == []


def test_an_announcement_with_numbers_that_no_record_can_hold_is_refused_and_the_job_goes_on(start: Start) -> None:
    job = start()
    key, body = length()
    announce(job, (key, body), (key, edited(body, card={"version": 10**30})), (key, edited(body, from_ms=10**30)))
    assert [(ack.version, ack.refused is None) for ack in acks(job)] == [(1, True), (None, False), (1, False)]
    assert len(proposed(job, *range(60, 130, 10))) == 1
