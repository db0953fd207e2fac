"""content put, get, list, delete: commands that tell the job what the CMS's items are."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import typer
from rich.progress import Progress

from infra.cli.bootstrap import Bootstrap, resolve_kafka
from infra.cli.content_files import FileItem, read_items
from infra.cli.output import Json, err, errors, print_json, show
from infra.kafka.blocking_producer import BlockingProducer
from infra.kafka.compacted import newest_value, newest_values
from schemas.content_validation import InvalidContentError, validated
from schemas.topics import CONTENT
from schemas.unreadable import UNREADABLE

app = typer.Typer(
    no_args_is_help=True,
    help="List and change the content items on content.v1: which variants, languages and sections an item has.",
)

MAX_SHOWN: Final = 50
"""Problems of a file that are shown in a table; JSON has all."""

Ids = Annotated[list[str], typer.Argument(help="Ids of the items.")]


@app.command()
def put(
    file: Annotated[
        Path, typer.Argument(help="One JSON object a line, a JSON array, or YAML (.yaml): items as in content.v1.")
    ],
    skip_invalid: Annotated[
        bool,
        typer.Option(
            "--skip-invalid", help="Write the valid items of a file that holds others; exit status 1 all the same."
        ),
    ] = False,
    bootstrap: Bootstrap = "",
    as_json: Json = False,
) -> None:
    """Validate the items of a file and write them to content.v1. If one is invalid, none is written."""
    with errors():
        items, problems = validated_items(read_items(file))
        written = items if skip_invalid or not problems else []
        if written:
            _write(bootstrap, written)
    if as_json:
        print_json({"written": len(written), "problems": problems})
    else:
        for each in problems[:MAX_SHOWN]:
            err.print(f"{file}, line {each['line']}: {each['detail']}", style="red", markup=False, soft_wrap=True)
        if len(problems) > MAX_SHOWN:
            err.print(f"and {len(problems) - MAX_SHOWN} more; --json lists all", style="red", markup=False)
        show([{"written": len(written), "problems": len(problems)}], False, "")
    if problems:
        raise typer.Exit(1)


def validated_items(items: list[FileItem]) -> tuple[list[tuple[str, bytes]], list[dict[str, Any]]]:
    """The valid items of a file as (id, JSON), and what is wrong with the others."""
    valid: list[tuple[str, bytes]] = []
    problems: list[dict[str, Any]] = []
    lines: dict[str, int] = {}
    for line, value, fault in items:
        if fault:
            problems.append({"line": line, "field": "", "rule": "malformed", "detail": fault})
            continue
        try:
            content_id, encoded = validated(value)
            if (first := lines.get(content_id)) is not None:
                detail = f"content_id: {content_id[:80]} stands in line {first} already"
                problems.append({"line": line, "field": "content_id", "rule": "duplicate", "detail": detail})
                continue
            lines[content_id] = line
            valid.append((content_id, encoded))
        except InvalidContentError as error:
            problems += [{"line": line, **msgspec.to_builtins(each)} for each in error.problems]
    return valid, problems


def _write(bootstrap: str, records: Sequence[tuple[str, bytes | None]]) -> None:
    """Writes items as (id, JSON), or (id, None) to delete; returns once Kafka has acknowledged all. Raises `StreamError`."""
    producer = BlockingProducer(resolve_kafka(bootstrap), linger_ms=5, timeout_s=30.0)
    with Progress(console=err, transient=True, disable=not err.is_terminal) as progress:
        for key, value in progress.track(records, description="writing"):
            producer.send(CONTENT.name, value, key.encode())
    producer.finish()


@app.command()
def get(content_id: Annotated[str, typer.Argument(help="Id of the item.")], bootstrap: Bootstrap = "") -> None:
    """Print what content.v1 says of an item, as JSON. Exit status 1 if it says nothing."""
    with errors():
        found = newest_value(resolve_kafka(bootstrap), CONTENT.name, content_id.encode())
    if found is None:
        err.print(f"microadjust: content.v1 knows no item {content_id}", style="red", markup=False)
        raise typer.Exit(1)
    typer.echo(found.decode(errors="replace"))


@app.command("list")
def list_items(bootstrap: Bootstrap = "", as_json: Json = False) -> None:
    """List the items on content.v1, those changed last at the end."""
    with errors():
        found = newest_values(resolve_kafka(bootstrap), CONTENT.name)
        items = [item for value in found.values() if isinstance(item := _decoded(value), dict)]
        if as_json:
            print_json(items)
            return
        show([_row(each) for each in items], False, "content.v1 describes no item")


def _decoded(value: bytes) -> Any:
    try:
        return msgspec.json.decode(value)
    except UNREADABLE:
        return None


def _row(item: dict[str, Any]) -> dict[str, Any]:
    variants = [each for each in item.get("variants") or () if isinstance(each, dict)]
    named = [
        f"{each.get('variant')} ({each['language']})" if each.get("language") else each.get("variant")
        for each in variants
    ]
    row = {name: item.get(name) for name in ("content_id", "language", "words")}
    return {**row, "variants": ", ".join(map(str, named)), "title": item.get("title")}


@app.command()
def delete(content_ids: Ids, bootstrap: Bootstrap = "", as_json: Json = False) -> None:
    """Delete items from content.v1. The job then knows nothing of them."""
    with errors():
        _write(bootstrap, [(each, None) for each in content_ids])
        show([{"deleted": each} for each in content_ids], as_json, "")
