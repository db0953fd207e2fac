"""Trials: recordings of worlds by which rules are judged."""

from typing import Final

from infra.simulate.worlds.catalogue import WORLDS
from infra.simulate.worlds.recording import MIN_ONSET_MS, WorldRecording

NULL_MIN: Final = 60.0
PLANTED_MIN: Final = 40.0
EARLY_ONSET_MS: Final = 240_000.0
EARLIER_READERS: Final = 60
SMALL_READERS: Final = 20
NEW_ARRIVE_MIN: Final = 2.0

TRIALS: Final = {
    "null": "nothing happens, on a site that is known",
    "new": "nothing happens, on a new site whose readers come at once",
    "small": "nothing happens, on a new site of 20 readers",
    "planted": "one change a reader, after ten minutes or later",
    "early": "one change a reader, at minute four",
}


def trial(kind: str, world: str, seed: int, readers: int, earlier: int = EARLIER_READERS) -> WorldRecording:
    """The recording of a trial. `earlier` readers make the site known where it is no new one."""
    if kind == "null":
        return WorldRecording(world, readers, NULL_MIN, seed, arrive_minutes=NULL_MIN, earlier=earlier)
    if kind in ("new", "small"):
        return WorldRecording(
            world, SMALL_READERS if kind == "small" else readers, NULL_MIN, seed, arrive_minutes=NEW_ARRIVE_MIN
        )
    early = kind == "early"
    return WorldRecording(
        world,
        readers,
        PLANTED_MIN,
        seed,
        WORLDS[world].changes,
        arrive_minutes=PLANTED_MIN,
        earliest_ms=EARLY_ONSET_MS if early else MIN_ONSET_MS,
        latest_ms=EARLY_ONSET_MS + 1_000.0 if early else None,
        earlier=earlier,
    )
