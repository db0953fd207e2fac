"""Counts the commands for real recordings, through Kafka and Flink: `.venv/bin/python -m infra.bench.real_recordings --help`

Nothing is known of what their readers wanted: the rates say how often rules act on real behaviour, not how often they are right.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from infra.bench import rate_chart
from infra.bench.site_run import commands_for
from infra.local import stack
from infra.local.home import Home
from infra.local.stack import Stack
from infra.simulate.converters import CONVERTERS, FOLDERS
from infra.simulate.converters.shared import shared_data
from infra.simulate.judging import judge, session_spans

RESULTS: Final = Path(__file__).resolve().parent / "results.json"


def measure(on: Stack, name: str) -> dict[str, Any]:
    """Commands per session-hour by rule. Content and sessions alike count; hours are those of sessions."""
    spans = session_spans(_recording(name))
    events = sum(1 for _ in _recording(name))
    found = judge([], commands_for(on, _recording(name)), spans)
    hours = found.reader_hours
    return {
        "events": events,
        "sessions": len(spans),
        "session_hours": round(hours, 1),
        "commands": sum(each.commands for each in found.rules),
        "per_session_hour": {each.rule: round(each.commands / hours, 4) for each in found.rules},
    }


def _recording(name: str) -> Iterator[bytes]:
    encode = msgspec.json.Encoder().encode
    return (encode(event) for event in CONVERTERS[name](shared_data() / FOLDERS[name]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", default=",".join(CONVERTERS), help="comma separated")
    given = parser.parse_args()
    on = stack.up(Home.from_env(), progress=lambda line: print(line, file=sys.stderr))
    results: dict[str, Any] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    found: dict[str, Any] = results.setdefault("real_recordings", {})
    for name in given.sets.split(","):
        if not (shared_data() / FOLDERS[name]).exists():
            print(f"{name}: no {shared_data() / FOLDERS[name]}, left out", file=sys.stderr)
            continue
        found[name] = measure(on, name)
        print(f"{name}: {found[name]}", file=sys.stderr, flush=True)
        RESULTS.write_text(json.dumps(results, indent=2) + "\n")
    rate_chart.main()
    print(json.dumps(found))


if __name__ == "__main__":
    main()
