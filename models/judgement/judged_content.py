"""One content item's windows, judged slice by slice: what the keyed operator remembers of an item."""

from binascii import a2b_base64, b2a_base64
from collections.abc import Sequence
from struct import Struct
from typing import Final, Protocol

from models.features import CONTENT_NAMES
from models.judgement.content_layout import (
    CONTENT_HABITS,
    CONTENT_LEVELS,
    EXPOSURES,
    HABIT_NAMES,
    LEVEL_NAMES,
    MIN_UNITS,
    UNIT,
    VIEWS,
    Exposure,
)
from models.judgement.habit_numbers import habit_keys, pack_habits, unpack_habits
from models.judgement.habits import MINUTE_MS, Habits
from models.judgement.layout import lacking_keys
from models.judgement.levels import Levels
from models.judgement.presence import SLICE_MS
from models.judgement.shares import Shares
from models.judgement.slice_ring import SLICES, SliceRing

_HEAD: Final = Struct("<qqqqq")
_KEYS: Final = ",".join(habit_keys(CONTENT_HABITS[by]) for by in EXPOSURES)
_INDEX: Final = {name: index for index, name in enumerate(CONTENT_NAMES)}
_SUMMED: Final = ("engaged_ms", "clicks")
"""Features that add up over slices, so that their newest slice follows from windows. Readers that left do not: each counts once
in a window."""

_EXPOSURE_MS: Final = {"exits": MINUTE_MS / UNIT, "readers": SLICE_MS / UNIT}
"""What one exit, or one reader's slice, adds to a unit, which takes the place of a minute in `Habits`."""


CONTENT_END_MS: Final = 24 * 3_600_000
"""An item that nobody has read for so long begins anew."""

MAX_LEAVERS: Final = 16
"""Readers that left at once, of whom the last are remembered: at five exits a minute, a fifth of them rapid, those of a quarter
of an hour."""


class Window(Protocol):
    """What is needed of a window of one item; `udfs.crossing_rows.ContentWindow` says what each is."""

    @property
    def end_ms(self) -> int: ...

    @property
    def first_ms(self) -> int: ...

    @property
    def new_exits(self) -> int: ...

    @property
    def new_rapid_exits(self) -> int: ...

    @property
    def reader_slices(self) -> int: ...

    @property
    def leavers(self) -> Sequence[int]: ...

    @property
    def values(self) -> Sequence[float]: ...


class JudgedContent:
    """Habits and levels of one item, fed with its windows in order. Text in state restores it exactly.

    A habit is a rate by exposure: of those who leave, how many leave at once; in a reader's minute, how much is read, clicked
    and left. More readers are more exposure, and no evidence of anything.
    """

    __slots__ = ("_leavers", "_ring", "habits", "levels", "since_ms", "window_units")

    def __init__(self) -> None:
        self.habits: dict[Exposure, Habits] = {
            "exits": Shares(CONTENT_HABITS["exits"], UNIT),
            "readers": Habits(CONTENT_HABITS["readers"], of_many=True),
        }
        self.levels = Levels(CONTENT_LEVELS)
        self._ring = SliceRing(len(_SUMMED) + 1, SLICE_MS)
        self._leavers: list[int] = []
        """Hashes of the readers that left at once, the latest last."""
        self.since_ms = -1
        """The first event of the item that is known of; -1 before it."""
        self.window_units: dict[Exposure, float] = dict.fromkeys(EXPOSURES, 0.0)
        """Exposure of the window judged last, in units."""

    def on_window(self, window: Window) -> None:
        """Judges the newest slice of a window."""
        end_ms, values = window.end_ms, window.values
        if self.since_ms < 0:
            self.since_ms = window.first_ms
        active_slices = min(max(-((window.first_ms - end_ms) // SLICE_MS), 1), SLICES)
        totals = [*(values[_INDEX[name]] for name in _SUMMED), window.reader_slices]
        engaged_ms, clicks, reader_slices = self._ring.add(end_ms, totals, active_slices)
        known = self._note_leavers(window.leavers)
        exits, rapid_exits = window.new_exits - known, window.new_rapid_exits - known
        slice_sums = {"engaged_ms": engaged_ms, "clicks": clicks, "exits": exits, "rapid_exits": rapid_exits}
        ends_minute = end_ms % int(MINUTE_MS) == 0
        exposures: dict[Exposure, int] = {"exits": exits, "readers": reader_slices}
        for by, exposure in exposures.items():
            habits = self.habits[by]
            sums = [slice_sums[name] for name in HABIT_NAMES[by]]
            habits.on_slice(sums, int(exposure * _EXPOSURE_MS[by]), VIEWS[by], may_end_minute=ends_minute)
            if not self.is_known(by):
                habits.up, habits.down = [0] * habits.count, [0] * habits.count
        self.window_units["exits"] = values[_INDEX["exits"]] * _EXPOSURE_MS["exits"] / MINUTE_MS
        self.window_units["readers"] = window.reader_slices * _EXPOSURE_MS["readers"] / MINUTE_MS
        if ends_minute:
            self.levels.learn([values[_INDEX[name]] for name in LEVEL_NAMES])

    def is_over(self, now_ms: int) -> bool:
        """Whether the last window is so long ago that the item's habits say nothing any more."""
        return self._ring.end_ms >= 0 and now_ms - self._ring.end_ms >= CONTENT_END_MS

    def _note_leavers(self, leavers: Sequence[int]) -> int:
        """Remembers who left at once, and returns how many of them had done so before: one reader is not readers."""
        known = 0
        for leaver in leavers:
            if leaver in self._leavers:
                known += 1
                self._leavers.remove(leaver)
            self._leavers.append(leaver)
        del self._leavers[:-MAX_LEAVERS]
        return known

    def is_known(self, by: Exposure) -> bool:
        """Whether the item has shown enough to tell what is usual for it."""
        return self.habits[by].minutes[0] >= MIN_UNITS

    def to_text(self) -> str:
        exits, readers = self.habits["exits"], self.habits["readers"]
        head = _HEAD.pack(self.since_ms, exits.present_ms, exits.previous_ms, readers.present_ms, readers.previous_ms)
        numbers = head + b"".join(pack_habits(self.habits[by]) for by in EXPOSURES)
        encoded = b2a_base64(numbers, newline=False).decode("ascii")
        leavers = ",".join(map(str, self._leavers))
        return f"{_KEYS} {encoded} {self._ring.to_text()} {self.levels.to_text()} {leavers}"

    @classmethod
    def from_text(cls, text: str) -> "JudgedContent":
        """What `to_text` wrote. A habit that the text does not know begins empty, one that is gone is dropped."""
        self = cls()
        keys, encoded, ring, levels, leavers = text.split(" ")
        data = a2b_base64(encoded)
        exits, readers = self.habits["exits"], self.habits["readers"]
        self.since_ms, exits.present_ms, exits.previous_ms, readers.present_ms, readers.previous_ms = _HEAD.unpack_from(
            data
        )
        offset = _HEAD.size
        for by, stored in zip(EXPOSURES, keys.split(","), strict=True):
            offset = unpack_habits(self.habits[by], CONTENT_HABITS[by], stored, data, offset)
            self.habits[by].begin_anew(lacking_keys(stored, habit_keys(CONTENT_HABITS[by])))
        self._ring = SliceRing.from_text(ring, range(len(_SUMMED) + 1), len(_SUMMED) + 1, SLICE_MS)
        self.levels = Levels.from_text(levels, CONTENT_LEVELS)
        self._leavers = [int(each) for each in leavers.split(",")] if leavers else []
        return self
