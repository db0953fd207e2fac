"""Names segments in words, by the columns that tell them most from all readers."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal

from models.segments.columns import Column
from schemas.segments import Segment, Trait

TELLING: Final = 0.75
"""Spreads between a segment's centre and the mean of all readers from which a column tells the segment apart."""

STILL_TELLING: Final = 0.5
"""Likewise for a column that the name says already: names do not change with every refresh."""

WORDS: Final = 2
AVERAGE: Final = "average readers"


def traits_of(
    columns: Sequence[Column], centre: Sequence[float], usual: Sequence[float], spread: Sequence[float]
) -> list[Trait]:
    """The columns that tell the centre from what is usual, most telling first, one of each family. All numbers are scaled."""
    distances = [(value - mean) / width for value, mean, width in zip(centre, usual, spread, strict=True)]
    order = sorted(range(len(columns)), key=lambda index: (-abs(distances[index]), index))
    found: list[Trait] = []
    families: set[str] = set()
    for index in order:
        column = columns[index]
        if abs(distances[index]) >= TELLING and column.family not in families:
            families.add(column.family)
            is_high = distances[index] > 0
            found.append(_trait(column, "high" if is_high else "low", centre[index], usual[index]))
    return found


def _trait(column: Column, direction: Literal["low", "high"], value: float, usual: float) -> Trait:
    return Trait(column.name, direction, column.unscaled(value), column.unscaled(usual), column.unit)


def _holds(trait: Trait, value: float, usual: float, width: float) -> bool:
    distance = (value - usual) / width
    return (distance if trait.direction == "high" else -distance) >= STILL_TELLING


def words_of(trait: Trait, column: Column) -> str:
    return column.high if trait.direction == "high" else column.low


def name_of(traits: Sequence[Trait], columns: Mapping[str, Column], taken: set[str]) -> tuple[str, int]:
    """A name that is not taken yet, and of how many traits it is made: two, or more where two do not tell."""
    words = [words_of(trait, columns[trait.feature]) for trait in traits] or [AVERAGE]
    for count in range(min(WORDS, len(words)), len(words) + 1):
        name = ", ".join(words[:count])
        if name not in taken:
            return name, min(count, len(traits))
    number = next(each for each in range(2, len(taken) + 3) if f"{name} ({each})" not in taken)
    return f"{name} ({number})", len(traits)


def kept_traits(
    previous: Segment,
    columns: Sequence[Column],
    centre: Sequence[float],
    usual: Sequence[float],
    spread: Sequence[float],
) -> list[Trait] | None:
    """The traits that a segment's name says, as they are now; None where one is not true any more.

    None for a name without traits as well: something may tell now.
    """
    places = {column.name: index for index, column in enumerate(columns)}
    found = []
    for trait in previous.traits:
        index = places.get(trait.feature)
        if index is None or not _holds(trait, centre[index], usual[index], spread[index]):
            return None
        found.append(_trait(columns[index], trait.direction, centre[index], usual[index]))
    return found or None
