"""The windows of `tests/support/world_windows.py`, which need no events, beside the reference over the recorded events."""

from collections import defaultdict
from typing import Final

import msgspec
import numpy as np
import pytest

from infra.simulate.reference_windows import Slice, session_minute, slices_of, windows
from infra.simulate.worlds.recording import BEGIN_MS, WorldRecording, records
from models.features import SESSION_NAMES
from models.judgement.layout import HABIT_NAMES
from schemas.events import Event
from tests.support.world_windows import Arrival, site_windows
from udfs.crossing_rows import SessionWindow

ALWAYS: Final = 2**62
DISTANCE: Final = ("scroll_distance", "scroll_speed")
"""Told apart by content in the job, by page here: a reader who opens the same content twice in ten seconds makes them differ."""

MAX_APART: Final = 0.15
"""How many may differ for each window; one such slice is in six windows."""


@pytest.mark.parametrize("world", ["S1", "S4", "phones", "clicks-only"])
def test_windows_without_events_are_those_of_the_events(world: str) -> None:
    recording = WorldRecording(world, readers=3, minutes=12.0, seed=5, arrive_minutes=1.0)
    cohort = list(recording.cohort())
    events = [
        msgspec.json.decode(line, type=Event)
        for number, (session_id, offset_ms, reader, _) in enumerate(cohort)
        for _, line in records(session_id, offset_ms, reader, np.random.default_rng([5, number, 7]))
    ]
    expected = {}
    for end_ms, cells in windows(slices_of(events), ALWAYS):
        own: dict[str, list[tuple[str | None, Slice]]] = defaultdict(list)
        for session_id, content_id, cell in cells:
            own[session_id].append((content_id, cell))
        for session_id, each in own.items():
            expected[session_id, end_ms] = session_minute(each, end_ms)
    arrivals = [Arrival(name, BEGIN_MS + round(offset_ms), reader) for name, offset_ms, reader, _ in cohort]
    found = {
        (session_id, end_ms): SessionWindow.from_crossing(row[1], row[2])
        for end_ms, rows in site_windows(arrivals)
        for session_id, row, _ in rows
    }
    assert found.keys() == expected.keys()
    apart = 0
    for key, window in found.items():
        wanted = expected[key]
        for name in ("first_ms", "newest_first_ms", "acted_first_ms", "interacted_ms", "last_ms", "hidden_ms"):
            assert getattr(window, name) == getattr(wanted, name), (key, name)
        assert window.active_slices == wanted.active_slices
        assert window.main_type == wanted.main_type or world == "S1"
        for place, name in enumerate(HABIT_NAMES):
            assert name in DISTANCE or window.wholes[place] == wanted.wholes[name], (key, name)
        for place, name in enumerate(SESSION_NAMES):
            close = window.values[place] == pytest.approx(wanted.values[name], rel=0.02, abs=1e-3, nan_ok=True)
            assert close or name in DISTANCE, (key, name)
            apart += not close
    assert apart <= MAX_APART * len(found)


def test_the_sums_of_the_site_are_those_of_its_sessions() -> None:
    recording = WorldRecording("S3", readers=4, minutes=10.0, seed=5, arrive_minutes=1.0)
    arrivals = [Arrival(name, BEGIN_MS + round(offset_ms), reader) for name, offset_ms, reader, _ in recording.cohort()]
    for _, rows in site_windows(arrivals):
        read = [SessionWindow.from_crossing(row[1], row[2]) for _, row, _ in rows]
        sums = [sum(window.wholes[place] for window in read) for place in range(len(HABIT_NAMES))]
        for window in read:
            assert list(window.site_totals) == sums
            assert window.site_active_ms == sum(each.active_slices for each in read) * 10_000
        for _, _, unknown in rows:
            assert SessionWindow.from_crossing(unknown[1], unknown[2]).site_active_ms == 0.0
