"""simulate, replay, commands, explain, rejected: what goes in and what comes out."""

import base64
from collections import deque
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from infra.cli.bootstrap import Bootstrap, bootstrap_of
from infra.cli.formatting import format_evidence, format_parameters, format_reason, format_time
from infra.cli.output import Json, err, errors, out, print_json, show
from infra.kafka.accounting import Accountant
from infra.kafka.reading import StreamError, Tail
from infra.simulate.behaviours import BEHAVIOURS
from infra.simulate.converters import CONVERTERS
from infra.simulate.recording import RecordingError, records
from infra.simulate.replay import Replay
from infra.simulate.scenario import Scenario
from schemas import topics

_encoder = msgspec.json.Encoder()


def simulate(
    target: Annotated[Path, typer.Argument(help="The recording to write; with .gz it is compressed.")],
    seconds: Annotated[int, typer.Option(min=480, help="Length in event time.")] = 600,
    ordinary: Annotated[int, typer.Option(min=1, help="Readers without planted behaviour.")] = 20,
    per_behaviour: Annotated[
        int, typer.Option("--per-behaviour", "--each", min=0, help="Readers for each planted behaviour.")
    ] = 3,
    behaviours: Annotated[str, typer.Option(help="Comma separated: " + ", ".join(BEHAVIOURS))] = ",".join(BEHAVIOURS),
    faults: Annotated[
        bool,
        typer.Option(
            "--faults/--no-faults",
            "--accidents/--no-accidents",
            help="Whether the recording holds late, repeated and broken records.",
        ),
    ] = True,
    seed: Annotated[int, typer.Option(help="The same seed gives the same recording.")] = 1,
    as_json: Json = False,
) -> None:
    """Write a recording of simulated readers with planted behaviours, and the truth beside it."""
    chosen = tuple(name for name in behaviours.split(",") if name)
    unknown = sorted(set(chosen) - BEHAVIOURS.keys())
    with errors():
        if unknown:
            raise RecordingError(f"--behaviours: {unknown[0]} is not known; there are {', '.join(BEHAVIOURS)}")
        truth = Scenario(seconds, ordinary, per_behaviour, seed, faults, chosen).write(target)
        row = {"recording": str(target), "events": truth.events, "episodes": len(truth.episodes)}
        show([row], as_json, "")


def replay(
    file: Annotated[Path, typer.Argument(help="A recording (JSON Lines, plain or gzip), or a file of --dataset.")],
    speed: Annotated[
        float, typer.Option(min=0.0, help="1 is as it happened, 60 a minute a second, 0 all at once.")
    ] = 0,
    dataset: Annotated[str, typer.Option(help="The file's format: " + ", ".join(CONVERTERS))] = "",
    topic: Annotated[str, typer.Option(help="Topic to write to.")] = topics.EVENTS.name,
    account: Annotated[bool, typer.Option(help="Wait until the adjust job has accounted for every event.")] = True,
    bootstrap: Bootstrap = "",
    as_json: Json = False,
) -> None:
    """Put a recording on events.v1 at a speed factor, with the ticks that keep event time moving."""
    with errors():
        if dataset and dataset not in CONVERTERS:
            raise RecordingError(f"--dataset: {dataset} is not known; there are {', '.join(CONVERTERS)}")
        if not file.exists():
            raise RecordingError(f"there is no file {file}")
        servers = bootstrap_of(bootstrap)
        accountant = Accountant(servers) if account else None
        source = (_encoder.encode(event) for event in CONVERTERS[dataset](file)) if dataset else records(file)
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("events"),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=err, transient=True) as progress:
            task = progress.add_task("replaying", total=None)
            result = Replay(servers, topic, speed, lambda *_: progress.advance(task)).run(source)
        row: dict[str, Any] = {
            "sent": result.sent,
            "ticks": result.ticks,
            "seconds": round(result.seconds, 1),
            "events_per_s": round(result.sent / max(result.seconds, 0.001)),
        }
        if result.failed:
            raise StreamError(f"Kafka has not taken {result.failed} records")
        if accountant is not None:
            with err.status("waiting for the adjust job to account for them"):
                settled = accountant.settle(result.sent, patience_s=60.0)
            row |= msgspec.to_builtins(settled)
            row["missing"] = settled.missing
        show([row], as_json, "")
        if row.get("missing"):
            err.print("microadjust: some events are not accounted for: is the adjust job running?", style="red")
            raise typer.Exit(1)


def commands(
    follow: Annotated[bool, typer.Option(help="Go on for ever.")] = False,
    session: Annotated[str, typer.Option(help="Only commands for this session.")] = "",
    action: Annotated[str, typer.Option(help="Only commands of this action.")] = "",
    last: Annotated[int, typer.Option(min=1, help="At most so many of those that are there.")] = 50,
    bootstrap: Bootstrap = "",
    as_json: Json = False,
) -> None:
    """Show adjustment commands with their reasons. With --json one object a line."""
    with errors():
        tail = Tail(bootstrap_of(bootstrap), topics.ADJUSTMENTS.name)

        def wanted(record: Any) -> dict[str, Any] | None:
            command: dict[str, Any] = msgspec.json.decode(record.value)
            fits = (not session or command["session_id"] == session) and (not action or command["action"] == action)
            return command if fits else None

        there = deque((command for record in tail.rest() if (command := wanted(record))), maxlen=last)
        for command in sorted(there, key=lambda each: each["issued_at_ms"]):
            _print_command(command, as_json)
        while follow:
            for record in tail.more(1.0):
                if command := wanted(record):
                    _print_command(command, as_json)


def _print_command(command: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(command)
        return
    target = f"{command['target']['kind']} {command['target']['id']}"
    out.print(
        f"{format_time(command['issued_at_ms'])}  {command['action']:<18} {target:<24} {format_parameters(command)}\n"
        f"          {format_reason(command)}\n          {command['command_id']}",
        markup=False,
        soft_wrap=True,
    )


def explain(
    command_id: Annotated[str, typer.Argument(help="As `commands` shows it; the first characters are enough.")],
    bootstrap: Bootstrap = "",
    as_json: Json = False,
) -> None:
    """Why a command was given: rule, evidence against baseline and threshold, window."""
    with errors():
        for record in Tail(bootstrap_of(bootstrap), topics.ADJUSTMENTS.name).rest():
            command = msgspec.json.decode(record.value)
            if command["command_id"].startswith(command_id):
                break
        else:
            raise StreamError(f"there is no command {command_id} on {topics.ADJUSTMENTS.name}")
        if as_json:
            print_json(command)
            return
        source = command["source"]
        out.print(f"{command['action']} for {command['target']['kind']} {command['target']['id']}", style="bold")
        out.print(
            f"decided by {source['kind']} {source['id']}, version {source['version']}, "
            f"at {format_time(command['issued_at_ms'])}, until {format_time(command['expires_at_ms'])}"
        )
        if format_parameters(command):
            out.print(f"with {format_parameters(command)}", markup=False)
        for name, evidence in command["evidence"].items():
            start, end = evidence.get("window_start_ms"), evidence.get("window_end_ms")
            over = f", from {format_time(start)} to {format_time(end)}" if start is not None and end is not None else ""
            out.print(f"  because {format_evidence(name, evidence)}{over}", markup=False)


def rejected(
    last: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
    reason_is: Annotated[str, typer.Option("--reason", help="Only this reason.")] = "",
    bootstrap: Bootstrap = "",
    as_json: Json = False,
) -> None:
    """List records that were no valid events, with the reason and where they stand."""
    with errors():
        found: deque[dict[str, Any]] = deque(maxlen=last)
        for record in Tail(bootstrap_of(bootstrap), topics.REJECTED.name).rest():
            refused = msgspec.json.decode(record.value)
            if not reason_is or refused["reason"] == reason_is:
                found.append(refused)
        if not as_json:
            for refused in found:
                refused["original"] = base64.b64decode(refused["original"])[:60]
        show(list(found), as_json, "nothing was refused")
