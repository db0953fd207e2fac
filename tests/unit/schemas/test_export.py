"""The generated JSON Schemas and the AsyncAPI document say what the contracts say."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from hypothesis import given
from jsonschema import Draft7Validator, Draft202012Validator

from schemas import commands
from schemas.actions import ACTIONS
from schemas.alerts import Alert
from schemas.audit import LateEvent, WindowTally
from schemas.commands import AdjustmentCommand, Evidence, Experiment, Source, Target
from schemas.drift import DriftLook, DriftReading
from schemas.event_validation import validate_record
from schemas.events import Event
from schemas.export.generated_files import HERE, main, stale
from schemas.features import FeatureRow
from schemas.heatmap import HeatCell
from schemas.model_cards import ModelCard, ModelRecord
from schemas.outcomes import Outcome
from schemas.rejects import RejectedRecord, ValidationFailure
from schemas.segments import Segment, Trait
from schemas.session_state import ActiveAdjustment, RecentAction, SessionState
from schemas.topics import (
    ADJUSTMENTS,
    ALERTS,
    DRIFT,
    EVENTS,
    FEATURES,
    HEATMAP,
    LATE,
    MODELS,
    OUTCOMES,
    REJECTED,
    RULES,
    SEGMENTS,
    SESSION_STATE,
    TALLY,
    TOPICS,
    Topic,
)
from tests.support.hostile.records import hostile_records
from tests.support.json_references import references
from tests.support.strategies import NOW_MS, Json, unhurried, valid_events

ASYNCAPI: Json = yaml.safe_load((HERE / "asyncapi.yaml").read_text("utf-8"))


def payload(topic: Topic) -> Path:
    """The schema file that the AsyncAPI document names for the records of `topic`."""
    message = ASYNCAPI["components"]["messages"][topic.record.__name__]
    return HERE / str(message["payload"]["$ref"])


SCHEMAS: dict[str, Json] = {topic.name: json.loads(payload(topic).read_text("utf-8")) for topic in TOPICS}


def accepts(topic: Topic, value: Any) -> bool:
    return bool(Draft202012Validator(SCHEMAS[topic.name]).is_valid(value))


def test_the_files_are_those_that_the_contracts_give() -> None:
    assert stale(HERE) == [], "run `python -m schemas.export`"


def test_check_names_what_is_stale_and_generate_mends_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"], tmp_path) == 1
    assert main([], tmp_path) == 0
    assert main(["--check"], tmp_path) == 0
    capsys.readouterr()

    (tmp_path / "json" / "event.schema.json").write_text("{}")
    (tmp_path / "json" / "forgotten.schema.json").write_text("{}")

    assert main(["--check"], tmp_path) == 1
    assert [line.split()[0] for line in capsys.readouterr().err.splitlines()] == [
        "schemas/generated/json/event.schema.json",
        "schemas/generated/json/forgotten.schema.json",
    ]
    assert main([], tmp_path) == 0
    assert stale(tmp_path) == []


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_a_schema_is_sound_described_and_needs_no_other_host(topic: Topic) -> None:
    schema = SCHEMAS[topic.name]

    Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"urn:microadjust:{topic.name}"
    assert schema["title"] == topic.record.__name__
    assert len(schema["description"]) > 20
    assert all(ref.startswith("#/$defs/") for ref in references(schema))


@unhurried
@given(valid_events())
def test_a_valid_event_passes_schema_and_verdict(event: Json) -> None:
    assert accepts(EVENTS, event)
    assert isinstance(validate_record(json.dumps(event).encode(), NOW_MS), Event)


BEYOND_SCHEMA = (
    "over 24 h",
    "65536 bytes",
    "32 levels",
    "unpaired surrogate",
    "_at_ms: not a number this system can hold",
)
"""Parts of details: the rules that the schema's description names because a schema cannot say them."""


def test_schema_and_verdict_differ_only_where_the_description_says() -> None:
    """Hostile records too: what passes the schema and is rejected breaks a rule that only the description names."""
    compared = 0
    for raw in hostile_records(seed=7, count=3_000):
        try:
            value = json.loads(raw.decode("utf-8"))
        except (ValueError, RecursionError):
            continue
        said, compared = validate_record(raw, NOW_MS), compared + 1
        if not isinstance(said, ValidationFailure):
            assert accepts(EVENTS, value), raw
        elif not any(part in said.detail for part in BEYOND_SCHEMA):
            assert not accepts(EVENTS, value), (raw, said)
    assert compared > 1_000


def test_schema_and_validation_agree_on_numbers() -> None:
    event = {"event_id": "e1", "type": "click", "occurred_at_ms": NOW_MS, "received_at_ms": NOW_MS, "session_id": "s1"}
    for change in (
        {"received_at_ms": float(NOW_MS)},
        {"context": {"rtt_ms": 50.0, "viewport_w": 1e3, "viewport_h": -0.0}},
    ):
        assert accepts(EVENTS, event | change)
        assert isinstance(validate_record(json.dumps(event | change).encode(), NOW_MS), Event)
    others: list[dict[str, Any]] = [{"occurred_at_ms": 2**63}, {"received_at_ms": 1e19}, {"context": {"rtt_ms": 0.5}}]
    for change in others:
        assert not accepts(EVENTS, event | change)
        assert isinstance(validate_record(json.dumps(event | change).encode(), NOW_MS), ValidationFailure)


def test_a_record_that_no_schema_can_reject_is_rejected_by_validation() -> None:
    event = {"event_id": "e1", "type": "tick", "occurred_at_ms": NOW_MS, "received_at_ms": NOW_MS, "session_id": "s1"}
    for change in ({"occurred_at_ms": NOW_MS - 86_400_001}, {"text": "\ud800"}):
        assert accepts(EVENTS, event | change)
        assert isinstance(validate_record(json.dumps(event | change).encode(), NOW_MS), ValidationFailure)


def command(action: Any, **changed: Any) -> AdjustmentCommand:
    whole = AdjustmentCommand(
        command_id="c1",
        issued_at_ms=NOW_MS,
        expires_at_ms=NOW_MS + 300_000,
        target=Target("session", "anna-phone"),
        session_id="anna-phone",
        user_id=None,
        content_id="morning-news",
        action=action,
        parameters={"order": ["a", "b"], "length_words": 450, "deep": {"language": None}},
        priority=70,
        source=Source("rule", "mission-simplify", 1),
        evidence={"click_rate": Evidence(value=0.5, z=-3.1), "device": Evidence(value="phone"), "nothing": Evidence()},
    )
    return msgspec.structs.replace(whole, **changed)


@pytest.mark.parametrize("action", ACTIONS)
def test_an_encoded_command_passes_the_schema(action: str) -> None:
    variants: list[Json] = [
        {},
        {"experiment": Experiment("e", "b"), "reverts": "c0"},
        {"parameters": {}, "evidence": {}},
    ]
    for changed in variants:
        assert accepts(ADJUSTMENTS, json.loads(commands.encode(command(action, **changed))))


@pytest.mark.parametrize(
    "changed",
    [{"priority": 101}, {"target": None}, {"command_id": None}, {"source": Source("oracle", "x", 1)}],  # type: ignore[arg-type]
    ids=["priority", "target", "command id", "source"],
)
def test_a_command_outside_the_contract_fails_the_schema(changed: Json) -> None:
    assert not accepts(ADJUSTMENTS, json.loads(commands.encode(command("simplify", **changed))))
    assert not accepts(ADJUSTMENTS, json.loads(commands.encode(command("dance"))))


CARD = ModelCard("forest", 1, "isolation_forest", ["clicks"], 0.7, "35e7", "python -m infra.simulate.train", None)
STATE = SessionState(
    session_id="anna-phone",
    updated_at_ms=NOW_MS,
    user_id=None,
    preferences={"language": "fr"},
    recent=[RecentAction("e1", "click", None, NOW_MS)],
    segment=None,
    scores={"forest": 0.4, "surprise": None},
    active=[ActiveAdjustment("c1", "simplify", {"variant": "simple"}, NOW_MS, NOW_MS + 300_000)],
)
TRAIT = Trait("engaged_ms", "low", 9_000.0, 31_000.0, "ms")
SEGMENT = Segment(
    "seg-1", 3, "brief visits", {"clicks": 1.0}, 120, None, ["seg-0"], NOW_MS, {"clicks": 0.5}, {}, 0.2, 4, [TRAIT]
)
ALERT = Alert("alert-1", NOW_MS, "feature_drift", "warning", "clicks", 0.5, 0.2, "clicks have changed", "a.md", "psi")
OTHERS = [
    (REJECTED, RejectedRecord("malformed", "empty", "adjust", "events.v1", 0, 17, "", NOW_MS)),
    (LATE, LateEvent(None, None, "anna-phone", NOW_MS, NOW_MS, 0, 17)),
    (TALLY, WindowTally(NOW_MS, 60, 2)),
    (OUTCOMES, Outcome("c1", "anna-phone", "applied", NOW_MS)),
    (OUTCOMES, Outcome(None, "anna-phone", None, NOW_MS, "rating", 4.5)),
    (MODELS, ModelRecord(CARD, "/Td6WFoA", "/var/models/forest-1.onnx")),
    (FEATURES, FeatureRow("anna-phone", NOW_MS, "window", {"clicks": 3.0}, {"device": None}, None, {}, None, {})),
    (SEGMENTS, SEGMENT),
    (ALERTS, ALERT),
    (DRIFT, DriftLook(NOW_MS, [DriftReading("clicks", "feature", 0.5, 0.2, 0.3, 0.0001, 200, True)])),
    (SESSION_STATE, STATE),
    (HEATMAP, HeatCell("https://site.example/a", "phone", "click", NOW_MS, 3, 7, 12)),
]


@pytest.mark.parametrize(
    ("topic", "record"), OTHERS, ids=[f"{type(record).__name__} on {topic.name}" for topic, record in OTHERS]
)
def test_another_record_passes_its_schema_and_no_field_may_be_a_list(topic: Topic, record: Any) -> None:
    value = json.loads(msgspec.json.encode(record))

    assert accepts(topic, value)
    assert not any(accepts(topic, value | {name: [1]}) for name in value)
    assert not accepts(topic, {})


def test_the_shipped_rules_pass_the_schema_and_a_slip_of_the_pen_does_not() -> None:
    rules = yaml.safe_load((HERE.parents[1] / "models" / "shipped" / "rules.yaml").read_text("utf-8"))["rules"]

    assert rules
    for rule in rules:
        assert accepts(RULES, rule)
        assert not accepts(RULES, rule | {"cooldown": 5})
        assert not accepts(RULES, rule | {"when": []})


def test_the_asyncapi_document_is_valid() -> None:
    official = json.loads((Path(__file__).parent / "data" / "asyncapi-3.0.0.schema.json").read_text("utf-8"))

    assert [error.message for error in Draft7Validator(official).iter_errors(ASYNCAPI)] == []
    for broken in (ASYNCAPI | {"operations": {"x": {"action": "shout"}}}, ASYNCAPI | {"asyncapi": "2.0.0"}):
        assert not Draft7Validator(official).is_valid(broken)


def test_the_asyncapi_document_covers_exactly_the_topics() -> None:
    assert [channel["address"] for channel in ASYNCAPI["channels"].values()] == [topic.name for topic in TOPICS]
    for topic in TOPICS:
        kafka = ASYNCAPI["channels"][topic.name]["bindings"]["kafka"]
        assert kafka["partitions"] == topic.partitions
        as_texts = {k: ",".join(v) if isinstance(v, list) else str(v) for k, v in kafka["topicConfiguration"].items()}
        assert as_texts == topic.config
    files = {payload(topic).resolve() for topic in TOPICS}
    assert files == {path.resolve() for path in (HERE / "json").iterdir()}


def test_every_topic_has_a_sender_and_a_receiver_and_every_reference_leads_somewhere() -> None:
    actions = {(each["channel"]["$ref"], each["action"]) for each in ASYNCAPI["operations"].values()}
    assert actions == {(f"#/channels/{topic.name}", action) for topic in TOPICS for action in ("send", "receive")}

    for reference in references(ASYNCAPI):
        if reference.startswith("#/"):
            node = ASYNCAPI
            for part in reference[2:].split("/"):
                node = node[part]
        else:
            assert (HERE / reference).is_file()


def test_the_only_host_in_the_asyncapi_document_is_this_machine() -> None:
    (server,) = ASYNCAPI["servers"].values()

    assert server["host"] == "{bootstrap}"
    assert server["variables"]["bootstrap"]["default"].startswith("127.0.0.1:")
    assert "://" not in (HERE / "asyncapi.yaml").read_text("utf-8")


def test_a_rejected_record_of_2_mb_fits_into_the_topic_of_rejected_records() -> None:
    rejected = RejectedRecord(
        "oversize", "over 65536 bytes", "adjust", "events.v1", 0, 2**62, "A" * (2_000_000 * 4 // 3), NOW_MS
    )

    assert len(msgspec.json.encode(rejected)) < int(REJECTED.config["max.message.bytes"]) == 3 * 2**20
    assert "max.message.bytes" not in EVENTS.config
