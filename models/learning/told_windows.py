"""Finds for each outcome the newest window of its session before it, in one pass over windows in any order."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from typing import Final, Generic, TypeVar

from models.learning.bounded_sample import BoundedSample
from models.predictions.targets import MAX_AGE_MS
from models.predictions.told_truth import Truth, told_truth
from schemas.outcomes import Outcome

Value = TypeVar("Value")
Told = tuple[str, int, Truth]
"""Session, time in milliseconds, and what suits: a number or a label."""

MAX_TOLD: Final = 200_000
"""Outcomes that are joined: boosting takes minutes for as many, and their windows about 200 MB."""


def told_by(
    outcomes: Iterable[Outcome], target: str, target_is_number: bool, seed: int = 1, most: int = MAX_TOLD
) -> tuple[list[Told], bool]:
    """Returns what outcomes tell of `target`, in order of time, each once, and whether that is a sample of `most`."""
    sample: BoundedSample[Told] = BoundedSample(most, seed)
    for outcome in outcomes:
        truth = told_truth(outcome, target, target_is_number)
        if truth is not None:
            told = outcome.session_id, outcome.occurred_at_ms, truth
            sample.add("\0".join(map(str, told)), told)
    return sorted(sample, key=_order), sample.is_cut


def _order(told: Told) -> tuple[int, str, str]:
    session, at_ms, truth = told
    return at_ms, session, str(truth)


class ToldWindows(Generic[Value]):
    """One window for each outcome at most, so that memory is bounded by the outcomes, however many windows there are.

    Of two values with one session and end, the greater by `rank` counts: the order of the windows does not matter.
    """

    def __init__(self, told: Iterable[Told], rank: Callable[[Value], str] = repr) -> None:
        self._told, self._rank = list(told), rank
        times: dict[str, set[int]] = {}
        for session, at_ms, _ in self._told:
            times.setdefault(session, set()).add(at_ms)
        self._times = {session: sorted(own) for session, own in times.items()}
        self._newest: dict[str, list[tuple[int, Value] | None]] = {
            session: [None] * len(own) for session, own in self._times.items()
        }
        """By session, the newest window between an outcome and the one before it."""

    @property
    def sessions(self) -> int:
        """Sessions with an outcome."""
        return len(self._times)

    def wants(self, session_id: str, window_end_ms: int) -> bool:
        """Whether the window may be the newest before an outcome."""
        own = self._times.get(session_id)
        if own is None:
            return False
        place = bisect_left(own, window_end_ms)
        return place < len(own) and own[place] - window_end_ms <= MAX_AGE_MS

    def add(self, session_id: str, window_end_ms: int, value: Value) -> None:
        """Takes in a window that `wants` has asked for."""
        place, newest = bisect_left(self._times[session_id], window_end_ms), self._newest[session_id]
        before = newest[place]
        if before is not None and before[0] == window_end_ms:
            value = max(before[1], value, key=self._rank)
        if before is None or before[0] <= window_end_ms:
            newest[place] = window_end_ms, value

    def pairs(self) -> Iterator[tuple[Told, int, Value]]:
        """Yields each outcome that has a window, with the window's end and value; outcomes in the order given."""
        found = {session: _carried(self._times[session], newest) for session, newest in self._newest.items()}
        for told in self._told:
            session, at_ms, _ = told
            window = found[session][bisect_left(self._times[session], at_ms)]
            if window is not None:
                yield told, *window


def _carried(times: list[int], newest: list[tuple[int, Value] | None]) -> list[tuple[int, Value] | None]:
    """By outcome: an outcome without a window after the one before it has that one's, while it is not too old."""
    found: list[tuple[int, Value] | None] = []
    last: tuple[int, Value] | None = None
    for at_ms, window in zip(times, newest, strict=True):
        last = window or last
        found.append(last if last is not None and at_ms - last[0] <= MAX_AGE_MS else None)
    return found
