"""What the console is told of models, segments and drift: from a store, from topics, and without either."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from infra.bench.mock_kafka import MockKafka, mock_kafka
from infra.gateway.console.recent_rows import SeenRow
from infra.gateway.console.segments import moves_of
from models.model_store import BUNDLED, load_forest
from models.model_versions import ModelVersions
from models.store_addresses import files_at
from schemas.alerts import Alert
from schemas.control_acks import ControlAck, ack_key
from schemas.drift import DriftLook, DriftReading, UnknownShare
from schemas.features import FeatureRow
from schemas.model_cards import shadow_key
from schemas.outcomes import Outcome
from schemas.topics import ALERTS, CONTROL_ACKS, DRIFT, FEATURES, MODELS, OUTCOMES, SEGMENTS
from tests.support.announced_models import announced_length, edited, length_card, length_model
from tests.support.credentials import OPERATOR
from tests.support.gateway_in_process import InProcessClient, in_process
from tests.support.mock_topics import write
from tests.support.model_stores import NOON_MS, filled_store
from tests.support.segment_records import segment_record

PATHS = ("models", "models/length", "models/length/versions/1/report", "segments", "drift")


@pytest.fixture(scope="module")
def kafka() -> Iterator[MockKafka]:
    with mock_kafka() as kafka:
        yield kafka


@pytest.fixture(scope="module")
def empty() -> Iterator[MockKafka]:
    with mock_kafka() as kafka:
        yield kafka


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> ModelVersions:
    return filled_store(tmp_path_factory.mktemp("store"))


def gateway_of(kafka: MockKafka, store: ModelVersions | None = None) -> InProcessClient:
    location = "" if store is None else str(Path(store.place("length", 1)).parents[1])
    return in_process(bootstrap=kafka.bootstrap, models=location)


def ask(gateway: InProcessClient, path: str, status: int = 200) -> Any:
    answer = gateway.get(f"/console/api/{path}", headers={"authorization": f"Bearer {OPERATOR}"})
    assert answer.status_code == status, answer.text
    return answer.json()


def acknowledge(kafka: MockKafka, version: int, *subtasks: int, name: str = "length") -> None:
    acks = [ControlAck("model", name, version, each, 2, NOON_MS, NOON_MS) for each in subtasks]
    write(kafka, CONTROL_ACKS.name, [(ack_key(ack), ack) for ack in acks])


def test_without_store_and_models_the_shipped_forest_is_all(empty: MockKafka) -> None:
    told = ask(gateway_of(empty), "models")
    assert told["store"] == {"location": None, "problem": None}
    (forest,) = told["models"]
    assert (forest["id"], forest["origin"], forest["live"]) == ("isolation_forest", "shipped", None)
    assert forest["card"]["version"] == load_forest(BUNDLED).card.version


def test_a_model_is_told_with_its_versions_gate_and_acknowledgements(kafka: MockKafka, store: ModelVersions) -> None:
    gateway = gateway_of(kafka, store)
    assert ask(gateway, "models/length")["live"] is None
    key, body = announced_length(from_ms=NOON_MS)
    write(kafka, MODELS.name, [(key, body.encode()), ("noise", b"no announcement")])
    acknowledge(kafka, 1, 0)
    assert ask(gateway, "models/length")["live"]["state"] == "waiting"
    acknowledge(kafka, 1, 1)
    told = ask(gateway, "models/length")
    assert (told["live"]["version"], told["live"]["state"], told["live"]["from_ms"]) == (1, "in_force", NOON_MS)
    assert (told["promoted"], told["versions"], told["problem"]) == (1, [1, 2], None)
    second, first = told["described"]
    assert (second["version"], second["passed"], second["has_report"]) == (2, False, False)
    assert (first["version"], first["passed"], first["has_report"]) == (1, True, True)
    assert first["card"]["metrics"]["mae"] == {"value": 70.0, "low": 66.0, "high": 74.0}
    assert first["checks"] == [{"name": "parity", "passed": True, "detail": "differs by 2e-7 at most", "asked": True}]
    assert first["promotions"] == [{"version": 1, "kind": "promote", "at_ms": NOON_MS, "by": "eva"}]
    entry = next(each for each in ask(gateway, "models")["models"] if each["id"] == "length")
    assert {"noise"}.isdisjoint(each["id"] for each in ask(gateway, "models")["models"])
    assert (entry["card"]["version"], entry["live"]["in_words"]) == (1, "2 of 2 subtasks")


def test_what_was_announced_is_told_without_a_store_and_a_broken_version_with_its_problem(
    kafka: MockKafka, store: ModelVersions, tmp_path: Path
) -> None:
    told = ask(gateway_of(kafka), "models/length")
    assert (told["live"]["version"], told["described"], told["versions"]) == (1, [], [])
    broken = ModelVersions(tmp_path)
    broken.add(length_card(length_model()), length_model())
    Path(broken.place("length", 1, "card.json")).write_text("{")
    told = ask(gateway_of(kafka, broken), "models/length")
    assert "card.json is no whole JSON" in told["described"][0]["problem"]


def test_a_report_is_shown_and_can_do_nothing(kafka: MockKafka, store: ModelVersions) -> None:
    gateway, bearer = gateway_of(kafka, store), {"authorization": f"Bearer {OPERATOR}"}
    page = gateway.get("/console/api/models/length/versions/1/report", headers=bearer)
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert b"the report" in page.content
    policy = page.headers["content-security-policy"]
    assert "sandbox" in policy
    assert "script-src" not in policy
    assert "default-src 'none'" in policy


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("models/nobody", 404, "id: there is no model nobody; there are isolation_forest, length"),
        ("models/length/versions/2/report", 404, "version: length version 2 has no report.html"),
        ("models/length/versions/9/report", 404, "version: model length: no version 9; there are 1, 2"),
        ("models/length/versions/one/report", 400, "version: expected the number of a version"),
        ("models/..%2f..%2fetc/versions/1/report", 404, ""),
        ("models/LENGTH/versions/1/report", 404, "is no id of a model"),
    ],
)
def test_refusals_name_the_field(kafka: MockKafka, store: ModelVersions, path: str, status: int, said: str) -> None:
    assert said in ask(gateway_of(kafka, store), path, status)["problem"]


def test_a_store_that_cannot_be_opened_is_told_and_what_is_announced_is_shown(kafka: MockKafka) -> None:
    told = ask(in_process(bootstrap=kafka.bootstrap, models="s3://bucket/models"), "models")
    assert "s3://bucket/models: the driver of s3:// is not installed: pip install s3fs" in told["store"]["problem"]
    assert "length" in [each["id"] for each in told["models"]]


def test_a_store_at_an_address_is_shown_without_its_password(kafka: MockKafka, tmp_path: Path) -> None:
    location = f"memory://eva:secret@host{tmp_path}"
    filled_store(files_at(location))
    gateway = in_process(bootstrap=kafka.bootstrap, models=location)
    told = ask(gateway, "models/length")
    assert told["store"] == {"location": f"memory://host{tmp_path}", "problem": None}
    assert [each["version"] for each in told["described"]] == [2, 1]
    page = gateway.get("/console/api/models/length/versions/1/report", headers={"authorization": f"Bearer {OPERATOR}"})
    assert b"the report" in page.content
    assert "has no report.html" in ask(gateway, "models/length/versions/2/report", 404)["problem"]


def test_segments_are_told_with_map_sizes_and_what_tells_them_apart(kafka: MockKafka) -> None:
    def records(version: int, share: float) -> list[tuple[str, bytes]]:
        given = {"version": version, "at_ms": NOON_MS + version}
        pair = (
            segment_record("s1", 2_000.0, "short attention", share=share, size=round(100 * share), **given),
            segment_record("s2", 60_000.0, "long attention", share=1.0 - share, size=round(100 - 100 * share), **given),
        )
        return [(key, body.encode()) for key, body in pair]

    flat = ("s3", segment_record("s3", 1.0, spread={"engaged_ms": 0.0})[1].encode())
    write(kafka, SEGMENTS.name, [*records(1, 0.5), *records(2, 0.75), ("bad", b"{"), flat])
    told = ask(gateway_of(kafka), "segments")
    assert [(each["segment_id"], each["share"]) for each in told["segments"]] == [("s1", 0.75), ("s2", 0.25)]
    assert told["axes"] == ["more engaged_ms", "nothing more"]
    (short, long) = (each["place"] for each in told["segments"])
    assert long[0] > short[0]
    assert short[1] == long[1] == 0.0
    assert [(each["version"], each["shares"]) for each in told["history"]] == [
        (1, {"s1": 0.5, "s2": 0.5}),
        (2, {"s1": 0.75, "s2": 0.25}),
    ]
    (telling,) = told["segments"][0]["telling"]
    assert (telling["feature"], telling["value"], telling["unit"]) == ("engaged_ms", 2_000.0, "ms")
    assert telling["apart"] < 0.0 < told["segments"][1]["telling"][0]["apart"]


def test_who_moved_is_counted_and_nobody_is_named(kafka: MockKafka) -> None:
    def row(session: str, minute: int, segment: str | None) -> tuple[str, FeatureRow]:
        return session, FeatureRow(session, NOON_MS + 60_000 * minute, "window", {}, {}, segment, {}, None)

    rows = [row("ann", 0, None), row("ann", 1, "s1"), row("ann", 2, "s2"), row("ben", 1, "s1"), row("ben", 2, "s2")]
    write(kafka, FEATURES.name, [*rows, row("cat", 1, "s2"), row("cat", 2, "s2"), ("x", b"no row")])
    told = ask(gateway_of(kafka), "segments")
    assert told["moves"] == [{"from": "s1", "to": "s2", "readers": 2}]
    assert (told["seen"]["readers"], told["seen"]["placed"], told["seen"]["windows"]) == (3, 3, 7)
    assert "ann" not in msgspec.json.encode(told).decode()


def test_a_model_in_shadow_is_told_beside_the_one_in_force(store: ModelVersions) -> None:
    with mock_kafka() as kafka:
        gateway = gateway_of(kafka, store)
        (key, body), (_, candidate) = announced_length(), announced_length(900.0, version=2)
        shadow = edited(candidate, mode="shadow")
        write(kafka, MODELS.name, [(key, body.encode()), (shadow_key(key), shadow.encode())])
        acknowledge(kafka, 2, 0, 1, name=shadow_key(key))
        told = ask(gateway, "models/length")
        assert (told["live"]["version"], told["shadow"]["version"], told["shadow"]["state"]) == (1, 2, "in_force")
        assert told["beside"] is None, "no window has been scored in shadow"
        assert [each["id"] for each in ask(gateway, "models")["models"]] == ["isolation_forest", "length"]
        rows, outcomes = [], []
        for number in range(40):
            session, scores = f"s{number}", {"length": 500.0, "shadow_length": 410.0}
            models = {"length": 1, "shadow_length": 2}
            rows.append((session, FeatureRow(session, NOON_MS, "window", {}, {}, None, {**scores}, None, models)))
            outcomes.append((session, Outcome(None, session, None, NOON_MS + 1, "preferred_content_length", 400.0)))
        # The square of this difference is no number.
        far = FeatureRow(
            "far", NOON_MS, "window", {}, {}, None, {"length": 1e200, "shadow_length": -1e200}, None, models
        )
        write(kafka, FEATURES.name, [*rows, ("far", far)])
        write(kafka, OUTCOMES.name, [*outcomes, ("x", b"{")])
        beside = ask(gateway_of(kafka, store), "models/length")["beside"]
        assert (beside["live"], beside["shadow"], beside["readers"], beside["told"]) == (1, 2, 40, 40)
        assert beside["advantage"] == {"value": 90.0, "low": 90.0, "high": 90.0}


def test_a_reader_who_moves_to_and_fro_counts_once_each_way() -> None:
    rows = [SeenRow("ann", 60_000 * n, "window", segment) for n, segment in enumerate(["s1", "s2", "s1", "s2", "s1"])]
    assert moves_of(rows)["moves"] == [
        {"from": "s1", "to": "s2", "readers": 1},
        {"from": "s2", "to": "s1", "readers": 1},
    ]


def test_drift_is_told_over_time_what_drifts_first_and_each_look_once(kafka: MockKafka) -> None:
    def reading(subject: str, psi: float, drifted: bool = False) -> DriftReading:
        return DriftReading(subject, "feature", psi, 0.2, 0.1, 0.5, 200, drifted)

    first = DriftLook(NOON_MS, [reading("clicks", 0.1), reading("pages", 0.05)])
    unknown = UnknownShare("scroll_depth", 0.9, 0.05, 200)
    second = DriftLook(NOON_MS + 60_000, [reading("pages", 0.6, True), reading("clicks", 0.19)], [unknown])
    write(kafka, DRIFT.name, [("watch", each) for each in (second, first, first)])
    alert = Alert("a1", NOON_MS + 60_000, "feature_drift", "critical", "pages", 0.6, 0.2, "pages drift", "a.md", "psi")
    write(kafka, ALERTS.name, [("pages", alert), ("pages", alert)])
    told = ask(gateway_of(kafka), "drift")
    assert told["looks"] == 2
    assert told["unknown"] == [{"subject": "scroll_depth", "share": 0.9, "reference_share": 0.05, "rows": 200}]
    assert [each["subject"] for each in told["subjects"]] == ["pages", "clicks"]
    assert [(each["psi"], each["has_drifted"]) for each in told["subjects"][0]["readings"]] == [
        (0.05, False),
        (0.6, True),
    ]
    assert [each["alert_id"] for each in told["alerts"]] == ["a1"]


def test_where_nothing_was_learnt_the_answers_are_empty_and_not_zero(empty: MockKafka) -> None:
    gateway = gateway_of(empty)
    told = ask(gateway, "segments")
    assert (told["segments"], told["history"], told["moves"], told["seen"]["since_ms"]) == ([], [], [], None)
    assert ask(gateway, "drift") == {"looks": 0, "subjects": [], "left_out": 0, "unknown": [], "alerts": []}


@pytest.mark.parametrize("path", PATHS)
def test_nothing_is_told_without_the_token(kafka: MockKafka, store: ModelVersions, path: str) -> None:
    assert gateway_of(kafka, store).get(f"/console/api/{path}").status_code == 401


def test_without_kafka_the_answer_says_so() -> None:
    answer = ask(in_process(bootstrap="127.0.0.1:1"), "models", 503)
    assert "127.0.0.1:1" in answer["problem"]
