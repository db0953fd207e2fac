"""models compare: two versions on the same rows, or the version in shadow beside the one in force."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from infra.cli import model_training
from infra.cli.bootstrap import Bootstrap, resolve_kafka
from infra.cli.durations import duration_ms
from infra.cli.formatting import format_instant
from infra.cli.model_options import (
    Category,
    ComparedName,
    Csv,
    Rename,
    SessionColumn,
    Store,
    Target,
    TimeColumn,
    Without,
    store_at,
)
from infra.cli.output import Json, err, errors, out, print_json, print_table
from infra.learning.listing import metric_text
from infra.learning.recorded_features import last_feature_rows, last_outcomes
from models.model_store import ModelError
from models.predictions.kinds import PREDICTED
from models.predictions.side_by_side import SideBySide, side_by_side
from models.predictions.targets import SHADOW_PREFIX
from schemas.features import FeatureRow
from schemas.model_cards import MetricValue
from schemas.outcomes import Outcome

MAX_WINDOWS = 2_000_000
"""Windows scored in shadow that are compared: about a gigabyte."""


def compare(
    name: ComparedName,
    first: Annotated[int | None, typer.Argument(help="Version; none to compare shadow and live.")] = None,
    second: Annotated[int | None, typer.Argument(help="Version to compare it with.")] = None,
    csv: Csv = None,
    target: Target = "",
    time: TimeColumn = "",
    session: SessionColumn = "",
    without: Without = None,
    category: Category = None,
    rename: Rename = None,
    last: Annotated[str, typer.Option(help="Without versions: how much of both topics to read, as 12h or 7d.")] = "1d",
    features: Annotated[
        list[Path] | None,
        typer.Option(help="Without versions: file of features.v1, one record a line, instead; may be given again."),
    ] = None,
    outcomes: Annotated[
        list[Path] | None, typer.Option(help="Likewise file of outcomes.v1; may be given again.")
    ] = None,
    store: Store = "",
    bootstrap: Bootstrap = "",
    as_json: Json = False,
) -> None:
    """Compare two versions on the rows of a CSV file, which neither should have been trained on; versions for a segment on those
    of its readers (column `segment`).

    Without versions, compare the version in shadow with the one in force, by what both scored (features.v1) and what readers
    told (outcomes.v1).
    """
    if first is None and second is None and csv is None:
        if outcomes and not features:
            raise typer.BadParameter("give --features as well: what both predicted", param_hint="--outcomes")
        with errors():
            rows, told = _recorded(features, outcomes or []) if features else _from_topics(last, bootstrap)
            _side_by_side(name, rows, told, as_json)
        return
    if first is None or second is None or csv is None or features or outcomes:
        raise typer.BadParameter(
            "give two versions and --csv, or none of them to compare shadow and live, by --last or by --features with --outcomes"
        )
    with errors():
        versions = store_at(store)
        models = [versions.load(name, each) for each in (first, second)]
        training = model_training.imported()
        options = model_training.options_for(training, name, target, done="compared")
        data = training.DataOptions(csv, (), (), "", target, time, session, without or [], category or [], rename or [])
        rows = training.examples_of(data, options.kind, options.segment, "")
        pair = [training.Incumbent(each.card, each.artefact) for each in models]
        found = training.compare_models(*pair, rows, options)
    if as_json:
        print_json({**msgspec.to_builtins(found), "verdict": found.verdict})
        return
    print_table(
        [
            {
                "metric": key,
                f"version {first}": metric_text(value),
                f"version {second}": metric_text(found.second_metrics[key]),
            }
            for key, value in found.first_metrics.items()
            if key in found.second_metrics
        ],
        "",
    )
    out.print(
        f"\n{found.verdict}: {found.loss} of version {second} minus that of version {first} is "
        f"{metric_text(found.advantage)} over {found.rows:,} rows",
        soft_wrap=True,
    )
    for warning in found.warnings:
        err.print(f"microadjust: {warning}", style="yellow", markup=False, soft_wrap=True)


def _from_topics(last: str, bootstrap: str) -> tuple[Iterable[FeatureRow], Iterable[Outcome]]:
    last_ms, kafka = duration_ms(last), resolve_kafka(bootstrap)
    return last_feature_rows(kafka, last_ms, lambda head: head.kind == "window"), last_outcomes(kafka, last_ms)


def _recorded(features: list[Path], outcomes: list[Path]) -> tuple[Iterable[FeatureRow], Iterable[Outcome]]:
    # Here, since it joins arrays: the edge has no numpy, and reads the topics all the same.
    from models.learning.feature_log import read_feature_files, read_outcome_files

    return read_feature_files(features), read_outcome_files(outcomes)


def _side_by_side(name: str, rows: Iterable[FeatureRow], told: Iterable[Outcome], as_json: bool) -> None:
    kind, _, segment = name.partition(".")
    own: list[FeatureRow] = []
    for row in rows:
        # What no shadow scored is not compared, and most of a day may be that.
        if row.kind != "window" or (segment and row.segment != segment) or SHADOW_PREFIX + kind not in row.models:
            continue
        if len(own) == MAX_WINDOWS:
            raise ModelError(f"more than {MAX_WINDOWS:,} windows scored in shadow: give a shorter time with --last")
        row.features, row.context = {}, {}
        own.append(row)
    own.sort(key=lambda row: (row.window_end_ms, row.session_id))
    found = side_by_side(kind, own, told)
    if found is None:
        raise ModelError(
            f"model {name}: no window of the feature log was scored in shadow; put a version there with "
            f"`models shadow {name} VERSION`, and start the job with --feature-log on"
        )
    if as_json:
        print_json(found)
        return
    print_table(comparison_rows(found), "")
    out.print(
        f"\n{found.windows:,} windows of {found.readers:,} readers from {format_instant(found.since_ms)} to "
        f"{format_instant(found.until_ms)}, of whom {found.told:,} told what suits; nothing is told of fewer than "
        f"{found.min_readers}",
        soft_wrap=True,
    )


def comparison_rows(found: SideBySide) -> list[dict[str, Any]]:
    """The comparison as rows of a table."""
    live = "live" if found.live is None else f"live, version {found.live}"
    shadow = f"shadow, version {found.shadow}"
    measures: list[tuple[str, MetricValue | None, MetricValue | None, MetricValue | None]] = [
        ("readers for whom both ask for the same", None, None, found.agreement),
        ("mean difference", None, None, found.difference),
        (_error_words(found.kind), found.live_error, found.shadow_error, found.advantage),
    ]
    return [
        {"measure": measure, live: _text(ours), shadow: _text(theirs), "both": _text(both)}
        for measure, ours, theirs, both in measures
    ]


def _error_words(kind: str) -> str:
    """
    >>> _error_words("length"), _error_words("tone"), _error_words("anomaly")
    ('mean error in words', 'share of tones missed', 'mean error')
    """
    predicted = PREDICTED.get(kind)
    if predicted is None:
        return "mean error"
    return f"mean error in {predicted.unit}" if predicted.is_number else f"share of {kind}s missed"


def _text(value: MetricValue | None) -> str | None:
    return None if value is None else metric_text(value)
