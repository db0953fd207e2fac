"""Measures whom the forest calls anomalous, of ordinary readers and bots: `.venv/bin/python -m infra.bench.forest_alarms`

For each world and seed a forest is refitted to 512 windows of ordinary readers, some of them replaced by a bot's, and scores
windows of other readers and of other bots; so does the forest that ships with the job. Shares are of whole windows, since the
forest says nothing of others. The seeds are none that anything was set on, and of the worlds only S2 to S6 and mixed trained the
shipped forest.

A crawler opens pages, jumps to their end, leaves and clicks, all the time. A clicker is the bot of `infra/simulate/worlds`: an
ordinary reader with a click a second laid over. Other rules find it; one odd column of ten is not much to a forest.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.random import Generator

from infra.simulate.train import sampled_windows
from infra.simulate.worlds.catalogue import WORLDS
from infra.simulate.worlds.changes import LASTS_MS, plant
from infra.simulate.worlds.windows import WINDOW_SLICES, minute_windows
from models.features import FOREST_FEATURES, SESSION_NAMES
from models.isolation_forest.fit import MIN_ROWS, fit_trees
from models.isolation_forest.registry import MIN_ACTIVE_SLICES, to_feature_row
from models.isolation_forest.scorer import Floats, ForestScorer
from models.model_store import load_forest
from models.reservoir import CAPACITY

SEEDS: Final = (501, 502, 503)
BOTS: Final = 8
LENGTH_MS: Final = 720_000.0
ONSET_MS: Final = 180_000.0
CRAWLER: Final = {
    "clicks": 66.0,
    "click_rate": 66.0,
    "scroll_depth": 1.0,
    "scroll_speed": 60.0,
    "scrolls": 8.0,
    "signs": 8.0,
    "scroll_distance": 8.0,
    "session_duration_ms": 58_000.0,
    "pages": 8.0,
    "rapid_exits": 8.0,
    "idle_ms": 400.0,
}
"""A minute of it; what is not named is 0. No two minutes are alike: each number varies by a tenth."""


@dataclass(frozen=True)
class Readers:
    """Rows of one world: those a refit may sample, and others to score."""

    sample: Floats
    ordinary: Floats
    clickers: Floats
    whole: float
    """Share of the windows that the forest scores at all."""


@dataclass(frozen=True)
class Shares:
    """Share of windows that score at least the threshold, by who they are of; NaN where there are none."""

    threshold: float
    ordinary: float
    crawlers: float
    clickers: float


def crawlers(count: int, generator: Generator) -> Floats:
    minute = np.array([CRAWLER.get(name, 0.0) for name in SESSION_NAMES])
    minutes = minute * generator.uniform(0.9, 1.1, (count, len(minute)))
    return _rows([each.tolist() for each in minutes])


def draw(world: str, seed: int, sampled: int = CAPACITY // 2, scored: int = 100) -> Readers:
    """Draws the readers of a world; their numbers are those of the sample and of the ordinary ones that are scored."""
    generator = np.random.default_rng([seed, 1, sum(map(ord, world))])
    ordinary: list[Sequence[float]] = []
    every = 0
    for _ in range(scored):
        windows = minute_windows(WORLDS[world].make(generator, LENGTH_MS))
        own = windows[int(generator.integers(WINDOW_SLICES)) :: WINDOW_SLICES]
        ordinary += [each.values for each in own if each.active_slices >= MIN_ACTIVE_SLICES]
        every += len(own)
    clickers: list[Sequence[float]] = []
    for _ in range(max(scored // 5, 1)):
        reader = WORLDS[world].make(generator, LENGTH_MS)
        plant(reader, "bot", ONSET_MS, generator)
        clickers += [
            each.values
            for each in minute_windows(reader)
            if ONSET_MS + 60_000.0 <= each.end_ms <= ONSET_MS + LASTS_MS and each.active_slices >= MIN_ACTIVE_SLICES
        ]
    return Readers(
        sampled_windows(world, sampled, seed, LENGTH_MS),
        _rows(ordinary),
        _rows(clickers),
        len(ordinary) / every,
    )


def refitted(readers: Readers, bots: int, seed: int) -> Shares | None:
    """What a forest gives that `bots` crawlers are in the sample of; None where there are too few whole windows for one."""
    generator = np.random.default_rng([seed, 2])
    if len(readers.sample) < MIN_ROWS:
        return None
    chosen = generator.permutation(len(readers.sample))[: len(readers.sample) - bots]
    trees, threshold = fit_trees(np.concatenate([readers.sample[chosen], crawlers(bots, generator)]), seed)
    asked = (readers.ordinary, crawlers(200, generator), readers.clickers)
    return Shares(threshold, *(float((trees.scores(rows) >= threshold).mean()) for rows in asked))


def shipped(readers: Readers, seed: int) -> Shares:
    """What the forest gives that ships with the job."""
    stored = load_forest()
    scorer = ForestScorer(stored.artefact)

    def share(rows: Floats) -> float:
        scores = [scorer.score(rows[place : place + 1]) for place in range(len(rows))]
        return float(np.mean([score >= stored.threshold for score in scores])) if scores else float("nan")

    bots = crawlers(200, np.random.default_rng([seed, 3]))
    return Shares(stored.threshold, share(readers.ordinary), share(bots), share(readers.clickers))


def table(names: tuple[str, ...], drawn: dict[str, list[Readers]], seeds: tuple[int, ...]) -> None:
    print(
        f"Refitted with {BOTS} crawlers in the sample, and as shipped; {len(seeds)} seeds a world, percent of whole windows"
    )
    print(
        "| world | whole | scored | threshold | ordinary | most of a seed | crawlers | clickers | shipped: ordinary | crawlers |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    for name in names:
        of = drawn[name]
        ours = [each for readers, seed in zip(of, seeds, strict=True) if (each := refitted(readers, BOTS, seed))]
        stock = [shipped(readers, seed) for readers, seed in zip(of, seeds, strict=True)]
        cells = [f"{_percent([each.whole for each in of], 0)}", str(sum(len(each.ordinary) for each in of))]
        if ours:
            cells += [
                f"{min(each.threshold for each in ours):.2f} to {max(each.threshold for each in ours):.2f}",
                _percent([each.ordinary for each in ours], 2),
                f"{100 * max(each.ordinary for each in ours):.2f}",
                _percent([each.crawlers for each in ours], 0),
                _percent([each.clickers for each in ours], 0),
            ]
        else:
            cells += ["none", *["-"] * 4]
        print(
            f"| {name} | {' | '.join(cells)} | {_percent([each.ordinary for each in stock], 2)} | "
            f"{_percent([each.crawlers for each in stock], 0)} |",
            flush=True,
        )


def contamination(names: tuple[str, ...], drawn: dict[str, list[Readers]], seeds: tuple[int, ...]) -> None:
    print("\nCrawlers in the sample of 512; over all worlds, percent of whole windows")
    print("| in the sample | threshold | ordinary | worst world | crawlers | worst world |\n|---|---|---|---|---|---|")
    for bots in (0, 1, 2, 4, 8, 16, 32, 51):
        by_world = [
            [each for readers, seed in zip(drawn[name], seeds, strict=True) if (each := refitted(readers, bots, seed))]
            for name in names
        ]
        found = [
            (
                np.mean([each.threshold for each in of]),
                100 * np.mean([each.ordinary for each in of]),
                100 * np.mean([each.crawlers for each in of]),
            )
            for of in by_world
            if of
        ]
        thresholds, ordinary, caught = (np.array(column) for column in zip(*found, strict=True))
        print(
            f"| {bots} | {thresholds.min():.2f} to {thresholds.max():.2f} | {ordinary.mean():.2f} | {ordinary.max():.2f} | "
            f"{caught.mean():.0f} | {caught.min():.0f} |",
            flush=True,
        )


def _rows(values: Sequence[Sequence[float]]) -> Floats:
    """Rows of the forest's columns; perhaps none."""
    return np.array([to_feature_row(each)[0] for each in values], dtype=np.float32).reshape(-1, len(FOREST_FEATURES))


def _percent(shares: list[float], digits: int) -> str:
    known = [share for share in shares if share == share]
    return f"{100 * np.mean(known):.{digits}f}" if known else "-"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", nargs="*", default=list(WORLDS), choices=list(WORLDS))
    parser.add_argument("--seeds", nargs="*", type=int, default=list(SEEDS))
    given = parser.parse_args()
    names, seeds = tuple(given.worlds), tuple(given.seeds)
    drawn = {name: [draw(name, seed) for seed in seeds] for name in names}
    table(names, drawn, seeds)
    contamination(names, drawn, seeds)


if __name__ == "__main__":
    main()
