"""judge: the command that compares the commands for a recording with its truth."""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from infra.cli.bootstrap import Bootstrap, resolve_kafka
from infra.cli.output import Json, err, errors, out, print_json, print_table
from infra.cli.replay_commands import late_warning, play
from infra.kafka.accounting import Accountant
from infra.kafka.connection import Kafka
from infra.kafka.reading import StreamError, TopicReader
from infra.simulate.ground_truth import Episode, read_truth, truth_path
from infra.simulate.judging import Judgement, Span, session_spans
from infra.simulate.judging import judge as judge_commands
from infra.simulate.recording import RecordingError, records
from infra.simulate.shift import Shift
from schemas import topics
from schemas.commands import AdjustmentCommand
from schemas.unreadable import UNREADABLE

COMMIT_S = 3.0
"""Commands can be read once a checkpoint has committed them."""


def judge(
    recording: Annotated[Path, typer.Argument(help="Recording whose truth stands beside it, as `simulate` writes it.")],
    commands: Annotated[
        Path | None,
        typer.Option(
            help="Commands to judge, as JSON Lines (`commands --json`). Without it the recording is replayed through "
            "the running job."
        ),
    ] = None,
    speed: Annotated[float, typer.Option(min=0.0, help="Speed factor of the replay; 0 as fast as possible.")] = 0,
    shift_to_now: Annotated[
        bool, typer.Option("--shift-to-now", help="Move all times by one amount, as `replay` does.")
    ] = False,
    bootstrap: Bootstrap = "",
    as_json: Json = False,
) -> None:
    """Compare the commands for a recording with what was planted in it: found, when, and what had no cause.

    Prints by rule the commands and those without cause, and by planted change how many were found and how soon.
    """
    with errors():
        if not recording.exists() or recording.is_dir():
            raise RecordingError(f"there is no file {recording}")
        truth = read_truth(recording)
        if truth is None:
            raise RecordingError(f"{recording} has no truth beside it: there is no file {truth_path(recording)}")
        episodes, spans = truth.episodes, session_spans(records(recording))
        if commands is not None:
            found = list(_read_commands(commands))
        else:
            shift = Shift.to_now(records(recording), time.time_ns() // 1_000_000, speed) if shift_to_now else None
            if shift is not None:
                episodes, spans = [shifted_episode(each, shift) for each in episodes], shifted_spans(spans, shift)
            found = _replayed(recording, speed, shift, spans, resolve_kafka(bootstrap))
        judgement = judge_commands(episodes, found, spans)
        if as_json:
            print_json(judgement)
        else:
            print_judgement(judgement)


def print_judgement(judgement: Judgement) -> None:
    """Prints a judgement as two tables and two lines."""
    print_table(
        [
            {
                "rule": each.rule,
                "commands": each.commands,
                "without_cause": "answers events" if each.answers_events else each.without_cause,
                "per_reader_hour": _rounded(each.per_reader_hour),
            }
            for each in judgement.rules
        ],
        "no commands",
    )
    out.print()
    print_table(
        [
            {
                "planted": each.change,
                "readers": each.planted,
                "found": each.found,
                "recall": _rounded(each.recall),
                "median_delay_s": _rounded(each.median_delay_s),
            }
            for each in judgement.changes
        ],
        "nothing planted",
    )
    out.print(
        f"\nprecision {_text(judgement.precision)}, recall {_text(judgement.recall)}, "
        f"median delay {_text(judgement.median_delay_s)} s"
    )
    out.print(
        f"{judgement.without_cause} of {judgement.commands} commands without cause in {judgement.reader_hours:.1f} "
        f"reader-hours: {_text(judgement.per_reader_hour)} an hour; {_text(judgement.early_per_reader)} a reader in the "
        "first ten minutes",
        soft_wrap=True,
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _text(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.3g}"


def _read_commands(path: Path) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(records(path), 1):
        if line:
            try:
                yield msgspec.to_builtins(msgspec.json.decode(line, type=AdjustmentCommand))
            except UNREADABLE as error:
                raise RecordingError(f"{path}, line {number} is no command: {error}") from None


def _replayed(
    recording: Path, speed: float, shift: Shift | None, spans: Mapping[str, Span], kafka: Kafka
) -> list[dict[str, Any]]:
    """Replays the recording and returns the commands that came meanwhile. Raises `StreamError` where events are missing."""
    accountant = Accountant(kafka)
    reader = TopicReader(kafka, topics.ADJUSTMENTS.name)
    reader.assign({each: end for each, (_, end) in reader.bounds().items()})
    source = records(recording) if shift is None else shift.apply(records(recording))
    sent = play(kafka, source, speed, trail_at_speed=shift is not None)
    with err.status("waiting for the adjust job to account for all events"):
        account = accountant.wait_until_accounted(sent.sent, quiet_s=60.0)
    if warning := late_warning(account, sent, topics.EVENTS.name, shift is not None):
        raise StreamError(warning)
    if account.missing:
        raise StreamError(f"{account.missing} events are not accounted for: is the adjust job running?")
    found = [msgspec.json.decode(each.value or b"") for each in reader.read_to_end(COMMIT_S)]
    reader.close()
    return [each for each in found if each["target"]["kind"] != "session" or each["target"]["id"] in spans]


def shifted_episode(episode: Episode, shift: Shift) -> Episode:
    return msgspec.structs.replace(
        episode,
        target_id=shift.renamed(episode.target_id) if episode.target_kind == "session" else episode.target_id,
        from_ms=episode.from_ms + shift.by_ms,
        until_ms=episode.until_ms + shift.by_ms,
    )


def shifted_spans(spans: Mapping[str, Span], shift: Shift) -> dict[str, Span]:
    return {
        shift.renamed(session): Span(first_ms + shift.by_ms, last_ms + shift.by_ms)
        for session, (first_ms, last_ms) in spans.items()
    }
