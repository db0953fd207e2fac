"""The learner on a mock broker: rows in, segments, alerts and a retraining out; and what the command line shows of them."""

import json
import os
import shlex
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import numpy as np
import pytest
from typer.testing import CliRunner

from infra.bench.mock_kafka import MockKafka, is_available, mock_kafka
from infra.cli.learn_command import training_range
from infra.cli.main import app
from infra.cli.segment_commands import history, in_force
from infra.kafka.compacted import newest_values
from infra.kafka.connection import KafkaConnection
from infra.kafka.reading import StreamError, TopicReader
from infra.learner.command_ends import retraining_end, rollback_end
from infra.learner.command_environment import command_environment
from infra.learner.model_hook import NOTHING, HookEnd, ModelHook, printed_of
from infra.learner.segment_map import draw
from infra.learner.service import LearnerService, LearnerSettings
from models.segments.learner import LearningOptions
from models.segments.map_axes import eigen, principal_axes
from schemas.alerts import Alert
from schemas.control_acks import ControlAck, ack_key
from schemas.kafka_security.settings import KafkaSecurity
from schemas.outcomes import Outcome
from schemas.segments import Segment
from schemas.topics import ALERTS, CONTROL_ACKS, FEATURES, OUTCOMES, SEGMENTS
from tests.support.feature_rows import HABITS, row, visits
from tests.support.mock_topics import write


def service_on(kafka: MockKafka, hook: ModelHook, models: tuple[str, ...] = ()) -> LearnerService:
    # All of the topic: the mock cluster does not know times.
    options = LearningOptions(warm_up_rows=300, refresh_rows=200)
    return LearnerService(
        LearnerSettings(KafkaConnection(kafka.bootstrap), options, None, None, 200, 100, models), hook, ModelHook()
    )


@pytest.fixture(scope="module")
def kafka() -> Iterator[MockKafka]:
    if not is_available():
        pytest.skip("this client brings no mock cluster")
    with mock_kafka() as cluster:
        calm, _ = visits(seed=511, sessions=350, windows=12)
        drifted, _ = visits(seed=512, sessions=150, factor=1.8, begin_s=700, windows=12)
        rows = sorted([*calm, *drifted], key=lambda each: each.window_end_ms)
        write(cluster, FEATURES.name, [(each.session_id, each) for each in rows])
        write(cluster, FEATURES.name, [("s", b"{broken"), ("s", b'{"session_id": "\xff"}')])
        write(cluster, SEGMENTS.name, [("s0", b"{broken"), ("s00", b'{"segment_id": "\xff"}')])
        write(cluster, ALERTS.name, [("s", b"{broken"), ("s", b"\xff")])
        yield cluster


def test_segments_alerts_and_a_retraining_follow_from_the_rows(kafka: MockKafka, tmp_path: Path) -> None:
    trained = tmp_path / "trained"
    hook = ModelHook(f"{sys.executable} -c \"open('{trained}', 'a').write('{{model}} ')\"")
    service = service_on(kafka, hook, ("length",))
    service.run(threading.Event(), once=True)

    segments = in_force(kafka.bootstrap)
    # A third of the readers have changed their habits half-way: there may be more groups than habits.
    assert len(HABITS) <= len(segments) <= 2 * len(HABITS)
    assert sum(each.share for each in segments) == pytest.approx(1.0)
    assert (service.rows, service.unreadable) == (500 * 13, 2)
    assert service.learner is not None
    assert service.learner.minutes.late == 0
    assert len({each.version for each in history(kafka.bootstrap)}) > 3
    values = [value for key, value in newest_values(kafka.bootstrap, ALERTS.name).items() if key != b"s"]
    alerts = [msgspec.json.decode(value, type=Alert) for value in values]
    assert {(each.kind, each.subject) for each in alerts} >= {("feature_drift", "engaged_ms"), ("retraining", "length")}

    ran = CliRunner().invoke(app, ["segments", "list", "--bootstrap", kafka.bootstrap])
    assert ran.exit_code == 0, ran.output
    assert all(each.segment_id in ran.output for each in segments)
    ran = CliRunner().invoke(
        app, ["segments", "show", segments[0].segment_id, "--json", "--bootstrap", kafka.bootstrap]
    )
    assert msgspec.json.decode(ran.output, type=Segment) == segments[0]
    ran = CliRunner().invoke(app, ["segments", "show", "s99", "--bootstrap", kafka.bootstrap])
    assert ran.exit_code == 1
    ran = CliRunner().invoke(
        app, ["alerts", "list", "--kind", "feature_drift", "--json", "--bootstrap", kafka.bootstrap]
    )
    assert {json.loads(line)["subject"] for line in ran.output.splitlines()} == {"engaged_ms"}
    picture = tmp_path / "map.svg"
    ran = CliRunner().invoke(app, ["segments", "map", "--out", str(picture), "--bootstrap", kafka.bootstrap])
    assert ran.exit_code == 0, ran.output
    drawn = "".join(ElementTree.fromstring(picture.read_text("utf-8")).itertext())
    assert all(each.name in drawn for each in segments)


def test_refused_models_are_told_once_each(kafka: MockKafka) -> None:
    reason = "the artefact is not ONNX"
    acks = [
        ControlAck("model", "tone", version, subtask, 2, None, 1_000 * version, reason)
        for version in (4, 5)
        for subtask in (0, 1)
    ]
    write(kafka, CONTROL_ACKS.name, [*((ack_key(each), each) for each in acks), ("model:tone:0", b"{broken")])

    for _ in range(2):
        # A learner that starts again tells it with the same id.
        service_on(kafka, ModelHook()).run(threading.Event(), once=True)

    with TopicReader(kafka.bootstrap, ALERTS.name) as reader:
        records = [each.value or b"" for each in reader.read_to_end(quiet_s=0.0)]
    alerts = [msgspec.json.decode(value, type=Alert) for value in records if b"model_refused" in value]
    told = {each.alert_id: each for each in alerts}
    assert [(each.subject, each.text.split(" is ")[0]) for each in told.values()] == [
        ("tone", "tone version 4"),
        ("tone", "tone version 5"),
    ]
    assert all(reason in each.text for each in told.values())


def test_what_is_dated_years_ahead_is_left_out_and_the_minutes_go_on(caplog: pytest.LogCaptureFixture) -> None:
    if not is_available():
        pytest.skip("this client brings no mock cluster")
    rows, _ = visits(seed=513, sessions=40, windows=12)
    ten_years_s = 10 * 365 * 86_400
    with mock_kafka() as cluster:
        # The clock of a page may be an hour ahead: such an outcome waits for its minute.
        hence_ms = [row("s", ten_years_s).window_end_ms, time.time_ns() // 1_000_000 + 3_600_000]
        outcomes = [Outcome(None, "s", None, at_ms, "preferred_content_length", 300.0) for at_ms in hence_ms]
        write(cluster, OUTCOMES.name, [("s", each) for each in outcomes])
        written = [row("ahead", ten_years_s), *rows, row("ahead", 2 * ten_years_s)]
        write(cluster, FEATURES.name, [(each.session_id, each) for each in written])
        service = service_on(cluster, ModelHook())
        service.run(threading.Event(), once=True)

    assert service.learner is not None
    assert (service.rows, service.ahead, service.unreadable, service.learner.minutes.late) == (len(rows), 3, 0, 0)
    assert service.learner.minutes.closed_ms <= rows[-1].window_end_ms + 60_000
    (told,) = [each.getMessage() for each in caplog.records if "clock of this machine" in each.getMessage()]
    assert told.startswith("skipped ")


def test_a_learner_that_starts_again_keeps_the_ids(kafka: MockKafka) -> None:
    before = {each.segment_id: each for each in in_force(kafka.bootstrap)}
    assert before

    service_on(kafka, ModelHook()).run(threading.Event(), once=True)

    after = {each.segment_id: each for each in in_force(kafka.bootstrap)}
    assert after.keys() == before.keys()
    assert all(after[each].version > before[each].version for each in before)


def test_a_hook_runs_one_model_after_the_other_and_tells_of_success(tmp_path: Path) -> None:
    log = tmp_path / "log"
    write = "import sys; open(sys.argv[1], 'a').write(' '.join(sys.argv[2:]) + ', ');"
    train = shlex.join(
        [sys.executable, "-c", write + """print('{"card": {"version": 7}}')""", str(log), "train", "{model}"]
    )
    promote = shlex.join([sys.executable, "-c", write, str(log), "promote", "{model}", "{version}"])
    hook = ModelHook(train, promote)
    for model in ("length", "tone", "length"):
        hook.start(model)

    succeeded = []
    for _ in range(4):
        hook.wait(60.0)
        succeeded.append(hook.ended())

    ends = [None if end is None else (end.model, end.version, end.status) for end in succeeded]
    # A promotion that prints nothing is of the version that was meant.
    assert ends == [None, ("length", "7", 0), None, ("tone", "7", 0)]
    assert log.read_text() == "train length, promote length 7, train tone, promote tone 7, "
    assert hook.ended() is None
    failing = ModelHook(f'{sys.executable} -c "raise SystemExit(1)"', promote)
    failing.start("length")
    failing.wait(60.0)
    end = failing.ended()
    assert end is not None
    assert (end.model, end.status, end.printed) == ("length", 1, NOTHING)
    failing.wait(60.0)
    assert log.read_text().count("promote") == 2
    meant = ModelHook(shlex.join([sys.executable, "-c", write, str(log), "back", "{model}", "{version}"]))
    for model, version in (("length", 3), ("tone", None), ("length.s1", 4)):
        meant.start(model, version)
    for _ in range(3):
        meant.wait(60.0)
        assert (end := meant.ended()) is not None
        assert end.status == 0
    assert log.read_text().endswith("back length 3, back tone , back length.s1 4, ")
    unknown = ModelHook("no-such-program-here {model}")
    unknown.start("length")
    assert (end := unknown.ended()) is not None
    assert (end.model, end.status, end.command) == ("length", None, "no-such-program-here length")
    assert unknown.ended() is None
    ModelHook().start("length")


def test_a_model_that_the_gate_keeps_out_is_told_with_version_and_reason_and_others_as_failures() -> None:
    printed = b'{"card": {"version": 4}, "passed": false, "reasons": ["no better than version 3", "parity"]}'
    kept_out = retraining_end(
        HookEnd("length", "4", "", 1, "microadjust models train length", printed_of(printed)), 60_000
    )
    failed = retraining_end(HookEnd("length", "", "", 1, "microadjust models train length", NOTHING), 60_000)
    unstarted = retraining_end(HookEnd("length", "", "", None, "trainer", NOTHING), 60_000)

    assert kept_out is not None
    assert (kept_out.kind, kept_out.subject, kept_out.at_ms, kept_out.severity) == (
        "model_kept_out",
        "length",
        60_000,
        "warning",
    )
    assert "length version 4 out" in kept_out.text
    assert kept_out.text.endswith("no better than version 3; parity")
    assert failed is not None
    assert failed.kind == "retraining_failed"
    assert "`microadjust models train length` ended with exit status 1" in failed.text
    assert unstarted is not None
    assert "could not be started" in unstarted.text
    assert retraining_end(HookEnd("length", "4", "4", 0, "promote", NOTHING), 60_000) is None


def test_a_rollback_is_told_once_it_has_succeeded_and_a_failed_one_as_such() -> None:
    def told(status: int | None, printed: bytes) -> tuple[str, str, str] | None:
        alert = rollback_end(
            HookEnd("length", "2", "3", status, "microadjust models rollback", printed_of(printed)), 60_000
        )
        return None if alert is None else (alert.kind, alert.severity, alert.text)

    kind, severity, text = told(0, b'{"model": "length", "version": 2, "before": 3, "state": "in_force"}') or (
        "",
        "",
        "",
    )
    assert (kind, severity) == ("model_rolled_back", "warning")
    assert "length version 3 was taken back" in text
    assert told(0, b'{"model": "length", "version": 2, "state": "unchanged"}') is None
    for status in (1, None):
        kind, severity, text = told(status, b"") or ("", "", "")
        assert (kind, severity) == ("rollback_failed", "critical")
        assert "length version 3 may still be in force" in text


def test_commands_talk_to_the_kafka_that_the_learner_talks_to(tmp_path: Path) -> None:
    secured = KafkaConnection("b:9093", KafkaSecurity(security_protocol="SSL"))
    given = {"PATH": "p", "MICROADJUST_BOOTSTRAP": "a:9092", "MICROADJUST_KAFKA_SECURITY_PROTOCOL": "SSL"}

    assert command_environment(secured, given) == {**given, "MICROADJUST_BOOTSTRAP": "b:9093"}
    assert command_environment(KafkaConnection("c:9092"), given) == {"PATH": "p", "MICROADJUST_BOOTSTRAP": "c:9092"}
    log = tmp_path / "log"
    script = "import os, sys; open(sys.argv[1], 'w').write(os.environ['MICROADJUST_BOOTSTRAP'])"
    hook = ModelHook(
        shlex.join([sys.executable, "-c", script, str(log)]),
        environ=command_environment(KafkaConnection("c:9092"), os.environ),
    )
    hook.start("length")
    hook.wait(60.0)
    assert log.read_text() == "c:9092"


def test_a_card_tells_the_training_range(tmp_path: Path) -> None:
    card = tmp_path / "card.json"
    card.write_text('{"card": {"trained_from_ms": 5, "trained_until_ms": 9}}')
    assert training_range(card) == (5, 9)
    card.write_text('{"trained_until_ms": 9}')
    with pytest.raises(StreamError, match="trained_from_ms"):
        training_range(card)


def test_the_map_lies_along_the_axis_in_which_segments_differ() -> None:
    def segment(segment_id: str, clicks: float, depth: float) -> Segment:
        centroid = {"clicks": clicks, "depth": depth}
        spread = {"clicks": 1.0, "depth": 0.1}
        return Segment(segment_id, 1, f"<{segment_id}>", centroid, 1, None, [], 0, spread, {}, 0.5, 3)

    pair = [segment("s1", 0.0, 0.5), segment("s2", 6.0, 0.5)]
    places, words = principal_axes(pair)

    assert [b - a for a, b in zip(*places, strict=True)] == pytest.approx([6.0, 0.0])
    assert words == ("more clicks", "nothing more")
    assert principal_axes(pair[:1]).places == [(0.0, 0.0)]
    # The square of this covariance is no number any more.
    (_, far, _), _ = principal_axes([pair[0], segment("s3", 1e90, 0.7), pair[1]])
    assert far[0] > 1e89
    assert "<s1>" in "".join(ElementTree.fromstring(draw(pair, [])).itertext())


@pytest.mark.parametrize("size", [1, 2, 5, 11])
def test_the_axes_are_those_that_numpy_finds(size: int) -> None:
    generator = np.random.default_rng(size)
    rows = generator.normal(size=(20, size)) * np.arange(1.0, size + 1.0)
    symmetric = rows.T @ rows
    values, vectors = eigen(symmetric.tolist())
    assert sorted(values) == pytest.approx(np.linalg.eigvalsh(symmetric).tolist(), rel=1e-9)
    found = np.array(vectors)
    assert np.allclose(symmetric @ found, found * np.array(values), atol=1e-7 * max(values))


def test_an_unknown_kind_of_alert_is_named() -> None:
    ran = CliRunner().invoke(app, ["alerts", "list", "--kind", "tired"])
    assert ran.exit_code == 2
    assert "feature_drift" in ran.output.replace("\n", " ")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--retrain", "mood"), "'mood' is no model to train again"),
        (("--retrain", "../length", "--hook", "true"), "is no model to train again"),
        (("--retrain", "length", "--hook", "train 'it"), "No closing quotation"),
        (("--retrain", "length", "--hook", "true", "--hook", " "), "an empty command"),
        (("--retrain", "length", "--retrain-every", "daily"), "--retrain-every daily: give a number above 0"),
        (("--retrain", "length", "--retrain-every", "5m"), "--retrain-every 5m: give an hour at least"),
        (("--retrain-every", "24h"), "give one at least, as --retrain length"),
    ],
    ids=["unknown", "no-id", "unclosed", "empty", "no-duration", "too-often", "no-model"],
)
def test_only_what_can_be_trained_is_named_for_retraining_and_only_what_can_be_started(
    options: tuple[str, ...], told: str
) -> None:
    ran = CliRunner().invoke(app, ["learn", *options], env={"COLUMNS": "300", "NO_COLOR": "1"})
    assert ran.exit_code == 2
    assert told in ran.output
