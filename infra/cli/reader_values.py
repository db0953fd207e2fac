"""Reads what is known of readers for `models predict`: from --set feature=value, or from the columns of a CSV file."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from models.learning.csv_cells import read_cells
from models.learning.csv_numbers import decimal_sign, is_unknown, to_number
from models.learning.errors import TrainingDataError
from models.learning.renaming import renamings_of
from schemas.model_cards import ModelCard
from schemas.nearest_names import suggestion

MAX_TEXT_CHARS: Final = 40
"""Of a value that an error repeats."""


class Known(NamedTuple):
    """What is known of one reader, by feature; None for an unknown value."""

    numbers: dict[str, float | None]
    texts: dict[str, str | None]


def known_from_options(card: ModelCard, given: Sequence[str]) -> Known:
    """Reads `feature=value` texts; an empty value is unknown. Raises `TrainingDataError`."""
    values: dict[str, str] = {}
    for each in given:
        name, separator, value = each.partition("=")
        if not separator:
            raise TrainingDataError(f"--set {each}: give FEATURE=VALUE, as click_rate=2.5")
        if name not in card.features:
            raise TrainingDataError(
                f"--set {each}: {_called(card)} has no input {name}{suggestion(name, card.features)}"
            )
        if name in values:
            raise TrainingDataError(f"--set {name}=…: given twice")
        values[name] = value.strip()
    return _known(card, values, lambda name: f"--set {name}={values[name]}", ".")


def known_from_csv(card: ModelCard, path: Path, renamed: Mapping[str, tuple[str, float]]) -> Iterator[Known]:
    """Reads a row for each reader; columns that are no inputs are passed over. Raises `TrainingDataError`.

    `renamed` gives, by column, the feature that it is and the factor that brings it to the feature's unit. A feature that the
    file lacks otherwise is made of the column that it was made of in training, as the card says; where that is the column of the
    same name, in another unit, it is multiplied as in training.
    """
    cells = read_cells(path)
    for column in renamed:
        if column not in cells.header:
            raise TrainingDataError(f"{path}, line 1: no column {column}{suggestion(column, cells.header)}")
    renamed = _as_trained(card, cells.header, renamed) | dict(renamed)
    features = [renamed.get(column, (column, 1.0))[0] for column in cells.header]
    for name in card.features:
        if features.count(name) != 1:
            raise TrainingDataError(
                f"{path}, line 1: {'no column' if name not in features else 'two columns'} {name}, which {_called(card)} reads; "
                f"{_fix(card, name)}{suggestion(name, cells.header)}"
            )
    columns = {name: cells.header[features.index(name)] for name in card.features}
    decimal = decimal_sign(cells, [columns[name] for name in card.features if name not in card.categories])
    factors = {feature: factor for feature, factor in renamed.values()}
    for line, row in zip(cells.lines, cells.rows, strict=True):
        values = {name: text.strip() for name, text in zip(features, row, strict=True) if name in card.features}
        found = _known(card, values, lambda name, line=line: f"{path}, line {line}, column {columns[name]}", decimal)  # type: ignore[misc]
        numbers = {
            name: None if value is None else value * factors.get(name, 1.0) for name, value in found.numbers.items()
        }
        yield Known(numbers, found.texts)


def _as_trained(
    card: ModelCard, header: Sequence[str], given: Mapping[str, tuple[str, float]]
) -> dict[str, tuple[str, float]]:
    """Returns the renamings of the training, by column, for features that neither the file nor `given` has, and the factors of
    those that keep their names."""
    there = {given.get(column, (column, 1.0))[0] for column in header}
    taken = {feature for feature, _ in given.values()}
    return {
        made.column: (feature, made.factor)
        for feature, made in renamings_of(card).items()
        if feature in card.features
        and feature not in taken
        and (made.column == feature or feature not in there)
        and made.column in header
        and made.column not in given
    }


def _fix(card: ModelCard, name: str) -> str:
    made = renamings_of(card).get(name)
    if made is None:
        return f"--rename COLUMN={name} gives it one"
    return f"--rename COLUMN={name}*FACTOR gives it one, in training it was --rename {made.text}"


def _known(card: ModelCard, values: Mapping[str, str], place: Callable[[str], str], decimal: str) -> Known:
    numbers: dict[str, float | None] = {}
    texts: dict[str, str | None] = {}
    for name, text in values.items():
        if name in card.categories:
            texts[name] = None if is_unknown(text) else text
            continue
        number = to_number(text, decimal)
        if number is None and not is_unknown(text):
            raise TrainingDataError(f"{place(name)}: {text[:MAX_TEXT_CHARS]!r} is no finite number")
        numbers[name] = number
    return Known(numbers, texts)


def _called(card: ModelCard) -> str:
    return f"{card.id} version {card.version}"
