"""The worlds by name: those of the audit (S1 to S6) and others that no rule was set on."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from numpy.random import Generator

from infra.simulate.worlds import gaps
from infra.simulate.worlds.changes import ACTIONS
from infra.simulate.worlds.reader import CLICK, VIEW, TrackerHabits, WorldReader, regular_reader, tracker_reader


@dataclass(frozen=True)
class World:
    """`make` draws one reader of a given length in ms."""

    name: str
    text: str
    make: Callable[[Generator, float], WorldReader]
    changes: tuple[str, ...] = tuple(ACTIONS)
    """Changes that its readers' devices and sources can show."""


def _tracker(habits: TrackerHabits) -> Callable[[Generator, float], WorldReader]:
    return lambda generator, length_ms: tracker_reader(generator, habits, length_ms)


_BURSTY: Final = TrackerHabits()
_CALM: Final = TrackerHabits(pause_ms=3_000.0, spread=0.6)


def _mixed(generator: Generator, length_ms: float) -> WorldReader:
    calm, hides = generator.random() < 0.5, bool(generator.random() < 0.5)
    habits = TrackerHabits(hides, 3_000.0, 0.6) if calm else TrackerHabits(hides)
    return tracker_reader(generator, habits, length_ms)


def _clicks_only(generator: Generator, length_ms: float) -> WorldReader:
    reader = tracker_reader(generator, _BURSTY, length_ms)
    reader.events = {kind: reader.events[kind] for kind in (VIEW, CLICK)}
    return reader


WORLDS: Final = {
    world.name: world
    for world in (
        World("S1", "regular gaps, as the sample's simulator", lambda g, n: regular_reader(g, gaps.uniform_gaps, n)),
        World("S2", "exponential gaps", lambda g, n: regular_reader(g, gaps.exponential_gaps, n)),
        World("S3", "bursts with log-normal pauses", _tracker(_BURSTY)),
        World("S4", "bursts, and other tabs now and then", _tracker(TrackerHabits(hides=True))),
        World("S5", "calmer bursts", _tracker(_CALM)),
        World("S6", "calmer bursts, and other tabs", _tracker(TrackerHabits(True, 3_000.0, 0.6))),
        World(
            "weibull",
            "Weibull pauses, gamma time on a page, other tabs",
            _tracker(TrackerHabits(True, 5_000.0, pauses=gaps.weibull_pauses, dwell=lambda: gaps.gamma_dwell)),
        ),
        World(
            "alternating",
            "two paces that alternate every few minutes",
            _tracker(TrackerHabits(True, 5_000.0, 0.8, pace=gaps.alternating_pace)),
        ),
        World("mixed", "readers of S3, S4, S5 and S6 on one site", _mixed),
        World("clicks-only", "a source that sends page views and clicks alone", _clicks_only, ("bot",)),
        World(
            "drifting",
            "a pace that drifts within minutes",
            _tracker(
                TrackerHabits(
                    True,
                    5_000.0,
                    pauses=gaps.exponential_pauses,
                    dwell=lambda: gaps.gamma_dwell,
                    pace=gaps.drifting_pace,
                )
            ),
        ),
        World(
            "pareto",
            "Pareto pauses, geometric bursts, readers less loyal to one type",
            _tracker(
                TrackerHabits(
                    True,
                    pauses=gaps.pareto_pauses,
                    away_every_ms=200_000.0,
                    loyalty=0.55,
                    sizes=gaps.geometric_sizes,
                )
            ),
        ),
        World(
            "articles",
            "long articles and quick ways between them",
            _tracker(TrackerHabits(True, 5_000.0, 0.8, dwell=gaps.articles_and_ways)),
        ),
        World(
            "gamma",
            "gamma pauses, readers very unlike each other",
            _tracker(
                TrackerHabits(True, 5_000.0, pauses=gaps.gamma_pauses, dwell=lambda: gaps.gamma_dwell, tempo_spread=0.6)
            ),
        ),
        World(
            "phones",
            "readers without a pointer, other tabs",
            _tracker(TrackerHabits(True, phones=1.0)),
            tuple(change for change in ACTIONS if change != "confused"),
        ),
    )
}
