"""Judges the rules in worlds, through Kafka and Flink: `.venv/bin/python -m infra.bench.judgement --help`

Each recording is read by a job of its own with default options, so that each is a site by itself. Writes its tables to
results.json as they come, and prints them.
"""

import argparse
import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from infra.bench.site_run import commands_for
from infra.local import stack
from infra.local.home import Home
from infra.local.stack import Stack
from infra.simulate.ground_truth import Episode
from infra.simulate.judging import Judgement, Span, judge, session_spans
from infra.simulate.recording import records
from infra.simulate.worlds.catalogue import WORLDS
from infra.simulate.worlds.recording import EARLIER
from infra.simulate.worlds.trials import TRIALS, trial

RESULTS: Final = Path(__file__).resolve().parent / "results.json"
READERS: Final = 100
PLANTED: Final = ("planted", "early")
NEW_SITES: Final = ("S3", "S4", "mixed", "pareto", "phones")
"""Worlds whose new and small sites are judged as well."""


def measure(on: Stack, kind: str, world: str, seeds: list[int], readers: int) -> Judgement:
    """Judges a trial in a world, all seeds together."""
    episodes: list[Episode] = []
    commands: list[dict[str, Any]] = []
    spans: dict[str, Span] = {}
    for seed in seeds:
        # Seeds differ in the ids of their sessions, by which they are told apart.
        recording = trial(kind, world, seed, readers)
        with TemporaryDirectory() as folder:
            path = Path(folder) / "recording.jsonl"
            episodes += recording.write(path).episodes
            spans |= {name: span for name, span in session_spans(records(path)).items() if not name.startswith(EARLIER)}
            commands += commands_for(on, records(path))
    return judge(episodes, commands, spans)


def row(kind: str, found: Judgement) -> dict[str, Any]:
    """What results.json holds of a judgement."""
    result: dict[str, Any] = {
        "readers": found.readers,
        "reader_hours": round(found.reader_hours, 1),
        "without_cause_per_hour": _rounded(found.per_reader_hour),
        "early_per_reader": _rounded(found.early_per_reader),
        "per_hour_by_rule": {each.rule: _rounded(each.per_reader_hour) for each in found.rules},
    }
    if kind not in PLANTED:
        return result
    return result | {
        "precision": _rounded(found.precision),
        "recall": _rounded(found.recall),
        "median_delay_s": found.median_delay_s and round(found.median_delay_s),
        "changes": {
            each.change: {
                "planted": each.planted,
                "recall": _rounded(each.recall),
                "median_delay_s": each.median_delay_s and round(each.median_delay_s),
            }
            for each in found.changes
        },
    }


def as_line(kind: str, world: str, result: dict[str, Any]) -> str:
    """One line of the printed table."""
    line = (
        f"{kind:<8}{world:<12}{result['reader_hours']:>7} h  without cause {result['without_cause_per_hour']}/h,"
        f" first ten minutes {result['early_per_reader']} a reader"
    )
    if kind in PLANTED:
        changes = ", ".join(
            f"{name} {each['recall']} ({each['median_delay_s']} s)" for name, each in result["changes"].items()
        )
        line += (
            f"; recall {result['recall']}, median delay {result['median_delay_s']} s, precision {result['precision']};"
            f" {changes}"
        )
    return f"{line}; {result['per_hour_by_rule']}"


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _write(kind: str, world: str, result: dict[str, Any]) -> None:
    results: dict[str, Any] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    results.setdefault("judgement", {}).setdefault(kind, {})[world] = result
    RESULTS.write_text(json.dumps(results, indent=2) + "\n")


def _worlds(kind: str, given: str) -> list[str]:
    if given:
        return given.split(",")
    return list(NEW_SITES) if kind in ("new", "small") else list(WORLDS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", default=",".join(TRIALS), help="comma separated: " + ", ".join(TRIALS))
    parser.add_argument("--worlds", default="", help="comma separated; all by default, some for new and small sites")
    parser.add_argument("--seeds", default="501", help="comma separated; the rules were set on 1 to 10")
    parser.add_argument("--readers", type=int, default=READERS, help="of each recording but those of small sites")
    given = parser.parse_args()
    seeds = [int(seed) for seed in given.seeds.split(",")]
    on = stack.up(Home.from_env(), progress=lambda line: print(line, file=sys.stderr))
    found: dict[str, dict[str, Any]] = {}
    for kind in given.trials.split(","):
        for world in _worlds(kind, given.worlds):
            found.setdefault(kind, {})[world] = result = row(kind, measure(on, kind, world, seeds, given.readers))
            _write(kind, world, result)
            print(as_line(kind, world, result), file=sys.stderr, flush=True)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
