"""models record: writes the feature log and outcomes of a time into files, which training and comparison read again."""

import gzip
from collections.abc import Iterator
from contextlib import ExitStack
from os.path import realpath
from pathlib import Path
from typing import IO, Annotated

import msgspec
import typer

from infra.cli.bootstrap import Bootstrap, resolve_kafka
from infra.cli.durations import duration_ms
from infra.cli.output import Json, err, errors, note, print_json
from infra.cli.output_files import replacing, require_place
from infra.learning.recorded_features import last_feature_rows, last_outcomes
from schemas.features import encode_feature_row

NOTE_EACH = 10_000
"""Records between two signs of progress."""


def record(
    features: Annotated[
        Path | None,
        typer.Option(help="File to write records of features.v1 into, one a line; packed where it ends in .gz."),
    ] = None,
    outcomes: Annotated[Path | None, typer.Option(help="Likewise file for records of outcomes.v1.")] = None,
    last: Annotated[str, typer.Option(help="How much of the topics to read, as 12h or 7d.")] = "1d",
    bootstrap: Bootstrap = "",
    as_json: Json = False,
) -> None:
    """Write what training learns from into files: `models train` and `compare` read them with --features and --outcomes.

    A file that is there is replaced, once the new one is whole.
    """
    if features is None and outcomes is None:
        raise typer.BadParameter("give a file, or one for each topic", param_hint="--features, --outcomes")
    if features is not None and outcomes is not None and realpath(features) == realpath(outcomes):
        raise typer.BadParameter("give two files", param_hint="--features, --outcomes")
    with errors():
        require_place(features, "--features")
        require_place(outcomes, "--outcomes")
        last_ms, kafka = duration_ms(last), resolve_kafka(bootstrap)
        written = {}
        # Outcomes first, as in training: the windows that they tell of are then in the other file.
        if outcomes is not None:
            lines = (msgspec.json.encode(each) for each in last_outcomes(kafka, last_ms))
            written["outcomes"] = _write(lines, outcomes, "--outcomes")
        if features is not None:
            lines = (encode_feature_row(each) for each in last_feature_rows(kafka, last_ms))
            written["features"] = _write(lines, features, "--features")
    if as_json:
        print_json(written)


def _write(lines: Iterator[bytes], path: Path, option: str) -> int:
    """Writes lines into a file; returns how many there are. Raises `OutputFileError` and `StreamError`."""
    count = 0
    with ExitStack() as stack:
        status = stack.enter_context(err.status(f"reading for {path.name}"))
        file: IO[bytes] | gzip.GzipFile = stack.enter_context(replacing(path, option))
        if path.suffix == ".gz":
            file = stack.enter_context(gzip.GzipFile(path.name, "wb", fileobj=file))
        for line in lines:
            file.write(line + b"\n")
            count += 1
            if count % NOTE_EACH == 0:
                status.update(f"{path.name}: {count:,} records")
    note(f"{path}: {count:,} records")
    return count
