"""Session windows that are the sums of slices of ten seconds, as the job's SQL makes them."""

from collections.abc import Iterator, Sequence
from typing import Any

from models.judgement.layout import HABIT_NAMES
from tests.support.builders import ANNA, SCALES, CrossingRow, session_window

Slice = dict[str, float]
"""Whole numbers by habit."""

QUIET: Slice = dict.fromkeys(HABIT_NAMES, 0.0)
SLICES = 6


def reading(number: int) -> Slice:
    """Ten seconds of somebody who reads on, with a little scatter and a page in three quarters of a minute."""
    wave = (number * 7) % 5
    return QUIET | {
        "engaged_ms": 10_000.0 if number % 7 else 5_000.0,
        "signs": 3.0 + wave % 3,
        "scrolls": 2.0 + wave % 2,
        "scroll_distance": 600.0 + 100 * wave,
        "pointer_path_px": 400.0 + 60 * wave,
        "hover_ms": 200.0 + 50 * wave,
        "session_duration_ms": 8_000.0 + 200 * wave,
        "pages": float(number % 5 == 0),
        "clicks": float(number % 8 == 0),
        "recommended_clicks": float(number % 16 == 0),
    }


def windows(slices: Sequence[Slice | None], session: str = ANNA, **given: Any) -> Iterator[CrossingRow]:
    """One row for each window that holds any slice; None is a slice without events. The first slice begins at 0 s."""
    for number in range(len(slices)):
        begin = max(0, number - SLICES + 1)
        known = [(at, each) for at, each in enumerate(slices[begin : number + 1], begin) if each is not None]
        if not known:
            continue
        last, _ = known[-1]
        sums = {name: sum(each[name] for _, each in known) for name in HABIT_NAMES}
        values: dict[str, Any] = {name: whole / SCALES[name] for name, whole in sums.items()}
        yield session_window(
            10 * (number + 1),
            session,
            first_s=10 * known[0][0],
            last_s=10 * last + 9,
            interacted_s=10 * last + 8,
            active_slices=len(known),
            **values,
            click_rate=sums["clicks"],
            recommended_click_rate=sums["recommended_clicks"],
            **given,
        )
