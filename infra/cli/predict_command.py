"""models predict: asks a stored version about readers, as the job would."""

from collections.abc import Iterable
from typing import Annotated, Any

import msgspec
import typer

from infra.cli.model_options import Csv, Name, Rename, Store, default_version, store_at
from infra.cli.output import Json, errors, note, out, print_json, print_table
from infra.learning.listing import evaluation_of
from models.model_store import ModelError
from models.model_versions import ModelVersions
from models.predictions.targets import MAX_WORDS, MIN_TOLD_WORDS
from schemas.model_cards import ModelCard

AskedVersion = Annotated[
    int | None,
    typer.Argument(help="Version; by default the one in force, else the newest that passed the gate, else the newest."),
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", help="FEATURE=VALUE that is known of the reader, as click_rate=2.5; may be given again."),
]


def predict(
    name: Name,
    version: AskedVersion = None,
    given: Set = None,
    csv: Csv = None,
    rename: Rename = None,
    store: Store = "",
    as_json: Json = False,
) -> None:
    """Ask a version about one reader, or about each row of a CSV file.

    Prints words or tone with interval and confidence, or why the model is silent; of detectors the score, its threshold, and the
    features that contributed most. The model is checked, loaded and asked as in the job.
    """
    if bool(given) == (csv is not None):
        raise typer.BadParameter("give one of --set FEATURE=VALUE, which may be repeated, and --csv FILE")
    if rename and csv is None:
        raise typer.BadParameter(
            "columns of --csv are renamed; --set takes the model's own names", param_hint="--rename"
        )
    with errors():
        # Here, since the edge has neither numpy nor ONNX Runtime.
        from infra.cli.reader_values import known_from_csv, known_from_options
        from models.announced.checking import check_stored
        from models.announced.errors import ModelRefusedError
        from models.announced.loading import load
        from models.learning.renaming import renaming
        from models.predictions.answers import answer

        versions = store_at(store)
        chosen = version if version is not None else version_to_ask(versions, name)
        stored = versions.load(name, chosen)
        try:
            model = load(check_stored(stored.card, stored.artefact))
        except ModelRefusedError as error:
            raise ModelError(f"model {name} version {chosen} cannot be asked: {error}") from None
        card = model.card
        if csv is None:
            readers: Iterable[Any] = [known_from_options(card, given or [])]
        else:
            renamed = {column: (feature, factor) for column, feature, factor in map(renaming, rename or [])}
            readers = known_from_csv(card, csv, renamed)
        answers = [answer(model, each.numbers, each.texts) for each in readers]
        in_force, passed = versions.promoted(name) == chosen, passed_gate(versions, name, chosen)
        if as_json:
            head = {"model": card.id, "version": card.version, "kind": card.kind, "in_force": in_force, "gate": passed}
            found = [msgspec.to_builtins(each) for each in answers]
            print_json(head | (found[0] if csv is None else {"rows": found}))
            return
        note(
            f"{name} version {chosen}, {'in force' if in_force else 'not in force'}{'' if passed else _kept_out(passed)}"
        )
        if csv is not None:
            print_table([{"row": place} | _row(card, each) for place, each in enumerate(answers, 1)], "")
            return
        for key, value in (_row(card, answers[0]) | {"unknown": ", ".join(answers[0].unknown)}).items():
            if value:
                out.print(f"{key:14} {value}", markup=False, soft_wrap=True)


def version_to_ask(versions: ModelVersions, name: str) -> int:
    """Returns the version in force, else the newest that passed the gate, else the newest. Raises `ModelError` where there is
    none."""
    otherwise = default_version(versions, name)
    if versions.promoted(name) is not None:
        return otherwise
    newest_first = reversed(versions.versions(name))
    return next((each for each in newest_first if passed_gate(versions, name, each)), otherwise)


def passed_gate(versions: ModelVersions, name: str, version: int) -> bool | None:
    """Whether the gate let a version in; None where it was not asked, or what it found cannot be read."""
    try:
        found = evaluation_of(versions, name, version)
    except ModelError:
        return None
    return None if found is None else found.passed


def _kept_out(passed: bool | None) -> str:
    return ", not judged by the gate" if passed is None else ", kept out by the gate: `models show` says why"


def _row(card: ModelCard, found: Any) -> dict[str, str | None]:
    """An answer as one row of a table."""
    if card.threshold is not None:
        return {
            "verdict": None if found.is_odd is None else "odd" if found.is_odd else "ordinary",
            "score": None if found.score is None else f"{found.score:.4g}, odd from {found.threshold:.4g}",
            "strongest": ", ".join(f"{name} {part:.3g}" for name, part in found.strongest.items()),
            "silent": found.silence,
        }
    row = {"tone" if card.classes else "words": None if found.value is None else str(found.value)}
    if not card.classes:
        row["interval"] = _interval(found.low, found.high)
    return row | {
        "confidence": None if found.confidence is None else f"{found.confidence:.2f}",
        "silent": found.silence,
    }


def _interval(low: float | None, high: float | None) -> str | None:
    """Returns an interval of lengths within what a reader can wish for; None where there is none.

    >>> _interval(-11.2, 130.0), _interval(290.0, 450.0), _interval(None, None)
    ('1 to 130 words', '290 to 450 words', None)
    """
    if low is None or high is None:
        return None
    return f"{max(low, MIN_TOLD_WORDS):.0f} to {min(high, MAX_WORDS):.0f} words"
