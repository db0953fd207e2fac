"""The numbers of habits as bytes, for keyed state."""

from collections.abc import Iterable, Sequence
from struct import Struct
from typing import Any, Final

from models.judgement.habit import Habit
from models.judgement.habits import Habits
from models.judgement.varints import decode_varints, encode_varints

_NAMES: Final = ("minutes", "totals", "squares", "last_offs", "sums", "previous_sums", "up", "down", "held")
_structs: dict[tuple[int, bool], Struct] = {}
_whole_structs: dict[tuple[int, bool], Struct] = {}


def habit_keys(habits: Sequence[Habit]) -> str:
    """The keys of habits, two letters each: they say what the bytes of `pack_habits` hold."""
    return "".join(habit.key for habit in habits)


def pack_habits(habits: Habits) -> bytes:
    """All numbers but the exposure of the minutes; `Habits` keeps them in single precision, so nothing is lost."""
    return habits.taught_bytes + _wholes(habits.count, habits.of_many).pack(
        *habits.sums,
        *habits.previous_sums,
        *habits.up,
        *habits.down,
        *[held if held < 255 else 255 for held in habits.held],
    )


def unpack_habits(habits: Habits, declared: Sequence[Habit], keys: str, data: bytes, offset: int) -> int:
    """Restores what `pack_habits` gave for `keys`, from `offset` on, and returns the end of it.

    A habit that `keys` lacks begins empty, one that is not declared any more is dropped.
    """
    stored = len(keys) // 2
    layout = _struct(stored, habits.of_many)
    _restore(habits, declared, keys, layout.unpack_from(data, offset))
    return offset + layout.size


def pack_short(habits: Habits, others: Iterable[int]) -> bytes:
    """The same numbers for a session, of which there are many: whole ones, and `others` behind them, take the bytes that they
    need, most of them one."""
    whole = (*habits.sums, *habits.previous_sums, *habits.up, *habits.down, *habits.held, *others)
    return habits.taught_bytes + encode_varints(whole)


def unpack_short(habits: Habits, declared: Sequence[Habit], keys: str, data: bytes) -> list[int]:
    """Restores what `pack_short` gave for `keys`, and returns the others; habits that are new or gone as in `unpack_habits`."""
    stored = len(keys) // 2
    singles = Struct(f"<{4 * stored}f")
    whole = decode_varints(data[singles.size :])
    numbers: list[Any] = [*singles.unpack_from(data), *whole]
    _restore(habits, declared, keys, numbers)
    return whole[5 * stored :]


def _restore(habits: Habits, declared: Sequence[Habit], keys: str, numbers: Sequence[Any]) -> None:
    """Takes numbers by name and habit: whole ones must stay whole, since compiled modules tell them apart."""
    stored = len(keys) // 2
    for place, habit in enumerate(declared):
        at = _place(keys, habit)
        if at >= 0:
            for number, name in enumerate(_NAMES):
                getattr(habits, name)[place] = numbers[number * stored + at]


def _struct(habits: int, of_many: bool) -> Struct:
    if (habits, of_many) not in _structs:
        _structs[habits, of_many] = Struct(f"<{4 * habits}f{_wholes_format(habits, of_many)}")
    return _structs[habits, of_many]


def _wholes(habits: int, of_many: bool) -> Struct:
    """The part of `_struct` behind the numbers in single precision."""
    if (habits, of_many) not in _whole_structs:
        _whole_structs[habits, of_many] = Struct(f"<{_wholes_format(habits, of_many)}")
    return _whole_structs[habits, of_many]


def _wholes_format(habits: int, of_many: bool) -> str:
    return f"{2 * habits}{'q' if of_many else 'i'}{2 * habits}H{habits}B"


def _place(keys: str, habit: Habit) -> int:
    """Place of a habit among the stored ones; -1 where it is not."""
    for at in range(0, len(keys), 2):
        if keys[at : at + 2] == habit.key:
            return at // 2
    return -1
