"""Stage: buffers windows until it is certain which card and which forest judge them."""

from collections.abc import Callable, Sequence

import msgspec
from pyflink.datastream import RuntimeContext

from models.features import SESSION_LAYOUT
from models.judgement.layout import HABIT_NAMES
from udfs.crossing_rows import SESSION_NUMBERS, Numbers, Texts
from udfs.keyed_state import StateField


class PendingRow(msgspec.Struct, array_like=True):
    """A crossing row of a session, by name, so that another job can read it: features and habits may come and go.

    Unknown numbers are None, since JSON has no NaN.
    """

    end_ms: int
    times: list[float | None]
    values: dict[str, float | None]
    wholes: dict[str, float | None]
    totals: dict[str, float | None]
    texts: list[str | None]


_NAN = float("nan")


class PendingWindowsStage:
    """Owns the pending windows of each session, in order. Live there are none; a replay at full speed has a few.

    Bounded: a window is released with the next one of its session once what it needs is known, and by the watermark if no other
    comes. State is written as a whole, so that only a short list is cheap.
    """

    def __init__(self) -> None:
        self._field = StateField.json("held-windows-v3", list[PendingRow])

    def open(self, context: RuntimeContext) -> None:
        self._field.open(context)

    def has_pending(self, key: str) -> bool:
        """Whether earlier windows of that session are pending: later ones must not overtake them."""
        return bool(self._field.get(key))

    def buffer(self, key: str, end_ms: int, numbers: Numbers, texts: Texts) -> None:
        known = [None if each != each else each for each in numbers]
        begin, names = len(SESSION_NUMBERS), SESSION_LAYOUT.names
        middle = begin + len(names)
        last = middle + len(HABIT_NAMES)
        row = PendingRow(
            end_ms,
            known[:begin],
            dict(zip(names, known[begin:middle], strict=True)),
            dict(zip(HABIT_NAMES, known[middle:last], strict=True)),
            dict(zip(HABIT_NAMES, known[last:], strict=True)),
            list(texts),
        )
        self._field.set(key, [*(self._field.get(key) or []), row])

    def release(self, key: str, is_due: Callable[[Numbers, Texts], bool]) -> list[tuple[Numbers, Texts]]:
        """Removes and returns the windows, in order, up to the first that is not due."""
        rows = self._field.get(key)
        found: list[tuple[Numbers, Texts]] = []
        for row in rows or ():
            numbers = _numbers(row)
            if not is_due(numbers, row.texts):
                break
            found.append((numbers, row.texts))
        if rows and found:
            self._field.set(key, rows[len(found) :] or None)
        return found


def _numbers(row: PendingRow) -> list[float]:
    """What the job that wrote the row did not compute is unknown; sums are 0 then."""
    return [
        *(_NAN if each is None else each for each in row.times),
        *(_NAN if (each := row.values.get(name)) is None else each for name in SESSION_LAYOUT.names),
        *_sums(row.wholes),
        *_sums(row.totals),
    ]


def _sums(stored: dict[str, float | None]) -> Sequence[float]:
    return [stored.get(name) or 0.0 for name in HABIT_NAMES]
