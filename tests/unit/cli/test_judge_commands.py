"""simulate --world and judge --commands, without a stack."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from infra.cli.judge_commands import shifted_episode, shifted_spans
from infra.cli.main import app
from infra.simulate.ground_truth import Episode, read_truth
from infra.simulate.judging import Span
from infra.simulate.recording import RecordingError, header, records
from infra.simulate.shift import Shift
from schemas.actions import ActionName
from schemas.commands import AdjustmentCommand, Evidence, Source, Target, encode


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    target = tmp_path / "few.jsonl.gz"
    options = ("--readers", "2", "--minutes", "16", "--changes", "bored,leaving", "--seed", "3", "--json")
    shown = run("simulate", str(target), "--world", "S5", *options)
    (row,) = json.loads(shown.output)
    assert row["episodes"] == 2
    return target


def command(episode: Episode, action: ActionName, after_ms: int) -> bytes:
    at_ms = episode.from_ms + after_ms
    return encode(
        AdjustmentCommand(
            command_id=f"{action}-{after_ms}",
            issued_at_ms=at_ms,
            expires_at_ms=at_ms + 60_000,
            target=Target("session", episode.target_id),
            session_id=episode.target_id,
            user_id=None,
            content_id=None,
            action=action,
            parameters={},
            priority=50,
            source=Source("rule", f"rule-{action}", 1),
            evidence={"clicks": Evidence(value=1.0, window_end_ms=at_ms)},
        )
    )


def test_commands_of_a_file_are_judged_against_the_truth_beside_the_recording(recording: Path, tmp_path: Path) -> None:
    truth = read_truth(recording)
    assert truth is not None
    bored, leaving = truth.episodes
    given = tmp_path / "commands.jsonl"
    given.write_bytes(command(bored, "simplify", 60_000) + b"\n" + command(leaving, "shorten", 60_000) + b"\n")
    judged = json.loads(run("judge", str(recording), "--commands", str(given), "--json").output)
    assert (judged["commands"], judged["without_cause"], judged["recall"], judged["precision"]) == (2, 1, 0.5, 0.5)
    assert judged["reader_hours"] == pytest.approx(2 * 16 / 60, rel=0.2)
    assert [each["rule"] for each in judged["rules"]] == ["rule-shorten", "rule-simplify"]
    text = run("judge", str(recording), "--commands", str(given)).output
    assert "precision 0.5, recall 0.5, median delay 60 s" in text
    assert "1 of 2 commands without cause" in text


@pytest.mark.parametrize("truth", [b"{", b'{"episodes": 5}', b"\xff"])
def test_a_truth_that_is_none_is_told_in_a_line(recording: Path, tmp_path: Path, truth: bytes) -> None:
    (tmp_path / "few.truth.json").write_bytes(truth)
    for command in (("judge", str(recording), "--commands", "/dev/null"), ("judge", str(tmp_path))):
        result = run(*command)
        assert (result.exit_code, type(result.exception)) == (1, SystemExit)
        assert ("few.truth.json is no truth of a recording" in result.output) is (command[1] == str(recording))


def test_a_recording_that_is_damaged_is_told_in_a_line(recording: Path) -> None:
    """Inside of a block, where the damage is no data that could be unpacked."""
    sound = recording.read_bytes()
    for at in range(20, 2_000, 60):
        recording.write_bytes(sound[:at] + b"\xff" * 40 + sound[at + 40 :])
        with pytest.raises(RecordingError, match="cannot be read"):
            list(records(recording))


def test_worlds_are_listed_with_their_readers() -> None:
    worlds = json.loads(run("simulate", "--world", "list", "--json").output)
    assert {"world": "S3", "readers": "bursts with log-normal pauses"} in worlds


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("simulate",), "TARGET is missing"),
        (("simulate", "x.jsonl", "--world", "S1", "--seed", "-1"), "--seed: -1 is below 0"),
        (("simulate", "/dev/full", "--seconds", "480"), "TARGET /dev/full cannot be written: No space left"),
        (("simulate", "x.jsonl", "--world", "S9"), "--world: S9 is not known; there are S1, S2"),
        (
            ("simulate", "x.jsonl", "--world", "phones", "--changes", "confused"),
            "readers of phones do not show confused",
        ),
        (("simulate", "x.jsonl", "--world", "S1", "--minutes", "12"), "--minutes: a change after minute 10"),
        (("judge", "no/such/file"), "there is no file no/such/file"),
        (("judge", __file__), "has no truth beside it"),
    ],
)
def test_what_cannot_be_done_is_one_line_that_names_it(arguments: tuple[str, ...], message: str) -> None:
    shown = run(*arguments)
    assert shown.exit_code == 1
    assert message in " ".join(shown.output.split())


def test_a_broken_command_is_named_by_its_line(recording: Path, tmp_path: Path) -> None:
    given = tmp_path / "commands.jsonl"
    given.write_bytes(b'\n{"action": "simplify"}\n')
    shown = run("judge", str(recording), "--commands", str(given))
    assert shown.exit_code == 1
    assert "line 2 is no command" in " ".join(shown.output.split())


def test_truth_and_sessions_move_with_a_shifted_recording(recording: Path) -> None:
    shift = Shift(1_000)
    lines = list(shift.apply(records(recording)))
    moved = {read.session_id for line in lines if (read := header(line)) is not None}
    truth = read_truth(recording)
    assert truth is not None
    bored = shifted_episode(truth.episodes[0], shift)
    assert bored.target_id in moved
    assert bored.from_ms - truth.episodes[0].from_ms == bored.until_ms - truth.episodes[0].until_ms == 1_000
    assert shifted_spans({"anna": Span(1, 2)}, shift) == {shift.renamed("anna"): Span(1_001, 1_002)}
