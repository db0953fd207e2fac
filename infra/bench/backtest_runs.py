"""Compares back-tests with the job on Kafka and Flink, byte by byte: `.venv/bin/python -m infra.bench.backtest_runs --help`

Each recording is read by a job of its own with default options, and run in this process as `microadjust rules backtest` does.
"""

import argparse
import json
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from infra.backtest.trial import backtest, of_recording
from infra.bench.site_run import outputs_for
from infra.local import stack
from infra.local.home import Home
from infra.local.stack import Stack
from infra.rules.shipped import shipped_rules
from infra.simulate.recording import header, records
from infra.simulate.worlds.catalogue import WORLDS
from infra.simulate.worlds.trials import trial

TRAIL_MS: Final = 600_000
"""A job over a topic that ends lets event time run to the end of time; nothing happens so long after the last event."""


def compare(on: Stack, path: Path) -> dict[str, Any]:
    """Runs one recording both ways; the counts of records, and whether they are the same bytes."""
    began_s = time.monotonic()
    live = outputs_for(on, records(path), "adjustments", "proposals")
    live_s = time.monotonic() - began_s
    given = of_recording(path)
    given.until_ms = max(event.received_at_ms for each in records(path) if (event := header(each))) + TRAIL_MS
    began_s = time.monotonic()
    _, decided = backtest(given, shipped_rules(), [])
    return {
        "commands": len(live["adjustments"]),
        "proposals": len(live["proposals"]),
        "same_commands": sorted(live["adjustments"]) == sorted(value for _, value in decided.commands),
        "same_proposals": sorted(live["proposals"]) == sorted(value for _, value in decided.proposals),
        "live_s": round(live_s, 1),
        "backtest_s": round(time.monotonic() - began_s, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recordings", type=int, default=10)
    parser.add_argument("--readers", type=int, default=10)
    given = parser.parse_args()
    on = stack.up(Home.from_env(), progress=lambda line: print(line, file=sys.stderr))
    found = []
    # In S1 and S2 nobody has a pointer, which a planted change needs.
    worlds = [world for world in WORLDS if world not in ("S1", "S2")]
    for number in range(given.recordings):
        world = worlds[number % len(worlds)]
        with TemporaryDirectory() as folder:
            path = Path(folder) / "recording.jsonl"
            trial("planted", world, 900 + number, given.readers, 0).write(path)
            row = {"world": world, **compare(on, path)}
        found.append(row)
        print(json.dumps(row), file=sys.stderr, flush=True)
    same = sum(row["same_commands"] and row["same_proposals"] for row in found)
    print(json.dumps({"recordings": len(found), "byte_identical": same, "proposals": sum(r["proposals"] for r in found),
                      "commands": sum(r["commands"] for r in found)}))  # fmt: skip


if __name__ == "__main__":
    main()
