"""models list, show, compare: commands that show the versions of a store."""

from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
import typer

from infra.cli import model_changes, model_training
from infra.cli.model_options import (
    Category,
    Csv,
    Name,
    Rename,
    SessionColumn,
    Store,
    Target,
    TimeColumn,
    Without,
    store_at,
)
from infra.cli.output import Json, errors, out, print_json, print_table, show
from models.model_store import ModelError
from models.model_versions import ModelVersions
from schemas.model_cards import MetricValue, ModelCard

app = typer.Typer(
    no_args_is_help=True,
    help="Train, judge, promote and roll back the models of content length and tone.",
)
app.command()(model_training.train)
app.command()(model_changes.promote)
app.command()(model_changes.rollback)

Version = Annotated[int | None, typer.Argument(help="Version; the one in force, else the newest, by default.")]


@app.command("list")
def list_models(store: Store = "", as_json: Json = False) -> None:
    """List the models of the store with their versions: which the gate let in, and which is in force."""
    with errors():
        versions = store_at(store)
        rows = [_row(versions, name, version) for name in versions.ids() for version in versions.versions(name)]
    show(rows, as_json, "the store holds no model; `microadjust models train` trains one")


def _row(versions: ModelVersions, name: str, version: int) -> dict[str, Any]:
    """One version in one line. What cannot be read of it is said there, and hides no other version."""
    try:
        card = versions.load(name, version).card
        passed = _passed(versions, name, version)
        promoted = versions.promoted(name)
    except ModelError as error:
        return {
            "model": name,
            "version": version,
            "state": "broken",
            "gate": None,
            "metrics": str(error),
            "until": None,
        }
    return {
        "model": name,
        "version": version,
        "state": "in force" if promoted == version else None,
        "gate": None if passed is None else ("in" if passed else "out"),
        "metrics": ", ".join(f"{key} {_metric(value)}" for key, value in card.metrics.items()),
        "until": _instant(card.trained_until_ms),
    }


def _passed(versions: ModelVersions, name: str, version: int) -> bool | None:
    """Whether the gate let the version in; None where it was not asked."""
    found = model_changes.evaluation_of(versions, name, version)
    return None if found is None else found.passed


@app.command("show")
def show_model(name: Name, version: Version = None, store: Store = "", as_json: Json = False) -> None:
    """Show the card of a version, and what the gate found."""
    with errors():
        versions = store_at(store)
        chosen = version if version is not None else default_version(versions, name)
        card = versions.load(name, chosen).card
        found = model_changes.evaluation_of(versions, name, chosen)
        promotions = [each for each in versions.promotions(name) if each.version == chosen]
        if as_json:
            print_json({"card": card, "evaluation": found, "promotions": promotions})
            return
        for key, value in _described(card).items():
            if value is None or value == "":
                continue
            out.print(f"{key:14} {value}", markup=False, soft_wrap=True)
        out.print(f"{'files':14} {versions.path(name, chosen)}", markup=False, soft_wrap=True)
        if found is not None:
            out.print()
            print_table(model_changes.check_rows(found), "")


def default_version(versions: ModelVersions, name: str) -> int:
    """Returns the version in force, else the newest. Raises `ModelError` where there is none."""
    known = versions.versions(name)
    if not known:
        there = ", ".join(versions.ids()) or "none"
        raise ModelError(f"the store holds no model {name}; there are {there}")
    return versions.promoted(name) or known[-1]


def _described(card: ModelCard) -> dict[str, Any]:
    span = f"{_instant(card.trained_from_ms) or '?'} to {_instant(card.trained_until_ms) or '?'}"
    return {
        "model": f"{card.id} version {card.version}",
        "trained on": card.trained_on,
        "time range": span if card.trained_from_ms is not None else "by order of the file",
        "inputs": ", ".join(card.features),
        "classes": ", ".join(card.classes) or None,
        "metrics": ", ".join(f"{key} {_metric(value)}" for key, value in card.metrics.items()),
        "coverage": card.coverage,
        "parity": None if card.parity is None else f"{card.parity:.1e}",
        "seed": card.seed,
        "code": card.code_version,
        "sha256": card.sha256,
    }


def _metric(value: MetricValue) -> str:
    if value.low is None or value.high is None:
        return f"{value.value:.4g}"
    return f"{value.value:.4g} ({value.low:.4g} to {value.high:.4g})"


def _instant(at_ms: int | None) -> str | None:
    if at_ms is None:
        return None
    try:
        return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M")
    except (OverflowError, ValueError, OSError):
        return f"{at_ms} ms"


@app.command()
def compare(
    name: Name,
    first: Annotated[int, typer.Argument(help="Version.")],
    second: Annotated[int, typer.Argument(help="Version to compare it with.")],
    csv: Csv,
    target: Target = "",
    time: TimeColumn = "",
    session: SessionColumn = "",
    without: Without = None,
    category: Category = None,
    rename: Rename = None,
    store: Store = "",
    as_json: Json = False,
) -> None:
    """Compare two versions on the rows of a CSV file, which neither should have been trained on."""
    with errors():
        versions = store_at(store)
        models = [versions.load(name, each) for each in (first, second)]
        training = model_training.imported()
        options = model_training.options_for(training, name, target)
        data = training.DataOptions(csv, (), (), "", target, time, session, without or [], category or [], rename or [])
        rows = training.examples_of(data, options.kind, None, "")
        pair = [training.Incumbent(each.card, each.artefact) for each in models]
        found = training.compare_models(*pair, rows, options)
    if as_json:
        print_json({**msgspec.to_builtins(found), "verdict": found.verdict})
        return
    print_table(
        [
            {"metric": key, f"version {first}": _metric(value), f"version {second}": _metric(found.second_metrics[key])}
            for key, value in found.first_metrics.items()
            if key in found.second_metrics
        ],
        "",
    )
    out.print(
        f"\n{found.verdict}: {found.loss} of version {second} minus that of version {first} is {_metric(found.advantage)} "
        f"over {found.rows:,} rows",
        soft_wrap=True,
    )
