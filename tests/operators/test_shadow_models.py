"""Models in shadow: asked beside those in force, recorded, never commanded, and gone without a trace."""

from collections.abc import Iterable
from typing import Any

import msgspec
import pytest

from infra.simulate.arbitration import DEFAULT_BUDGETS
from models.announced.checking import check_record
from models.announced.loading import load
from models.predictions.prediction import predict
from schemas.commands import AdjustmentCommand
from schemas.control_acks import ControlAck
from schemas.features import FeatureRow, decode_feature_row
from schemas.model_cards import shadow_key
from schemas.proposals import Proposal
from tests.operators.conftest import Start
from tests.operators.test_predictions import announce, length, proposed
from tests.support.announced_models import announced_anomaly, edited, forest_announcement
from tests.support.builders import ANNA, at, session_window
from tests.support.flink_fakes import Running
from tests.support.operator_outputs import fed, records
from udfs.arbiter import ArbiterFunction
from udfs.crossing_rows import session_key

LIVE = length(400.0)


def in_shadow(announcement: tuple[str, str], **card: Any) -> tuple[str, str]:
    """The announcement of a model in shadow."""
    key, body = announcement
    return shadow_key(key), edited(body, mode="shadow", card=card)


CANDIDATE = in_shadow(length(900.0, version=2))


def logged(emitted: Iterable[Any]) -> list[FeatureRow]:
    """The rows of the feature log among what was emitted."""
    return [decode_feature_row(value) for tag, _, value in records(emitted) if tag == "features"]


def test_a_model_in_shadow_proposes_in_shadow_what_it_would_if_it_were_in_force(start: Start) -> None:
    job, alone = start(), start()
    announce(job, LIVE, CANDIDATE)
    announce(alone, length(900.0, version=2))
    found = proposed(job, *range(60, 1300, 10))
    live = [each for each in found if each.mode == "active"]
    shadow = [each for each in found if each.mode == "shadow"]
    expected = proposed(alone, *range(60, 1300, 10))
    assert [each.command.source.version for each in live] == [1, 1, 1]
    told = [(each.command.issued_at_ms, each.command.parameters, each.confidence, each.renews) for each in shadow]
    assert told == [
        (each.command.issued_at_ms, each.command.parameters, each.confidence, each.renews) for each in expected
    ]
    assert {each.command.source.version for each in shadow} == {2}


def test_the_model_in_force_is_as_it_is_without_one_in_shadow(start: Start) -> None:
    job, alone = start(), start()
    announce(job, LIVE, CANDIDATE)
    announce(alone, LIVE)
    ends = range(60, 1300, 10)
    assert [each for each in proposed(job, *ends) if each.mode == "active"] == proposed(alone, *ends)


def test_the_same_version_in_force_and_in_shadow_gives_two_proposals(start: Start) -> None:
    job = start()
    announce(job, LIVE, in_shadow(LIVE))
    live, shadow = proposed(job, 60)
    assert (live.mode, shadow.mode) == ("active", "shadow")
    assert live.command.parameters == shadow.command.parameters
    assert live.command.command_id != shadow.command.command_id


def test_the_arbiter_records_it_and_never_commands_it(start: Start) -> None:
    job, arbiter = start(), Running(ArbiterFunction(DEFAULT_BUDGETS))
    announce(job, CANDIDATE)
    emitted: list[Any] = []
    for end_s in range(60, 800, 10):
        for key, row in fed(job, [session_window(end_s)]):
            emitted += arbiter.send(key, row)
        emitted += arbiter.advance(at(end_s))
    proposals = [msgspec.json.decode(value, type=Proposal) for _, _, value in records(emitted)]
    assert len(proposals) == 2
    assert {(each.outcome, each.reason, each.command_id) for each in proposals} == {("shadow", "shadow", None)}
    assert {(each.source.kind, each.source.id, each.source.version) for each in proposals} == {("model", "length", 2)}
    commands = [msgspec.json.decode(each[1], type=AdjustmentCommand) for each in emitted if not isinstance(each, tuple)]
    assert commands == []


def test_it_is_acknowledged_under_its_own_key_and_so_is_its_end(start: Start) -> None:
    job = start()
    announce(job, LIVE, CANDIDATE, (CANDIDATE[0], ""))
    acks = [msgspec.json.decode(row[1], type=ControlAck) for row in job.acks]
    found = [(ack.id, ack.version, ack.refused) for ack in acks if ack.kind == "model"]
    assert found == [("length", 1, None), ("shadow.length", 2, None), ("shadow.length", None, None)]
    assert {each.mode for each in proposed(job, *range(60, 700, 10))} == {"active"}


@pytest.mark.parametrize(
    ("announcement", "reason"),
    [
        (in_shadow(length(), sha256="0" * 64), "the card says sha256"),
        (in_shadow(length(), features=["clicks", "device"]), "reads 3 columns"),
        (("length", CANDIDATE[1]), "expected 'length' under 'shadow.length'"),
        ((CANDIDATE[0], LIVE[1]), "expected 'length' for both"),
    ],
)
def test_it_passes_the_same_checks_and_a_wrong_place_is_told(
    start: Start, announcement: tuple[str, str], reason: str
) -> None:
    job = start()
    announce(job, announcement)
    (ack,) = [msgspec.json.decode(row[1], type=ControlAck) for row in job.acks]
    assert reason in str(ack.refused)
    assert proposed(job, 60) == []


def test_the_feature_log_holds_the_scores_of_both_and_no_other_output_does(start: Start) -> None:
    job = start(log_features=True, emit_scores=True)
    announce(job, LIVE, CANDIDATE)
    emitted = fed(job, [session_window(60)])
    (row,) = logged(emitted)
    assert row.models == {"length": 1, "shadow_length": 2}
    for prefix, (key, body) in (("", LIVE), ("shadow_", CANDIDATE)):
        model = load(check_record(key, body))
        scores = predict(model, row.features, row.context).scores
        assert scores["length"] == row.scores[f"{prefix}length"]
    others = [str(value) for tag, _, value in records(emitted) if tag != "features"]
    assert any('"length"' in each for each in others), "the session's state has the score of the model in force"
    assert not any("shadow" in each for each in others)


def test_a_detector_in_shadow_is_scored_in_the_log_and_takes_nobodys_place(start: Start) -> None:
    job, alone = start(log_features=True), start(log_features=True)
    announce(job, in_shadow(forest_announcement()), in_shadow(announced_anomaly()))
    (row,), (plain,) = (logged(fed(each, [session_window(60)])) for each in (job, alone))
    assert set(row.scores) - set(plain.scores) == {"shadow_isolation_forest", "shadow_anomaly"}
    assert {name: row.scores[name] for name in plain.scores} == plain.scores
    assert row.scores["shadow_isolation_forest"] != row.scores["isolation_forest"]
    assert all(0.0 <= value <= 1.0 for name, value in row.scores.items() if name.startswith("shadow_") and value)


def test_a_restart_knows_what_stands_in_shadow(start: Start) -> None:
    straight, broken = start(), start()
    for job in (straight, broken):
        announce(job, LIVE, CANDIDATE)
        assert len(proposed(job, 60, 70)) == 2
    again = start(flink=broken.flink)
    ends = range(80, 1300, 10)
    expected = proposed(straight, *ends)
    assert len([each for each in expected if each.mode == "shadow"]) == 2
    assert proposed(again, *ends) == expected


def test_the_state_dies_with_the_session_and_without_a_shadow_there_is_none(start: Start) -> None:
    job, plain = start(), start()
    announce(job, CANDIDATE)
    announce(plain, LIVE)
    for each in (job, plain):
        proposed(each, 60)
    assert job.flink.state_field("shadow-predictions-v1")
    assert not plain.flink.state_field("shadow-predictions-v1")
    job.advance(at(60 + 2 * 3600))
    assert job.flink.left_of(session_key(ANNA)) == set()
