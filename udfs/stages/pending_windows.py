"""Stage: buffers windows until it is certain which forest scores them."""

from collections.abc import Iterator

import msgspec
from pyflink.datastream import RuntimeContext

from models.features import SESSION_LAYOUT
from udfs.crossing_rows import SESSION_NUMBERS, Numbers, Texts
from udfs.keyed_state import StateField


class PendingRow(msgspec.Struct, array_like=True):
    """A crossing row of a session; unknown numbers are None here, since JSON has no NaN. `layout` is the `FeatureLayout.header`
    of the job that wrote the row."""

    end_ms: int
    numbers: list[float | None]
    texts: list[str | None]
    layout: str = ""


_NAN = float("nan")


class PendingWindowsStage:
    """Owns the pending windows of each session, in order. Live there are none; a replay at full speed has a few.

    Bounded by the watermark: a window is released once the watermark has passed its end.
    """

    def __init__(self) -> None:
        self._field = StateField.json("held-windows-v2", list[PendingRow])

    def open(self, context: RuntimeContext) -> None:
        self._field.open(context)

    def has_pending(self, key: str) -> bool:
        """Whether earlier windows of that session are pending: later ones must not overtake them."""
        return bool(self._field.get(key))

    def buffer(self, key: str, end_ms: int, numbers: Numbers, texts: Texts) -> None:
        known = [None if each != each else each for each in numbers]
        row = PendingRow(end_ms, _stored(known), list(texts), SESSION_LAYOUT.header)
        self._field.set(key, [*(self._field.get(key) or []), row])

    def release(self, key: str, until_ms: int) -> Iterator[tuple[Numbers, Texts]]:
        """Removes and returns the windows that end at `until_ms` or before."""
        rows = self._field.get(key)
        if not rows:
            return
        pending = [row for row in rows if row.end_ms > until_ms]
        if pending:
            self._field.set(key, pending)
        else:
            self._field.clear(key)
        for row in rows:
            if row.end_ms <= until_ms:
                yield [_NAN if each is None else each for each in _read(row)], row.texts


def _stored(numbers: list[float | None]) -> list[float | None]:
    """A session's numbers with each block of features, which are values, means and spreads, in the order of state."""
    features = numbers[len(SESSION_NUMBERS) :]
    size = len(SESSION_LAYOUT.names)
    blocks = (SESSION_LAYOUT.written(features[start : start + size]) for start in range(0, len(features), size))
    return [*numbers[: len(SESSION_NUMBERS)], *(each for block in blocks for each in block)]


def _read(row: PendingRow) -> list[float | None]:
    """The reverse of `_stored`, by name where another job has written the row; what that job lacked is unknown."""
    features = row.numbers[len(SESSION_NUMBERS) :]
    size = SESSION_LAYOUT.size(row.layout)
    blocks = (
        SESSION_LAYOUT.read(features[start : start + size], row.layout, None) for start in range(0, len(features), size)
    )
    return [*row.numbers[: len(SESSION_NUMBERS)], *(each for block in blocks for each in block)]
