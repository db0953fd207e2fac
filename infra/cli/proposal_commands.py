"""proposals: the command that shows what was proposed, and what the arbiter did with it."""

from collections import deque
from typing import Annotated, Any, Final

import typer

from infra.cli.bootstrap import Bootstrap, resolve_kafka
from infra.cli.formatting import format_parameters, format_time
from infra.cli.output import Json, errors, out, print_json
from infra.kafka.json_records import json_object
from infra.kafka.reading import TopicReader
from schemas import topics
from schemas.proposals import REASONS, Proposal

_PROPOSAL: Final = Proposal.__struct_fields__
"""A proposal has all its fields."""


def proposals(
    follow: Annotated[bool, typer.Option(help="Keep printing proposals as they come, until interrupted.")] = False,
    session: Annotated[str, typer.Option(help="Show only proposals about this session (or content item).")] = "",
    reason: Annotated[str, typer.Option(help="Show only those refused for this reason.")] = "",
    last: Annotated[int, typer.Option(min=1, help="Show at most this many of the newest proposals.")] = 50,
    bootstrap: Bootstrap = "",
    as_json: Json = False,
) -> None:
    """Show what rules proposed, what became a command, and what not and why. With --json, one object per line."""
    if reason and reason not in REASONS:
        raise typer.BadParameter(f"{reason} is no reason; the reasons are {', '.join(REASONS)}", param_hint="--reason")
    with errors():
        reader = TopicReader(resolve_kafka(bootstrap), topics.PROPOSALS.name)

        def wanted(record: Any) -> dict[str, Any] | None:
            proposal = json_object(record, *_PROPOSAL)
            if proposal is None:
                return None
            fits = (not session or proposal["target"]["id"] == session) and (not reason or proposal["reason"] == reason)
            return proposal if fits else None

        there = deque((found for record in reader.read_to_end() if (found := wanted(record))), maxlen=last)
        for proposal in sorted(there, key=lambda each: each["at_ms"]):
            _print(proposal, as_json)
        while follow:
            for record in reader.poll(1.0):
                if (found := wanted(record)) is not None:
                    _print(found, as_json)


def _print(proposal: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(proposal)
        return
    out.print("\n".join(as_lines(proposal)), markup=False, soft_wrap=True)


def as_lines(proposal: dict[str, Any]) -> list[str]:
    """A proposal in two lines: what and for whom, then what became of it."""
    source, target = proposal["source"], f"{proposal['target']['kind']} {proposal['target']['id']}"
    what = f"{proposal['action']:<18} {target:<24} {format_parameters(proposal)}"
    became = proposal["outcome"]
    if proposal["command_id"]:
        became += f" as {proposal['command_id']}"
    if proposal["reason"]:
        became += f", {proposal['reason']}: {REASONS[proposal['reason']]}"
    if proposal["by"]:
        became += f" ({proposal['by']})"
    return [
        f"{format_time(proposal['at_ms'])}  {what}".rstrip(),
        f"          {source['kind']} {source['id']}, version {source['version']}: {became}",
    ]
