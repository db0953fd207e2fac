"""Recordings of readers of planted groups: each reads in the way of his group, more or less."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from heapq import merge
from random import Random
from typing import Final

import msgspec

from infra.simulate.behaviours import NEVER_S, Habits
from infra.simulate.reader import Plan, Reader
from schemas.events import Context, Event

SESSION_S: Final = 480.0


@dataclass(frozen=True, slots=True)
class Group:
    """`share` is that of the readers who belong to it."""

    name: str
    device: str
    share: float
    habits: Habits


GROUPS: Final = (
    Group(
        "skims on a phone",
        "mobile",
        0.3,
        Habits(
            page_s=14.0, scroll_gap_s=3.0, scroll_step=0.09, move_gap_s=NEVER_S, hover_gap_s=NEVER_S, click_gap_s=40.0,
            engaged_share=0.3,
        ),
    ),
    Group(
        "reads on a phone",
        "mobile",
        0.2,
        Habits(
            page_s=150.0, scroll_gap_s=8.0, scroll_step=0.1, move_gap_s=NEVER_S, hover_gap_s=NEVER_S, click_gap_s=120.0,
            engaged_share=0.95,
        ),
    ),
    Group(
        "reads at a desk",
        "desktop",
        0.2,
        Habits(
            page_s=150.0, scroll_gap_s=8.0, scroll_step=0.1, move_gap_s=15.0, move_px=150.0, hover_gap_s=30.0,
            click_gap_s=120.0, engaged_share=0.95,
        ),
    ),
    Group(
        "clicks at a desk",
        "desktop",
        0.2,
        Habits(
            page_s=20.0, scroll_gap_s=12.0, scroll_step=0.04, move_gap_s=10.0, hover_gap_s=15.0, click_gap_s=6.0,
            engaged_share=0.6,
        ),
    ),
    Group(
        "searches with the pointer",
        "desktop",
        0.1,
        Habits(
            page_s=90.0, scroll_gap_s=20.0, scroll_step=0.02, move_gap_s=3.0, move_px=900.0, hover_gap_s=5.0,
            hover_ms=2_100.0, click_gap_s=60.0, engaged_share=0.75,
        ),
    ),
)  # fmt: skip


def plans(seed: int, sessions: int, begin_s: float, every_s: float) -> list[tuple[Plan, Group]]:
    """Readers who come one after another, each with a tempo of his own."""
    random = Random(f"groups:{seed}")
    found = []
    for number in range(sessions):
        group = random.choices(GROUPS, [each.share for each in GROUPS])[0]
        usual, own = group.habits, [random.lognormvariate(0.0, 0.2) for _ in range(4)]
        habits = replace(
            usual,
            page_s=usual.page_s * own[0],
            scroll_gap_s=usual.scroll_gap_s * own[1],
            click_gap_s=usual.click_gap_s * own[2],
            engaged_share=min(usual.engaged_share * own[3], 1.0),
        )
        starts_s = begin_s + number * every_s
        found.append((Plan(f"g{seed}-{number}", starts_s, starts_s + SESSION_S, habits=habits), group))
    return found


def recorded(drawn: list[tuple[Plan, Group]], begin_ms: int, seed: int) -> Iterator[bytes]:
    """The events of all readers as records, in order of event time."""
    streams = (_events(plan, group, begin_ms, seed) for plan, group in drawn)
    for event in merge(*streams, key=lambda each: (each.occurred_at_ms, each.event_id)):
        yield msgspec.json.encode(event)


def _events(plan: Plan, group: Group, begin_ms: int, seed: int) -> Iterator[Event]:
    for event in Reader(plan, begin_ms, seed).events():
        if event.context is not None:
            context = msgspec.structs.replace(event.context or Context(), device=group.device)
            event = msgspec.structs.replace(event, context=context)
        yield event
