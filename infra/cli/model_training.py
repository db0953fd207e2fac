"""models train: trains a model or detector, asks the gate, and stores the version with its report."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from time import time_ns
from types import SimpleNamespace
from typing import Annotated, Any, Literal

import msgspec
import typer
from rich.progress import BarColumn, Progress, TextColumn

from infra.cli.bootstrap import Bootstrap
from infra.cli.device_notes import device_notes
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
from infra.cli.output import Json, err, errors, note, out, print_json, print_table
from infra.cli.output_files import require_place, write_file
from infra.learning.incumbents import load_incumbent
from infra.learning.listing import check_rows
from infra.version import package_version
from models.learning.evaluation import INCUMBENT, Check
from models.logged_features import NUMBER_NAMES, TEXT_NAMES, unknown_inputs
from models.model_store import ModelError
from models.model_versions import EVALUATION, REPORT, ModelVersions
from models.predictions.kinds import DETECTOR_KINDS, PREDICTED, PREDICTION_KINDS
from schemas.model_cards import MODEL_ID, MODEL_ID_WORDS
from schemas.nearest_names import nearest

MAX_SEED = 2**32 - 1
"""What scikit-learn takes."""


def train(
    name: Name,
    csv: Csv = None,
    features: Annotated[
        list[Path] | None, typer.Option(help="File of features.v1, one record a line, .gz or not; may be given again.")
    ] = None,
    outcomes: Annotated[
        list[Path] | None, typer.Option(help="File of outcomes.v1, one record a line, .gz or not; may be given again.")
    ] = None,
    last: Annotated[str, typer.Option(help="Train on the last such time of both topics instead: 12h, 7d.")] = "",
    target: Target = "",
    time: TimeColumn = "",
    session: SessionColumn = "",
    without: Without = None,
    category: Category = None,
    rename: Rename = None,
    seed: Annotated[
        int, typer.Option(min=0, max=MAX_SEED, help="Seed: the same rows with the same seed give the same bytes.")
    ] = 1,
    coverage: Annotated[
        float | None,
        typer.Option(
            min=0.5,
            max=0.99,
            help="Of length and tone: share of truths that intervals (0.9) or sets of tones (0.8) are to hold.",
        ),
    ] = None,
    max_half_width: Annotated[
        float,
        typer.Option(
            min=0.0, help="Of length: widest half of an interval, in words, at which one is proposed; 0 for no limit."
        ),
    ] = 200.0,
    alarm_rate: Annotated[
        float,
        typer.Option(
            min=0.0001,
            max=0.2,
            help="Of detectors: share of windows that are to be called odd; of isolation_forest, at most.",
        ),
    ] = 0.01,
    report: Annotated[Path | None, typer.Option(help="Write the report (HTML) into this file, too.")] = None,
    store: Store = "",
    bootstrap: Bootstrap = "",
    as_json: Json = False,
) -> None:
    """Train a model on the earlier rows, judge it on the later ones, and store it as the next version.

    The gate lets it in if it beats the version in force (the best constant and a linear model where there is none) with an
    interval, ONNX agrees with scikit-learn, and no row stands on both sides of the split. Exit status 1 where it keeps the
    model out, with the reasons; the version is stored all the same, and cannot be promoted.

    A detector (anomaly, isolation_forest) needs no outcomes. The gate looks at its alarms on the later rows, and at how well it
    ranks them where outcomes of metric `anomalous` (1 or 0) label windows; it must do better than the version in force.
    """
    with errors():
        versions = store_at(store)
        training = imported()
        is_detector = name in DETECTOR_KINDS
        if is_detector:
            options = training.DetectorOptions(name, seed, alarm_rate, code_version=package_version())
        else:
            options = options_for(training, name, target, seed, coverage, max_half_width)
        incumbent, damage = incumbent_of(training, versions, name)
        require_place(report, "--report")
        data = training.DataOptions(
            csv,
            features or (),
            outcomes or (),
            last,
            target,
            time,
            session,
            without or (),
            category or (),
            rename or (),
        )
        with Progress(
            TextColumn("{task.description}"), BarColumn(), console=err, transient=True, disable=not err.is_terminal
        ) as bar:
            task = bar.add_task("read the examples", total=None)
            rows = training.examples_of(data, options.kind, options.segment, bootstrap, seed)
            note(f"read {rows.source}")
            _note_all(training.note_inputs(rows, (), {}).about_times())
            versions.require_writable(name)

            def show_step(step: str, done: int, total: int) -> None:
                bar.update(task, description=step, completed=done, total=total)
                if not err.is_terminal and done < total:
                    note(f"step {done + 1} of {total}: {step}")

            found = (training.train_detector if is_detector else training.train)(rows, options, incumbent, show_step)
        card, seen = found.card, found.evaluation.inputs
        inputs = training.note_inputs(rows, card.features, card.categories, card.other_texts, seen, is_detector)
        _note_all(inputs.about_inputs())
        _note_all(device_notes(found.card.categories))
        if damage is not None:
            found.evaluation.checks.append(damage)
        # The report names the version, which the store gives.
        card, page = _store(training, versions, found, provenance(training, data, rows))
        if report is not None:
            write_file(report, page, "--report")
        report_place = versions.place(card.id, card.version, REPORT)
    _show(found.evaluation, card, inputs, report_place, as_json)
    if not found.evaluation.passed:
        raise typer.Exit(1)


def _note_all(lines: Iterable[str]) -> None:
    for line in lines:
        note(line)


def imported() -> SimpleNamespace:
    """Imports what only training has. Raises `ModelError` where only the edge is installed."""
    try:
        from infra.cli.training_data import DataOptions, examples_of
        from models.learning.comparison import compare_models
        from models.learning.detector_training import DetectorOptions, train_detector
        from models.learning.input_notes import note_inputs
        from models.learning.options import TrainingOptions
        from models.learning.provenance import data_hash, library_versions
        from models.learning.report import draw_report
        from models.learning.rivals import Incumbent
        from models.learning.training import train
    except ImportError as error:
        raise ModelError(f"training needs scikit-learn and onnx: install microadjust[learn] ({error})") from None
    return SimpleNamespace(
        DataOptions=DataOptions,
        examples_of=examples_of,
        train=train,
        TrainingOptions=TrainingOptions,
        Incumbent=Incumbent,
        draw_report=draw_report,
        compare_models=compare_models,
        DetectorOptions=DetectorOptions,
        train_detector=train_detector,
        note_inputs=note_inputs,
        data_hash=data_hash,
        library_versions=library_versions,
    )


def options_for(
    training: SimpleNamespace,
    name: str,
    target: str,
    seed: int = 1,
    coverage: float | None = None,
    max_half_width: float = 200.0,
    done: Literal["trained", "compared"] = "trained",
) -> Any:
    """Returns the options of training for a model's id. Raises `ModelError` for another kind of model, which cannot be `done`."""
    kind, point, segment = name.partition(".")
    if kind not in PREDICTION_KINDS or (point and not segment):
        raise ModelError(
            f"{name}: {done} are {' and '.join(PREDICTION_KINDS)}, each alone or with .SEGMENT"
            + (f", and the detectors {' and '.join(DETECTOR_KINDS)}" if done == "trained" else "; no detectors")
        )
    if not MODEL_ID.fullmatch(name):
        raise ModelError(f"{name[:80]!r} is no id of a model: {MODEL_ID_WORDS}")
    return training.TrainingOptions(
        kind=kind,
        target=target or PREDICTED[kind].target,
        unit=PREDICTED[kind].unit,
        seed=seed,
        segment=segment or None,
        coverage=coverage,
        max_half_width=max_half_width or None,
        code_version=package_version(),
    )


def incumbent_of(training: SimpleNamespace, versions: ModelVersions, name: str) -> tuple[Any, Check | None]:
    """Returns the version in force; where it cannot be read, None and the failed check that says which file is damaged.

    A damaged file must not stop a training: its version is stored, and can be looked at.
    """
    try:
        found = load_incumbent(versions, name)
    except ModelError as error:
        fix = (
            f"take the file back from a copy, or `models rollback {name}` or `models withdraw {name}`, and train again"
        )
        return None, Check(
            INCUMBENT, False, f"the version in force is damaged, so nothing was compared with it: {error}; {fix}"
        )
    return None if found is None else training.Incumbent(found.card, found.artefact), None


def provenance(training: SimpleNamespace, data: Any, rows: Any, now_ms: int | None = None) -> dict[str, Any]:
    """Returns the fields of a card that say when and of what a model was made; `now_ms` is the present by default."""
    given = {"target": [data.target] if data.target else [], "rename": data.rename, "without": data.without}
    given["category"] = data.category
    return {
        "created_at_ms": time_ns() // 1_000_000 if now_ms is None else now_ms,
        "data_sha256": training.data_hash(rows),
        "options": {name: list(values) for name, values in given.items() if values},
        "libraries": training.library_versions(),
    }


def _store(training: SimpleNamespace, versions: ModelVersions, found: Any, made: dict[str, Any]) -> tuple[Any, bytes]:
    evaluation = msgspec.json.format(msgspec.json.encode(found.evaluation), indent=1) + b"\n"

    def findings(card: Any) -> dict[str, bytes]:
        return {EVALUATION: evaluation, REPORT: training.draw_report(found.evaluation, card)}

    described = msgspec.structs.replace(found.card, **made)
    card = versions.add(described, found.artefact, findings)
    page = versions.read(card.id, card.version, REPORT)
    assert page is not None, "it has just been written"
    return card, page


def _show(found: Any, card: Any, inputs: Any, report_place: str, as_json: bool) -> None:
    known = {True: TEXT_NAMES, False: NUMBER_NAMES}
    unknown = unknown_inputs(card.features, card.categories)
    if as_json:
        verdict = {"passed": found.passed, "reasons": found.reasons, "unknown_to_the_job": unknown}
        print_json({"card": card, "evaluation": found, "inputs": inputs} | verdict)
        return
    print_table(check_rows(found), "")
    out.print(f"\n{card.id} version {card.version}: {report_place}", markup=False, soft_wrap=True)
    if unknown:
        names = ", ".join(_unknown(each, known[each in card.categories]) for each in unknown)
        text = f"the job computes no {names}: the model can be compared and asked, not announced; see --rename and --without"
        err.print(f"microadjust: {text}", style="yellow", markup=False, soft_wrap=True)
    for reason, rows in found.left_out_rows.items():
        err.print(f"microadjust: left out: {rows:,} rows with {reason}", style="yellow", markup=False, soft_wrap=True)
    for reason in found.reasons:
        err.print(f"microadjust: the gate keeps the model out: {reason}", style="red", markup=False, soft_wrap=True)


def _unknown(name: str, known: Sequence[str]) -> str:
    """
    >>> _unknown("session_age", ("session_age_ms",)), _unknown("mood", ("session_age_ms",))
    ('session_age (did you mean session_age_ms?)', 'mood')
    """
    close = nearest(name, known)
    return name if close is None else f"{name} (did you mean {close}?)"
