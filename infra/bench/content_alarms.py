"""Prints how often content items are shortened without cause, and how soon where they lose readers: ``python -m
infra.bench.content_alarms``.

The windows of simulated items (`infra/simulate/worlds/items.py`) go through the models and rules of the content lane. The
threshold of the shipped rule was chosen on seeds 1 to 3.
"""

import argparse
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from statistics import median
from typing import Final, NamedTuple

import numpy as np

from infra.simulate.worlds.items import ITEM_WORLDS, SLICE_MS, ItemWorld, item_windows
from jobs.adjust import load_rules
from models.judgement.content_readings import ContentReadings
from models.judgement.judged_content import JudgedContent
from models.rules.evaluation import Moment, RuleSet, Subject, evaluate_rules
from models.rules.signals import Signals
from models.state_records import DecisionState
from schemas.commands import Target
from schemas.rules import Rule

BEGIN_MS: Final = 1_760_000_400_000
SOON_MS: Final = 180_000
LATE_MS: Final = 600_000


class Alarms(NamedTuple):
    """What came of the items of one world. `without_cause` is by item and hour."""

    name: str
    without_cause: float
    shortened: float
    """Share of items with a command without cause."""
    soon: float | None
    """Share of the changed items that got a command within three minutes; None where none changed."""
    within_10_min: float | None
    median_s: float | None


def _item() -> Subject:
    return Subject(Target("content", "item"), None, None, "item")


def commands_at(world: ItemWorld, random: np.random.Generator, rules: RuleSet) -> list[int]:
    """When an item of that world gets a command, in ms after its beginning."""
    judged, state, found = JudgedContent(), DecisionState(), []
    for window in item_windows(world, random, "item", BEGIN_MS):
        judged.on_window(window)
        signals = Signals(window.values, ContentReadings(judged, window.values))
        changes, _ = evaluate_rules(
            rules.lane("content_window"),
            signals,
            _item,
            state,
            Moment(window.end_ms, ""),
            lambda name: None,
        )
        found += [window.end_ms - BEGIN_MS] * len([each for each in changes if each.command.action != "revert"])
    return found


def _alarms_of(number: int, items: int, seed: int) -> Alarms:
    """For a process of its own: a world does not travel, its number does."""
    return alarms(ITEM_WORLDS[number], items, seed, load_rules(""))


def alarms(world: ItemWorld, items: int, seed: int, rules: Sequence[Rule]) -> Alarms:
    """Runs `items` items of a world."""
    random, rule_set = np.random.default_rng(seed), RuleSet(rules)
    change_ms = None if world.changed_at is None else world.changed_at * SLICE_MS
    until_ms = world.slices * SLICE_MS if change_ms is None else change_ms
    wrong, hit, delays = 0, 0, []
    for _ in range(items):
        found = commands_at(world, random, rule_set)
        early = [at_ms for at_ms in found if at_ms <= until_ms]
        wrong, hit = wrong + len(early), hit + bool(early)
        delays += [at_ms - until_ms for at_ms in found if at_ms > until_ms][:1]
    hours = items * until_ms / 3_600_000
    if change_ms is None:
        return Alarms(world.name, wrong / hours, hit / items, None, None, None)
    return Alarms(
        world.name,
        wrong / hours,
        hit / items,
        sum(delay <= SOON_MS for delay in delays) / items,
        sum(delay <= LATE_MS for delay in delays) / items,
        median(delays) / 1000 if delays else None,
    )


def table(rows: Sequence[Alarms]) -> str:
    lines = [
        "| content items | commands without cause an item and hour | items hit | seen in 3 min | in 10 min | median |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        seen = " | | "
        if row.soon is not None and row.within_10_min is not None:
            seen = f"{row.soon:.0%} | {row.within_10_min:.0%} | " + (
                "" if row.median_s is None else f"{row.median_s:.0f} s"
            )
        lines.append(f"| {row.name} | {row.without_cause:.3f} | {row.shortened:.1%} | {seen} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=400, help="items of each world")
    parser.add_argument("--seed", type=int, default=201, help="first seed; each world has one of its own")
    options = parser.parse_args()
    numbers = range(len(ITEM_WORLDS))
    with ProcessPoolExecutor(2) as pool:
        seeds = [options.seed + number for number in numbers]
        print(table(list(pool.map(_alarms_of, numbers, [options.items] * len(seeds), seeds))))


if __name__ == "__main__":
    main()
