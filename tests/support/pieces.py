"""A recording that is replayed in pieces, so that something can be done to the job between them."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from threading import Event

from infra.simulate.recording import header


class PiecewiseReplay:
    """Replays a recording up to a cut, and on when told to: ticks go on as in a replay of the whole."""

    def __init__(self, recording: Sequence[bytes], cuts: Sequence[int]) -> None:
        bounds = [0, *cuts, len(recording)]
        self._pieces = [recording[begin:end] for begin, end in pairwise(bounds)]
        self._may_go_on = [Event() for _ in self._pieces]
        self._has_read = [Event() for _ in self._pieces]

    def __iter__(self) -> Iterator[bytes]:
        for piece, may_go_on, has_read in zip(self._pieces, self._may_go_on, self._has_read, strict=True):
            may_go_on.wait()
            yield from piece
            has_read.set()

    def play(self, piece: int) -> None:
        """Returns once the piece has been handed to the producer."""
        self._may_go_on[piece].set()
        assert self._has_read[piece].wait(60)


def place_at(recording: Sequence[bytes], at_s: float) -> int:
    """The first record that was received so long after the first one."""
    times = [(place, read.received_at_ms) for place, each in enumerate(recording) if (read := header(each)) is not None]
    return next(place for place, at_ms in times if at_ms >= times[0][1] + at_s * 1000)
