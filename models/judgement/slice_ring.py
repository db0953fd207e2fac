"""Sums of the newest slice, from window sums and the five slices before it."""

from binascii import a2b_base64, b2a_base64
from collections.abc import Sequence
from typing import Final

from models.judgement.varints import decode_varints, encode_varints

SLICES: Final = 6
"""Slices of a window."""


class SliceRing:
    """The sums of a session's last five slices. Windows sum six, so the newest is what these leave of a window's sums.

    Whole numbers only: the difference is exact. The size of a slice is that of a window by `SLICES`.
    """

    __slots__ = ("_count", "_encoded", "_slice_ms", "dropped", "end_ms", "slices")

    def __init__(self, count: int, slice_ms: int) -> None:
        self._count = count
        self._slice_ms = slice_ms
        self.end_ms = -1
        """End of the newest slice; -1 before the first."""
        self.slices: list[tuple[int, ...]] = [(0,) * count] * (SLICES - 1)
        """Oldest first."""
        self.dropped: tuple[int, ...] = (0,) * count
        """The slice that the last one added has replaced: with it the ring spans a window."""
        self._encoded: list[bytes | None] = [None] * (SLICES - 1)
        """By slice, its bytes in state, where they are known: all but the newest stay as they are."""

    def add(self, end_ms: int, totals: Sequence[float], active_slices: int) -> tuple[int, ...]:
        """Returns the sums of the slice that ends then. `totals` are those of the window of the same end.

        Windows without events may be left out: their slices are empty. Where slices are there that the ring has not seen,
        after the job has been changed, the window's active slices are taken for alike.
        """
        skipped = SLICES - 1 if self.end_ms < 0 else min((end_ms - self.end_ms) // self._slice_ms - 1, SLICES - 1)
        if skipped > 0:
            self.slices = [*self.slices[skipped:], *([(0,) * self._count] * skipped)]
            self._encoded = [None] * (SLICES - 1)
            if active_slices > 1:
                share = tuple(int(total) // active_slices for total in totals)
                self.slices[SLICES - active_slices :] = [share] * (active_slices - 1)
        left = []
        first, second, third, fourth, fifth = self.slices
        for place in range(self._count):
            rest = int(totals[place]) - first[place] - second[place] - third[place] - fourth[place] - fifth[place]
            left.append(rest if rest > 0 else 0)
        newest = tuple(left)
        self.dropped = first
        self.slices = [second, third, fourth, fifth, newest]
        self._encoded = [*self._encoded[1:], None]
        self.end_ms = end_ms
        return newest

    def replace_newest(self, values: tuple[int, ...]) -> None:
        """Replaces the sums of the slice that was added last."""
        self.slices[-1] = values
        self._encoded[-1] = None

    def to_text(self) -> str:
        """End and sums, as variable-length numbers in base64."""
        encoded = self._encoded
        for place in range(SLICES - 1):
            if encoded[place] is None:
                encoded[place] = encode_varints(self.slices[place])
        whole = b"".join([encode_varints((self.end_ms + 1,)), *(each for each in encoded if each is not None)])
        return b2a_base64(whole, newline=False).decode("ascii")

    @classmethod
    def from_text(cls, text: str, places: Sequence[int], stored: int, slice_ms: int) -> "SliceRing":
        """What `to_text` wrote for a ring of `stored` sums; an empty ring where it was written for another number.

        `places` says where each sum stands there, -1 for one that begins empty.
        """
        end, *numbers = decode_varints(a2b_base64(text))
        self = cls(len(places), slice_ms)
        if len(numbers) == (SLICES - 1) * stored:
            self.end_ms = end - 1
            rows = (numbers[begin : begin + stored] for begin in range(0, len(numbers), stored))
            self.slices = [tuple([sums[place] if place >= 0 else 0 for place in places]) for sums in rows]
        return self
