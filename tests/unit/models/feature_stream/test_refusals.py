"""Refused models become alerts: one for all subtasks, with model, version and reason."""

from models.feature_stream.refusals import SAME_MS, Refusals
from schemas.control_acks import ControlAck

PICKLE = "the artefact is not ONNX: it looks like a pickle, which is never opened"


def refused(at_ms: int, subtask: int = 0, version: int | None = 2, reason: str | None = PICKLE) -> ControlAck:
    in_force = 0 if reason is None else None
    return ControlAck("model", "length", version, subtask, 2, in_force, at_ms, reason)


def test_one_alert_tells_model_version_and_reason_for_all_subtasks() -> None:
    refusals = Refusals()

    first = refusals.add(refused(1_000))
    others = [refusals.add(refused(1_000 + 5 * each, each)) for each in (1, 2, 3)]

    assert first is not None
    assert (first.kind, first.severity, first.subject, first.at_ms) == ("model_refused", "critical", "length", 1_000)
    assert "length version 2" in first.text
    assert PICKLE in first.text
    assert others == [None, None, None]


def test_another_version_another_reason_and_another_day_are_told_again() -> None:
    refusals = Refusals()
    told = [
        refusals.add(refused(1_000)),
        refusals.add(refused(1_000, version=3)),
        refusals.add(refused(1_000, version=None)),
        refusals.add(refused(1_000, reason="the hash is another")),
        refusals.add(refused(1_000 + SAME_MS)),
    ]

    assert None not in told
    assert len({each.alert_id for each in told if each is not None}) == 5
    assert "without a version" in told[2].text if told[2] is not None else False


def test_what_is_taken_up_and_what_is_no_model_raise_nothing() -> None:
    refusals = Refusals()

    assert refusals.add(refused(1_000, reason=None)) is None
    assert refusals.add(ControlAck("rule", "r", 1, 0, 2, None, 1_000, "no such feature")) is None
