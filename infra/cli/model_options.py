"""Options that several `models` commands share."""

from pathlib import Path
from typing import Annotated

import typer

from infra.local.home import Home
from models.model_store import ModelError
from models.model_versions import ModelVersions

Name = Annotated[
    str,
    typer.Argument(
        help="Id of the model: length or tone, with .SEGMENT for one segment's readers; anomaly or isolation_forest."
    ),
]
ComparedName = Annotated[
    str,
    typer.Argument(
        help="Id of the model: length or tone, with .SEGMENT for one segment's readers; anomaly or isolation_forest only without "
        "versions, in shadow beside live."
    ),
]
Version = Annotated[int | None, typer.Argument(help="Version; the one in force, else the newest, by default.")]


def _require_place(context: typer.Context, parameter: typer.CallbackParam, given: str) -> str:
    """Refuses `--store ""`, as of a variable that is not set: it would be the store beside the local stack."""
    source = context.get_parameter_source(parameter.name or "")
    if source is not None and source.name == "COMMANDLINE" and not given.strip():
        raise typer.BadParameter("is empty: give a folder, or an address such as file:///path, or leave the option out")
    return given


Store = Annotated[
    str,
    typer.Option(
        envvar="MICROADJUST_MODELS",
        callback=_require_place,
        help="Store: a folder, or an address such as s3://bucket/models, whose driver has to be installed; beside the local "
        "stack by default.",
    ),
]
Csv = Annotated[
    Path | None,
    typer.Option(
        help="CSV file, one row for each reader: UTF-8, .gz or not, with a header, cells separated by commas, semicolons or tabs "
        "(a decimal comma only beside the last two)."
    ),
]
Target = Annotated[
    str,
    typer.Option(
        help="Column or metric to predict; preferred_content_length, preferred_tone, of detectors anomalous, by default."
    ),
]
TimeColumn = Annotated[
    str,
    typer.Option(
        "--time",
        help="Column of times. By default occurred_at_ms, window_end_ms, at_ms or timestamp, whichever the file has; without one "
        "the order of the file is taken as time.",
    ),
]
SessionColumn = Annotated[
    str, typer.Option("--session", help="Column that tells whose row it is; session_id by default.")
]
Without = Annotated[list[str] | None, typer.Option(help="Column to leave out; may be given again.")]
Category = Annotated[
    list[str] | None, typer.Option(help="Column of numbers that are names of categories; may be given again.")
]
Rename = Annotated[
    list[str] | None,
    typer.Option(
        help="COLUMN=FEATURE*FACTOR: the column, times the factor, is that feature of the job; may be given again."
    ),
]


def store_at(location: str) -> ModelVersions:
    """Opens the store. Raises `ModelError`."""
    return ModelVersions.at(location or str(Home.from_env().path / "models"))


def default_version(versions: ModelVersions, name: str) -> int:
    """Returns the version in force, else the newest. Raises `ModelError` where there is none."""
    known = require_known(versions, name)
    return versions.promoted(name) or known[-1]


def require_known(versions: ModelVersions, name: str) -> list[int]:
    """Returns the versions of a model, ascending. Raises `ModelError` where there is none, as for a name with a slip."""
    known = versions.versions(name)
    if not known:
        there = ", ".join(versions.ids()) or "none"
        raise ModelError(f"the store {versions.shown()} holds no model {name}; there are {there}")
    return known
