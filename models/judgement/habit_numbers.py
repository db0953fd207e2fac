"""The numbers of habits as bytes, for keyed state."""

from collections.abc import Sequence
from struct import Struct
from typing import Final

from models.judgement.habit import Habit
from models.judgement.habits import Habits

_MAX_SUM: Final = 2**31 - 1
_NAMES: Final = ("minutes", "totals", "squares", "last_offs", "sums", "previous_sums", "up", "down", "held")
_structs: dict[int, Struct] = {}
_whole_structs: dict[int, Struct] = {}


def habit_keys(habits: Sequence[Habit]) -> str:
    """The keys of habits, two letters each: they say what the bytes of `pack_habits` hold."""
    return "".join(habit.key for habit in habits)


def pack_habits(habits: Habits) -> bytes:
    """All numbers but the exposure of the minutes; `Habits` keeps them in single precision, so nothing is lost."""
    return habits.taught_bytes + _wholes(habits.count).pack(
        *[value if value < _MAX_SUM else _MAX_SUM for value in habits.sums],
        *[value if value < _MAX_SUM else _MAX_SUM for value in habits.previous_sums],
        *habits.up,
        *habits.down,
        *[held if held < 255 else 255 for held in habits.held],
    )


def unpack_habits(habits: Habits, declared: Sequence[Habit], keys: str, data: bytes, offset: int) -> int:
    """Restores what `pack_habits` gave for `keys`, from `offset` on, and returns the end of it.

    A habit that `keys` lacks begins empty, one that is not declared any more is dropped.
    """
    stored = len(keys) // 2
    numbers = _struct(stored).unpack_from(data, offset)
    for place, habit in enumerate(declared):
        at = _place(keys, habit)
        if at >= 0:
            for number, name in enumerate(_NAMES):
                getattr(habits, name)[place] = numbers[number * stored + at]
    return offset + _struct(stored).size


def _struct(habits: int) -> Struct:
    if habits not in _structs:
        _structs[habits] = Struct(f"<{4 * habits}f{2 * habits}i{2 * habits}H{habits}B")
    return _structs[habits]


def _wholes(habits: int) -> Struct:
    """The part of `_struct` behind the numbers in single precision."""
    if habits not in _whole_structs:
        _whole_structs[habits] = Struct(f"<{2 * habits}i{2 * habits}H{habits}B")
    return _whole_structs[habits]


def _place(keys: str, habit: Habit) -> int:
    """Place of a habit among the stored ones; -1 where it is not."""
    for at in range(0, len(keys), 2):
        if keys[at : at + 2] == habit.key:
            return at // 2
    return -1
