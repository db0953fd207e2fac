"""models list, show, compare: commands that show the versions of a store."""

from typing import Any

import typer

from infra.cli import (
    model_changes,
    model_comparison,
    model_recording,
    model_shadow,
    model_training,
    predict_command,
)
from infra.cli.formatting import format_calendar
from infra.cli.model_options import Name, Store, Version, default_version, store_at
from infra.cli.output import Json, errors, out, print_json, print_table
from infra.learning.listing import check_rows, evaluation_of, metric_text
from infra.learning.version_rows import VersionRow, row_of
from models.learning.evaluation import Evaluation
from models.readable_numbers import readable
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
app.command()(predict_command.predict)
app.command()(model_recording.record)


@app.command("list")
def list_models(store: Store = "", as_json: Json = False) -> None:
    """List the models of the store with their versions: which the gate let in, and which is in force."""
    with errors():
        versions = store_at(store)
        rows = [row_of(versions, name, version) for name in versions.ids() for version in versions.versions(name)]
    if as_json:
        print_json(rows)
    else:
        empty = f"the store {versions.shown()} holds no model; `microadjust models train` trains one"
        print_table([_in_words(row) for row in rows], empty)


def _in_words(row: VersionRow) -> dict[str, Any]:
    metrics = ", ".join(f"{key} {metric_text(value)}" for key, value in row.metrics.items())
    return {
        "model": row.model,
        "version": row.version,
        "state": row.state,
        "gate": _gate(row),
        "metrics": metrics if row.problem is None else row.problem,
        "created": _instant(row.created_ms),
        "until": _instant(row.trained_until_ms),
    }


def _gate(row: VersionRow) -> str | None:
    if row.gate is None:
        return None
    unknown = ", ".join(row.unknown_to_the_job)
    return ("in" if row.gate else "out") + (f"; not announced: the job computes no {unknown}" if unknown else "")


@app.command("show")
def show_model(name: Name, version: Version = None, store: Store = "", as_json: Json = False) -> None:
    """Show a version: whether it is in force, what it was trained on, which inputs matter, and what the gate found."""
    with errors():
        versions = store_at(store)
        chosen = version if version is not None else default_version(versions, name)
        card = versions.load(name, chosen).card
        found = evaluation_of(versions, name, chosen)
        promotions = [each for each in versions.promotions(name) if each.version == chosen]
        row = row_of(versions, name, chosen)
        if as_json:
            state = {"state": row.state, "in_force": row.in_force, "created_ms": row.created_ms}
            known = {"unknown_to_the_job": row.unknown_to_the_job}
            print_json({"card": card, "evaluation": found, "promotions": promotions} | state | known)
            return
        for key, value in (_described(card) | _judged(found) | _announceable(row)).items():
            if value is None or value == "":
                continue
            out.print(f"{key:14} {value}", markup=False, soft_wrap=True)
        created = _instant(row.created_ms) or "?"
        out.print(f"{'state':14} {row.state or 'not in force'}, created {created}", markup=False, soft_wrap=True)
        out.print(f"{'files':14} {versions.place(name, chosen)}", markup=False, soft_wrap=True)
        out.print()
        print_table(_input_rows(card, found), "")
        if found is not None:
            out.print()
            print_table(check_rows(found), "")


def _judged(found: Evaluation | None) -> dict[str, Any]:
    if found is None:
        return {"gate": "not asked"}
    ranges = ", ".join(f"{each.name} {each.rows:,} rows" for each in found.ranges)
    return {
        "gate": "in" if found.passed else "out",
        "compared with": found.compared_with,
        "data": f"{ranges}; {found.truth_words}",
    }


def _announceable(row: VersionRow) -> dict[str, Any]:
    names = ", ".join(row.unknown_to_the_job)
    return {"promotion": f"the job computes no {names}: it can be compared and asked, not announced" if names else None}


def _input_rows(card: ModelCard, found: Evaluation | None) -> list[dict[str, Any]]:
    """The inputs, the most important first, with what training saw of them."""
    summaries = {} if found is None else {each.name: each for each in found.inputs}
    rows = []
    for name in card.features:
        span, texts = card.ranges.get(name), card.categories.get(name)
        numbers = None if span is None else f"{readable(span[0])} to {readable(span[1])}"
        seen = numbers if texts is None else ", ".join(texts)
        own = summaries.get(name)
        importance = None if own is None else own.importance
        rows.append((importance or 0.0, {"input": name, "importance": importance, "trained on": seen}))
    rows.sort(key=lambda pair: -pair[0])
    return [row | {"importance": None if row["importance"] is None else f"{row['importance']:.3f}"} for _, row in rows]


def _described(card: ModelCard) -> dict[str, Any]:
    span = f"{_instant(card.trained_from_ms) or '?'} to {_instant(card.trained_until_ms) or '?'}"
    return {
        "model": f"{card.id} version {card.version}",
        "trained on": card.trained_on,
        "time range": span if card.trained_from_ms is not None else "by order of the file",
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
