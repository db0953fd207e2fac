"""commands, explain, rejected: commands that show what the job has decided and rejected."""

import base64
from collections import deque
from typing import Annotated, Any, Final

import typer

from infra.cli.bootstrap import Bootstrap, resolve_kafka
from infra.cli.formatting import format_evidence, format_parameters, format_reason, format_time
from infra.cli.output import Json, errors, out, print_json, show
from infra.kafka.json_records import json_object
from infra.kafka.reading import StreamError, TopicReader
from schemas import topics

_COMMAND: Final = (
    "command_id", "session_id", "action", "parameters", "source", "target", "issued_at_ms", "expires_at_ms", "evidence",
)  # fmt: skip
"""Fields of a command that are shown."""


def commands(
    follow: Annotated[bool, typer.Option(help="Keep printing commands as they come, until interrupted.")] = False,
    session: Annotated[str, typer.Option(help="Show only commands for this session.")] = "",
    action: Annotated[str, typer.Option(help="Show only commands with this action.")] = "",
    last: Annotated[int, typer.Option(min=1, help="Show at most this many of the newest commands.")] = 50,
    bootstrap: Bootstrap = "",
    as_json: Json = False,
) -> None:
    """Show adjustment commands with the reason for each. With --json, one object per line."""
    with errors():
        reader = TopicReader(resolve_kafka(bootstrap), topics.ADJUSTMENTS.name)

        def wanted(record: Any) -> dict[str, Any] | None:
            command = json_object(record, *_COMMAND)
            if command is None:
                return None
            fits = (not session or command["session_id"] == session) and (not action or command["action"] == action)
            return command if fits else None

        there = deque((command for record in reader.read_to_end() if (command := wanted(record))), maxlen=last)
        for command in sorted(there, key=lambda each: each["issued_at_ms"]):
            _print_command(command, as_json)
        while follow:
            for record in reader.poll(1.0):
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
    command_id: Annotated[
        str, typer.Argument(help="Id of the command, as `commands` shows it, or its first characters.")
    ],
    bootstrap: Bootstrap = "",
    as_json: Json = False,
) -> None:
    """Show why a command was issued: rule, evidence with baseline and threshold, window."""
    with errors():
        for record in TopicReader(resolve_kafka(bootstrap), topics.ADJUSTMENTS.name).read_to_end():
            command = json_object(record, *_COMMAND)
            if command is not None and command["command_id"].startswith(command_id):
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
        if command.get("reverts"):
            out.print(f"takes back {command['reverts']}", markup=False)
        if format_parameters(command):
            out.print(f"with {format_parameters(command)}", markup=False)
        for name, evidence in command["evidence"].items():
            start, end = evidence.get("window_start_ms"), evidence.get("window_end_ms")
            over = f", from {format_time(start)} to {format_time(end)}" if start is not None and end is not None else ""
            out.print(f"  because {format_evidence(name, evidence)}{over}", markup=False)


def rejected(
    last: Annotated[int, typer.Option(min=1, help="Show at most this many of the newest records.")] = 50,
    reason_is: Annotated[str, typer.Option("--reason", help="Show only records rejected for this reason.")] = "",
    bootstrap: Bootstrap = "",
    as_json: Json = False,
) -> None:
    """List records that were rejected as invalid events, with reason and position."""
    with errors():
        found: deque[dict[str, Any]] = deque(maxlen=last)
        for record in TopicReader(resolve_kafka(bootstrap), topics.REJECTED.name).read_to_end():
            rejected_record = json_object(record, "reason", "original")
            if rejected_record is None:
                continue
            if not reason_is or rejected_record["reason"] == reason_is:
                found.append(rejected_record)
        if not as_json:
            for rejected_record in found:
                rejected_record["original"] = base64.b64decode(rejected_record["original"])[:60]
        show(list(found), as_json, "nothing was rejected")
