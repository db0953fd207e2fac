"""Readers who all do much the same, for the operator that makes the site's cards."""

from random import Random
from typing import Any, Final

import msgspec

from models.features import SESSION_NAMES
from models.judgement.messages import CardMessage
from tests.support.builders import at, session_window
from tests.support.flink_fakes import Running

READERS: Final = 60
_SLICES: Final = 6


def slice_of(reader: int, end_s: int) -> dict[str, float]:
    """What a reader does in the ten seconds that end then."""
    random = Random(1_000 * reader + end_s // 10)
    done = {
        "clicks": float(random.randrange(2)),
        "hover_ms": 100.0 * random.randrange(20),
        "engaged_ms": 100.0 * random.randrange(70, 100),
        "session_duration_ms": 9_000.0 + 100.0 * random.randrange(5),
        "scroll_distance": 0.05 * random.randrange(4),
        "scrolls": float(random.randrange(4)),
        "signs": 4.0,
        "recommended_clicks": float(random.randrange(10) == 0),
        "rapid_exits": float(random.randrange(20) == 0),
        "pointer_path_px": 50.0 * random.randrange(17),
        "pages": float(random.randrange(10) == 0),
    }
    if "likes" in SESSION_NAMES:
        # A feature that some tests add (`tests/support/other_features.py`): one a minute.
        done["likes"] = float(random.randrange(6) == 0)
    return done


def go_on(job: Running, since_s: int, until_s: int, refills: bool) -> list[CardMessage]:
    """What is emitted while the crowd goes on, every ten seconds.

    `refills`: the windows begin without the slices of before, as those of a job that was started with other features.
    """
    rows = []
    for end_s in range(since_s, until_s + 1, 10):
        begins_s = max(end_s - 60, since_s - 10 if refills else 0)
        ends = range(begins_s + 10, end_s + 1, 10)
        for reader in range(READERS):
            sums: dict[str, Any] = {}
            for each in ends:
                for name, value in slice_of(reader, each).items():
                    sums[name] = sums.get(name, 0.0) + value
            sums["scroll_depth"] = 0.01 * reader
            sums["active_slices"] = min(len(ends), _SLICES)
            rows += job.send("site", session_window(end_s, f"reader-{reader}", first_s=0, **sums))
        rows += job.advance(at(end_s))
    return [msgspec.json.decode(row[2], type=CardMessage) for row in rows]
