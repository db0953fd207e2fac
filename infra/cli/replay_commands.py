"""replay: the command that puts a recording on events.v1."""

import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from infra.cli.bootstrap import Bootstrap, resolve_kafka
from infra.cli.formatting import format_instant
from infra.cli.output import Json, err, errors, show
from infra.kafka.accounting import Account, Accountant
from infra.kafka.connection import Kafka
from infra.kafka.reading import StreamError
from infra.simulate.converters import CONVERTERS
from infra.simulate.recording import RecordingError, records
from infra.simulate.replay import Replay, Replayed
from infra.simulate.shift import Shift
from schemas import topics

_encoder = msgspec.json.Encoder()


def replay(
    file: Annotated[
        Path, typer.Argument(help="Recording (JSON Lines, plain or gzip), or a file or folder of --dataset.")
    ],
    speed: Annotated[
        float,
        typer.Option(min=0.0, help="Speed factor: 1 is real time, 60 a minute per second, 0 as fast as possible."),
    ] = 0,
    dataset: Annotated[
        str, typer.Option(help="Convert from the format of a public data set: " + ", ".join(CONVERTERS))
    ] = "",
    topic: Annotated[str, typer.Option(help="Topic to write to.")] = topics.EVENTS.name,
    account: Annotated[
        bool, typer.Option(help="Whether to wait until the adjust job has accounted for every event.")
    ] = True,
    shift_to_now: Annotated[
        bool,
        typer.Option(
            "--shift-to-now",
            help="Move all times by one amount, so that a replay at --speed 1 or slower begins now, and a faster one ends "
            "now. Events and sessions get new ids, so that a second replay does not count as repeats of the first.",
        ),
    ] = False,
    bootstrap: Bootstrap = "",
    as_json: Json = False,
) -> None:
    """Write a recording to events.v1 at a speed factor, with the ticks that move event time."""
    with errors():
        if dataset and dataset not in CONVERTERS:
            raise RecordingError(f"--dataset: {dataset} is not known; there are {', '.join(CONVERTERS)}")
        if not file.exists() or file.is_dir():
            raise RecordingError(f"there is no file {file}")
        kafka = resolve_kafka(bootstrap)
        accountant = Accountant(kafka) if account else None
        source = _source(file, dataset)
        if shift_to_now:
            shift = Shift.to_now(_source(file, dataset), time.time_ns() // 1_000_000, speed)
            source = shift.apply(source)
        result = play(kafka, source, speed, topic, trail_at_speed=shift_to_now)
        row: dict[str, Any] = {
            "sent": result.sent,
            "ticks": result.ticks,
            "seconds": round(result.seconds, 1),
            "events_per_s": round(result.sent / max(result.seconds, 0.001)),
        }
        settled = None
        if accountant is not None:
            with err.status("waiting for the adjust job to account for them"):
                settled = accountant.wait_until_accounted(result.sent, quiet_s=60.0)
            row |= msgspec.to_builtins(settled)
            row["missing"] = settled.missing
        show([row], as_json, "")
        if settled is not None and (warning := late_warning(settled, result, topic, shift_to_now)):
            err.print(f"microadjust: {warning}", style="yellow", markup=False, soft_wrap=True)
        if row.get("missing"):
            err.print("microadjust: some events are not accounted for: is the adjust job running?", style="red")
            raise typer.Exit(1)


def play(
    kafka: Kafka, source: Iterable[bytes], speed: float, topic: str = topics.EVENTS.name, trail_at_speed: bool = False
) -> Replayed:
    """Replays records and shows how far it is. Raises `StreamError` where Kafka does not take all of them."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("events"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=err, transient=True) as progress:
        task = progress.add_task("replaying", total=None)
        replay = Replay(kafka, topic, speed, lambda *_: progress.advance(task), trail_at_speed)
        result = replay.run(source)
    if result.failed:
        raise StreamError(f"Kafka has not taken {result.failed} records: {replay.problem}")
    return result


def _source(file: Path, dataset: str) -> Iterator[bytes]:
    if dataset:
        return (_encoder.encode(event) for event in CONVERTERS[dataset](file))
    return records(file)


def late_warning(account: Account, replayed: Replayed, topic: str, shifted: bool) -> str | None:
    """Explains a replay of which no event was used because all were late; None for any other replay."""
    if not account.late or account.used or account.duplicates:
        return None
    fix = "replay with --shift-to-now"
    if shifted:
        fix = "events of now are on it; replay with --shift-to-now --speed 1, which begins now"
    span = ""
    if replayed.first_ms is not None and replayed.last_ms is not None:
        span = f", which ends at {format_instant(replayed.last_ms)}"
    return (
        f"all {account.late} events were late: event time on {topic} is past this recording{span}. "
        f"A window that has closed takes no more events: {fix}"
    )
