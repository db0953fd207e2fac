"""models list, show, compare: commands that show the versions of a store."""

from typing import Annotated, Any

import typer

from infra.cli import model_changes, model_comparison, model_shadow, model_training
from infra.cli.formatting import format_calendar
from infra.cli.model_options import Name, Store, store_at
from infra.cli.output import Json, errors, out, print_json, print_table, show
from infra.learning.listing import evaluation_of, metric_text
from models.model_store import ModelError
from models.model_versions import ModelVersions
from schemas.model_cards import ModelCard

app = typer.Typer(
    no_args_is_help=True,
    help="Train, judge, try in shadow, promote and roll back models of content length and tone, and detectors of odd windows.",
)
app.command()(model_training.train)
app.command()(model_changes.promote)
app.command()(model_changes.rollback)
app.command()(model_changes.withdraw)
app.command()(model_shadow.shadow)
app.command()(model_comparison.compare)

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
        in_force, problem = versions.promoted(name) == version, None
    except ModelError as error:
        in_force, problem = False, str(error)
    try:
        card = versions.load(name, version).card
        passed = _passed(versions, name, version)
    except ModelError as error:
        return {
            "model": name,
            "version": version,
            "state": "in force, damaged" if in_force else "broken",
            "gate": None,
            "metrics": str(error),
            "until": None,
        }
    return {
        "model": name,
        "version": version,
        "state": "in force" if in_force else ("not known" if problem else None),
        "gate": None if passed is None else ("in" if passed else "out"),
        "metrics": problem or ", ".join(f"{key} {metric_text(value)}" for key, value in card.metrics.items()),
        "until": _instant(card.trained_until_ms),
    }


def _passed(versions: ModelVersions, name: str, version: int) -> bool | None:
    """Whether the gate let the version in; None where it was not asked."""
    found = evaluation_of(versions, name, version)
    return None if found is None else found.passed


@app.command("show")
def show_model(name: Name, version: Version = None, store: Store = "", as_json: Json = False) -> None:
    """Show the card of a version, and what the gate found."""
    with errors():
        versions = store_at(store)
        chosen = version if version is not None else default_version(versions, name)
        card = versions.load(name, chosen).card
        found = evaluation_of(versions, name, chosen)
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
        "metrics": ", ".join(f"{key} {metric_text(value)}" for key, value in card.metrics.items()),
        "coverage": card.coverage,
        "parity": None if card.parity is None else f"{card.parity:.1e}",
        "seed": card.seed,
        "code": card.code_version,
        "sha256": card.sha256,
    }


def _instant(at_ms: int | None) -> str | None:
    return None if at_ms is None else format_calendar(at_ms, "%Y-%m-%d %H:%M")
