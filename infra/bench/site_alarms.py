"""Prints how often the site as a whole is told of without cause, and how soon where something happens: ``python -m
infra.bench.site_alarms``.

Simulated sites with a daily rhythm, a pace that wanders within the hour, and as many readers at a time as given, go minute by
minute through the class that the job runs. At a random minute of the last day something happens that lasts for an hour. The score
from which there is an alert was chosen on seeds 1 to 3; the default ones judge.
"""

import argparse
from collections.abc import Sequence
from statistics import median
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.judgement.site_stream import MINUTE_MS, SiteStream

BEGIN_MS: Final = 1_760_054_400_000
DAY: Final = 1440
LASTS: Final = 60
READERS: Final = (20, 200, 2_000)
CHANGES: Final = {"silent": 0.0, "a third": 1 / 3, "half": 0.5, "double": 2.0, "fourfold": 4.0}
"""What is left of the readers while something happens."""

Minutes = NDArray[np.float64]


def site(random: np.random.Generator, readers: float, days: int) -> Minutes:
    """Engaged time of each minute in ms: readers come by chance, more by day than by night, and in waves of half an hour."""
    minutes = np.arange(days * DAY)
    rhythm = np.exp(0.9 * np.sin(2.0 * np.pi * (minutes - random.integers(DAY)) / DAY))
    wave = np.zeros(len(minutes))
    for minute, push in enumerate(random.normal(0.0, 0.1, len(minutes))):
        wave[minute] = push if minute == 0 else 0.977 * wave[minute - 1] + 0.21 * push
    there = random.poisson(readers * rhythm * np.exp(wave))
    return np.asarray(random.gamma(2.0 * np.maximum(there, 1e-9), 17_500.0), dtype=np.float64)


def alerts(minutes: Minutes) -> list[int]:
    """The minutes of which the site is told of, counted from the first."""
    stream, found = SiteStream(), []
    for minute, engaged_ms in enumerate(minutes.tolist()):
        if stream.on_minute(BEGIN_MS + (minute + 1) * MINUTE_MS, round(engaged_ms)).alert is not None:
            found.append(minute)
    return found


def calm(readers: float, days: int, seeds: Sequence[int]) -> float:
    """Alerts a day without any cause."""
    found = sum(len(alerts(site(np.random.default_rng([seed, int(readers)]), readers, days))) for seed in seeds)
    return found / (days * len(seeds))


def changed(readers: float, days: int, factor: float, seeds: Sequence[int]) -> list[int | None]:
    """For each seed after how many minutes a change is told; None where it is not."""
    delays: list[int | None] = []
    for seed in seeds:
        random = np.random.default_rng([seed, int(readers), 7])
        minutes = site(random, readers, days)
        begin = (days - 1) * DAY + int(random.integers(DAY - LASTS))
        minutes[begin : begin + LASTS] *= factor
        told = [minute - begin for minute in alerts(minutes) if begin <= minute < begin + LASTS]
        delays.append(told[0] + 1 if told else None)
    return delays


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=5, help="days of each site")
    parser.add_argument("--seeds", default="701,702,703,704,705,706", help="comma separated")
    options = parser.parse_args()
    seeds = [int(seed) for seed in options.seeds.split(",")]
    for readers in READERS:
        print(f"{readers} readers at a time: {calm(readers, options.days, seeds):.2f} alerts a day without cause")
        for name, factor in CHANGES.items():
            delays = changed(readers, options.days, factor, seeds)
            told = [each for each in delays if each is not None]
            after = f", after {median(told):.0f} min" if told else ""
            print(f"  {name}: told in {len(told)} of {len(delays)}{after}")


if __name__ == "__main__":
    main()
