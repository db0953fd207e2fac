"""Options that several `models` commands share."""

from typing import Annotated

import typer

from infra.local.home import Home
from models.model_versions import ModelVersions

Name = Annotated[
    str,
    typer.Argument(
        help="Id of the model: length or tone, with .SEGMENT for one segment's readers; anomaly or isolation_forest."
    ),
]
Store = Annotated[
    str,
    typer.Option(
        envvar="MICROADJUST_MODELS",
        help="Store: a folder or a file:// address; beside the local stack by default.",
    ),
]
Target = Annotated[
    str, typer.Option(help="Column or metric to predict; preferred_content_length or preferred_tone by default.")
]
TimeColumn = Annotated[
    str,
    typer.Option(
        "--time",
        help="Column of times; a usual name, else the order of the file, by default.",
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
