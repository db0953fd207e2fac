"""Content items and those who leave them: traffic by slice, as the windows that the content lane is given."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from models.features import CONTENT_NAMES
from udfs.crossing_rows import MAX_LEAVERS, ContentWindow

SLICE_MS: Final = 10_000
SLICES: Final = 6
READERS_AN_EXIT: Final = 1.5
"""Readers at a time by exits a minute: a stay of a minute and a half."""

NAN: Final = float("nan")

Course = Callable[[int], float]
"""A number by slice."""


@dataclass(frozen=True)
class ItemWorld:
    """How many leave an item a minute, and which share of them within 10 s. `returning_every` is the number of slices after which
    one reader, beside all others, comes back and leaves at once again; 0 for nobody."""

    name: str
    exits_a_minute: Course
    rapid_share: Course
    slices: int = 365
    changed_at: int | None = None
    """Slice from which the item really loses readers."""
    returning_every: int = 0
    returning_from: int = 180


def item_windows(
    world: ItemWorld, random: np.random.Generator, content_id: str, begin_ms: int
) -> Iterator[ContentWindow]:
    """The windows of one item of that world, in order. Each exit is another reader's, but for the one who comes back."""
    exits: list[int] = []
    rapid: list[int] = []
    present: list[int] = []
    engaged: list[int] = []
    clicks: list[int] = []
    returned: list[bool] = []
    for slice_no in range(world.slices):
        rate = world.exits_a_minute(slice_no)
        exits.append(int(random.poisson(rate / SLICES)))
        rapid.append(int(random.binomial(exits[-1], world.rapid_share(slice_no))))
        readers = int(random.poisson(rate * READERS_AN_EXIT))
        engaged.append(5_000 * int(random.binomial(2 * readers, 0.6)))
        clicks.append(int(random.poisson(0.05 * readers)))
        every = world.returning_every
        returned.append(every > 0 and slice_no >= world.returning_from and slice_no % every == 0)
        present.append(max(readers, exits[-1]) + returned[-1])
        last = slice(max(0, slice_no - SLICES + 1), slice_no + 1)
        if not sum(present[last]):
            continue
        # In the minute the one who comes back counts once, in the slice where he left first.
        newly = returned[-1] and not any(returned[last][:-1])
        left, left_rapidly = sum(exits[last]) + any(returned[last]), sum(rapid[last]) + any(returned[last])
        values = {
            "readers": sum(present[last]) / SLICES,
            "engaged_ms": float(sum(engaged[last])),
            "depth": 0.5,
            "exits": float(left),
            "rapid_exits": float(left_rapidly),
            "rapid_exit_share": left_rapidly / left if left else NAN,
            "clicks": float(sum(clicks[last])),
        }
        yield ContentWindow(
            begin_ms + (slice_no + 1) * SLICE_MS,
            begin_ms + (last.start + next(n for n, number in enumerate(present[last]) if number)) * SLICE_MS,
            exits[-1] + newly,
            rapid[-1] + newly,
            sum(present[last]),
            _leavers(rapid[-1], newly, random),
            content_id,
            "news",
            [values[name] for name in CONTENT_NAMES],
        )


def _leavers(others: int, newly: bool, random: np.random.Generator) -> tuple[int, ...]:
    """Hashes of those who left at once, up to as many as a window tells; 0 is the reader who comes back."""
    if others + newly > MAX_LEAVERS:
        return ()
    return (*((0,) if newly else ()), *map(int, random.integers(1, 2**31, others)))


def constantly(number: float) -> Course:
    return lambda slice_no: number


def doubling(number: float) -> Course:
    """A lunch peak: twice as many, within five minutes from minute 30 on."""
    return lambda slice_no: number * (1.0 + min(max((slice_no - 180) / 30, 0.0), 1.0))


def growing(number: float) -> Course:
    """A new item, which takes five minutes to its traffic."""
    return lambda slice_no: number * min(1.0, slice_no / 30)


def _planted(exits_a_minute: float) -> ItemWorld:
    return ItemWorld(
        f"60 % rapid instead of 20 % from minute 30 on, {exits_a_minute:.0f} exits a minute",
        constantly(exits_a_minute),
        lambda slice_no: 0.6 if slice_no >= 180 else 0.2,
        changed_at=180,
        slices=240,
    )


ITEM_WORLDS: Final = (
    *(
        ItemWorld(f"constant {rate} exits a minute, {share:.0%} rapid", constantly(rate), constantly(share))
        for rate in (5, 10, 20, 60)
        for share in (0.2, 0.5)
    ),
    ItemWorld("new item: traffic grows over 5 min to 20 a minute, 20 % rapid", growing(20), constantly(0.2)),
    ItemWorld("new item: traffic grows over 5 min to 20 a minute, 30 % rapid", growing(20), constantly(0.3)),
    ItemWorld(
        "traffic doubles within an hour (10 to 20 a minute), 30 % rapid",
        lambda slice_no: 10.0 * (1.0 + slice_no / 360),
        constantly(0.3),
    ),
    ItemWorld("lunch peak: 10 exits a minute double in 5 min and stay, 20 % rapid", doubling(10), constantly(0.2)),
    ItemWorld("lunch peak: 20 exits a minute double in 5 min and stay, 30 % rapid", doubling(20), constantly(0.3)),
    *(
        ItemWorld(
            f"5 exits a minute, 20 % rapid; one reader leaves at once every {every * 10} s from minute 30 on",
            constantly(5),
            constantly(0.2),
            returning_every=every,
        )
        for every in (1, 2, 7)
    ),
    *(_planted(rate) for rate in (5, 10, 20, 60)),
)
