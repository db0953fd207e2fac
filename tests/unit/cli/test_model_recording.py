"""models record: what it writes of the topics is what `models train` reads."""

import json
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner, Result

from infra.bench.mock_kafka import MockKafka, mock_kafka
from infra.cli.main import app
from infra.kafka.blocking_producer import BlockingProducer
from infra.kafka.reading import Offsets, TopicReader
from models.learning.feature_log import join, read_feature_files, read_outcome_files
from schemas.features import encode_feature_row
from schemas.topics import FEATURES, OUTCOMES
from tests.support.told_lengths import recorded


def run(kafka: MockKafka, *arguments: object) -> Result:
    return CliRunner().invoke(app, ["models", "record", *map(str, arguments), "--bootstrap", kafka.bootstrap])


def beginnings(reader: TopicReader, at_ms: int) -> Offsets:
    """The mock cluster does not find offsets by time: it answers with the end for any."""
    return {each: begin for each, (begin, _) in reader.bounds().items()}


@pytest.mark.parametrize("ending", ["jsonl", "jsonl.gz"])
def test_files_of_both_topics_are_read_again_as_they_stand_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    monkeypatch.setattr(TopicReader, "offsets_at", beginnings)
    rows, outcomes = recorded()
    rows, outcomes = rows[:40], outcomes[:40]
    files = features, told = tmp_path / f"f.{ending}", tmp_path / f"o.{ending}"
    features.write_bytes(b"of before")
    with mock_kafka() as kafka:
        producer = BlockingProducer(kafka.bootstrap)
        for row in rows:
            producer.send(FEATURES.name, encode_feature_row(row), row.session_id.encode())
        for outcome in outcomes:
            producer.send(OUTCOMES.name, msgspec.json.encode(outcome), outcome.session_id.encode())
        producer.send(OUTCOMES.name, b"no outcome", b"x")
        producer.finish()
        done = run(kafka, "--features", features, "--outcomes", told, "--last", "1h", "--json")
    assert (done.exit_code, json.loads(done.stdout)) == (0, {"features": 40, "outcomes": 40}), done.output
    assert f"{features}: 40 records" in done.stderr
    assert sorted(tmp_path.iterdir()) == sorted(files)
    if ending.endswith(".gz"):
        assert all(each.read_bytes().startswith(b"\x1f\x8b") for each in files)
    assert sorted(map(encode_feature_row, read_feature_files([features]))) == sorted(map(encode_feature_row, rows))
    metric = outcomes[0].metric
    assert metric is not None
    again = join(read_feature_files([features]), read_outcome_files([told]), metric, True)
    assert again.truth.tolist() == join(rows, outcomes, metric, True).truth.tolist()


def test_a_file_that_could_not_be_written_whole_leaves_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "f.jsonl"
    path.write_text("of before")
    command = ["models", "record", "--bootstrap", "127.0.0.1:1", "--features"]
    assert CliRunner().invoke(app, [*command, str(path)]).exit_code == 1
    assert [each.read_text() for each in tmp_path.iterdir()] == ["of before"]
    nowhere = CliRunner().invoke(app, [*command, str(tmp_path / "nowhere" / "f.jsonl")])
    assert "give a file in a folder that exists" in nowhere.stderr
    assert CliRunner().invoke(app, [*command, str(path), "--outcomes", str(path)]).exit_code == 2
    beside = tmp_path / ".." / tmp_path.name / "f.jsonl"
    assert CliRunner().invoke(app, [*command, str(path), "--outcomes", str(beside)]).exit_code == 2
    assert CliRunner().invoke(app, command[:2]).exit_code == 2


def test_a_loop_of_links_is_told_in_one_line(tmp_path: Path) -> None:
    loop = tmp_path / "loop.jsonl"
    loop.symlink_to(loop)
    command = ["models", "record", "--bootstrap", "127.0.0.1:1", "--features", str(loop)]
    for options in ([], ["--outcomes", str(tmp_path / "o.jsonl")]):
        done = CliRunner().invoke(app, [*command, *options])
        assert (done.exit_code, f"--features {loop} cannot be written" in done.stderr) == (1, True), done.exception


def test_a_file_may_be_called_as_the_other_one_was_while_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TopicReader, "offsets_at", beginnings)
    files = features, told = tmp_path / "g.jsonl", tmp_path / ".new-g.jsonl"
    with mock_kafka() as kafka:
        producer = BlockingProducer(kafka.bootstrap)
        rows, outcomes = recorded()
        producer.send(FEATURES.name, encode_feature_row(rows[0]), b"x")
        producer.send(OUTCOMES.name, msgspec.json.encode(outcomes[0]), b"x")
        producer.finish()
        done = run(kafka, "--features", features, "--outcomes", told)
    assert done.exit_code == 0, done.output
    assert sorted(tmp_path.iterdir()) == sorted(files)
