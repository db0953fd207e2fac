"""Says what training took from its examples: which columns as numbers or categories, what it left out, what says nothing, and
what is time."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import numpy as np
from msgspec import Struct

from models.learning.columns import MIN_LEVEL_ROWS
from models.learning.csv_numbers import has_unit
from models.learning.evaluation import InputSummary
from models.learning.examples import Examples
from models.readable_numbers import readable

MIN_SHARE: Final = 0.5
"""Share of known values from which a column looks like times, or like numbers with a unit."""

MAX_EXAMPLES: Final = 5
"""Texts that a note gives."""

MIN_UNIT_TEXTS: Final = 13
"""Different texts from which a column can be one of numbers with a unit: a few, as 2g, 3g and 4g, are names."""

MILLISECONDS: Final = (1e12, 4e12)
"""Times in milliseconds between September 2001 and October 2096."""


class Cut(Struct):
    """Texts of a category: so many were found, and so many have a place. Of the others the model answers `together` as one, as it
    does where none is known, and is silent for `silent`, of which `examples` are the most frequent."""

    kept: int
    found: int
    together: int = 0
    silent: int = 0
    examples: list[str] = []


class OneValue(Struct):
    """The only value that the training rows have of an input. `can_be_left_out`: --without takes the input's name."""

    value: float | str
    can_be_left_out: bool


class InputNotes(Struct):
    """What became of the columns. `left_out` gives the reason by column, `with_unit` one cell by column."""

    numbers: list[str]
    categories: list[str]
    left_out: dict[str, str]
    cut: dict[str, Cut]
    with_unit: dict[str, str]
    has_times: bool
    like_times: list[str]
    """Columns that look like times, where none was taken for them."""
    never_known: list[str] = []
    """Inputs that no training row has."""
    one_value: dict[str, OneValue] = {}
    """Inputs of which all training rows that have them have the same, by name."""

    def about_times(self) -> Iterator[str]:
        """Yields what should be known of the order of rows; nothing where the rows have times."""
        if not self.has_times:
            yield "no column of times: the order of the file is taken as time"
            yield from (f"`{name}` looks like times: --time {name}" for name in self.like_times)

    def about_inputs(self) -> Iterator[str]:
        yield f"inputs: {_listed('number', self.numbers)}, {_listed('category', self.categories)}"
        if self.left_out:
            yield "left out: " + "; ".join(f"{name} ({why})" for name, why in self.left_out.items())
        for name, cut in self.cut.items():
            yield f"{name}: {cut.kept} of {cut.found} texts have a place{_of_others(cut)}"
        for name, cell in self.with_unit.items():
            yield f"`{name}` looks like numbers with a unit ({cell!r}), which are texts: write numbers alone"
        if self.never_known:
            yield f"never known in the training rows, so of no use: {', '.join(self.never_known)}"
        for name, only in self.one_value.items():
            value = only.value if isinstance(only.value, str) else readable(only.value)
            advice = f"; leave it out with --without {name}" if only.can_be_left_out else ""
            yield f"{name} has one value only ({value}): for any other the model is silent{advice}"


def note_inputs(
    rows: Examples,
    features: Sequence[str],
    categories: Mapping[str, Sequence[str]],
    others: Mapping[str, Sequence[str]] | None = None,
    trained: Sequence[InputSummary] = (),
    is_detector: bool = False,
) -> InputNotes:
    """Notes what became of the columns of `rows` in a model with these inputs, of which `categories` have these texts, and
    `others` are answered without a place. `trained` is what the training rows had of the inputs, for detectors too, which answer
    whatever value there is."""
    texts = {name: _known(rows, name) for name in rows.names if rows.is_category(name)}
    counts = {name: len(set(known)) for name, known in texts.items()}
    with_unit = {
        name: next(filter(has_unit, known))
        for name, known in texts.items()
        if counts[name] >= MIN_UNIT_TEXTS and _share(map(has_unit, known), known) >= MIN_SHARE
    }
    cut = {
        name: _cut(texts[name], kept, (others or {}).get(name, ()))
        for name, kept in categories.items()
        if len(kept) < counts.get(name, 0)
    }
    only = {} if is_detector else {each.name: _only_value(each) for each in trained if each.name not in cut}
    return InputNotes(
        [name for name in features if name not in categories],
        [name for name in features if name in categories],
        {name: _why(name, texts) for name in rows.names if name not in features},
        cut,
        with_unit,
        rows.at_ms is not None,
        [] if rows.at_ms is not None else [name for name in rows.names if _looks_like_times(rows, name)],
        [each.name for each in trained if each.low is None and not each.texts],
        # What the job names is no column of the file, which is what --without leaves out.
        {name: OneValue(value, name not in rows.as_the_job) for name, value in only.items() if value is not None},
    )


def _known(rows: Examples, name: str) -> list[str]:
    return [text for text in rows.values[name].tolist() if text is not None]


def _cut(known: Sequence[str], kept: Sequence[str], others: Sequence[str]) -> Cut:
    counts = Counter(known)
    without_place = counts.keys() - set(kept)
    silent = sorted(without_place - set(others), key=lambda text: (-counts[text], text))
    return Cut(len(kept), len(counts), len(without_place) - len(silent), len(silent), silent[:MAX_EXAMPLES])


def _only_value(seen: InputSummary) -> float | str | None:
    if seen.texts:
        return next(iter(seen.texts)) if len(seen.texts) == 1 else None
    return seen.least if seen.least == seen.greatest else None


def _of_others(cut: Cut) -> str:
    """
    >>> _of_others(Cut(32, 60, 26, 2, ["smarttv", "watch"]))
    '; 26 are answered together, as unknown ones; for 2, too rare in the training rows, the model is silent: smarttv, watch'
    """
    text = ""
    if cut.together:
        one = "1 is answered as an unknown one"
        text += f"; {one if cut.together == 1 else f'{cut.together} are answered together, as unknown ones'}"
    if cut.silent:
        more = ", …" if cut.silent > len(cut.examples) else ""
        text += (
            f"; for {cut.silent}, too rare in the training rows, the model is silent: {', '.join(cut.examples)}{more}"
        )
    return text


def _share(hits: Iterator[bool], known: Sequence[Any]) -> float:
    return sum(hits) / len(known) if known else 0.0


def _why(name: str, texts: Mapping[str, Sequence[str]]) -> str:
    return f"no text stands in {MIN_LEVEL_ROWS} rows" if name in texts else "no input of this kind of model"


def _looks_like_times(rows: Examples, name: str) -> bool:
    if rows.is_category(name):
        known = _known(rows, name)
        return _share(map(_is_date, known), known) >= MIN_SHARE
    values = rows.values[name][np.isfinite(rows.values[name])]
    return len(values) > 0 and bool(np.mean((values > MILLISECONDS[0]) & (values < MILLISECONDS[1])) >= MIN_SHARE)


def _is_date(text: str) -> bool:
    # Shorter ones are years, or numbers.
    if len(text) < len("2026-11-28"):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _listed(what: str, names: Sequence[str]) -> str:
    """
    >>> _listed("number", ["age"]), _listed("category", [])
    ('1 number (age)', '0 categories')
    """
    words = what if len(names) == 1 else what[:-1] + "ies" if what.endswith("y") else what + "s"
    return f"{len(names)} {words}" + (f" ({', '.join(names)})" if names else "")
