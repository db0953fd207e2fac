"""Prints how often the shipped rules command by the matrix of actions: ``python -m infra.bench.action_frequency``.

Each recording goes through the job's operators in this process, as `microadjust rules backtest` runs them: with every rule left
to the matrix (``matrix``, `schemas/action_frequency.py`), with a rest of two minutes and no limit for a session (``all-120``),
and with the matrix, but a minute for cheap actions (``cheap-60``). The matrix was chosen on seed 711; judge it on others.
"""

import argparse
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import msgspec

from infra.backtest.trial import backtest, of_recording
from infra.rules.shipped import shipped_rules
from infra.simulate.judging import Judgement, judge, session_spans
from infra.simulate.recording import records
from infra.simulate.worlds.catalogue import WORLDS
from infra.simulate.worlds.recording import EARLIER, WorldRecording
from infra.simulate.worlds.trials import trial
from models.rules.rule_facts import RuleFacts
from schemas.actions import ACTIONS
from schemas.rules import Rule

EARLIER_READERS: Final = 15
"""Enough to make the site known, and few enough for a minute a recording."""

ONE_REST_S: Final = 120
"""The rest of all rules before there was a matrix."""

CHEAP_BELOW: Final = 6
"""Impact and complexity together of the middle of the matrix."""


def by_matrix(rule: Rule) -> Rule:
    """The rule, which leaves its frequency to the matrix."""
    return msgspec.structs.replace(rule, cooldown_s=None, max_per_session=None, rest_factor=1.0)


def by_one_rest(rule: Rule) -> Rule:
    """The rule with the rest of all."""
    return msgspec.structs.replace(by_matrix(rule), cooldown_s=ONE_REST_S)


def by_short_rest(rule: Rule) -> Rule:
    """The rule by the matrix; where its action is cheap, it rests half as long."""
    action = ACTIONS[rule.then.action]
    left = by_matrix(rule)
    if action.impact + action.complexity >= CHEAP_BELOW:
        return left
    most = RuleFacts(left).max_per_session
    return msgspec.structs.replace(left, cooldown_s=action.frequency.cooldown_s // 2, max_per_session=most)


VARIANTS: Final[dict[str, Callable[[Rule], Rule]]] = {
    "matrix": by_matrix,
    "all-120": by_one_rest,
    "cheap-60": by_short_rest,
}


def judged(path: Path, rules: Iterable[Rule]) -> tuple[Judgement, int]:
    """What rules lead to on a recording with its truth beside it, and the number of all commands to its readers: reverts,
    renewals, schedules and answers to events included."""
    given = of_recording(path)
    _, decided = backtest(given, list(rules), [])
    spans = {name: span for name, span in session_spans(records(path)).items() if not name.startswith(EARLIER)}
    commands: list[dict[str, Any]] = [msgspec.json.decode(value) for _, value in decided.commands]
    own = [each for each in commands if each["target"]["id"] in spans]
    return judge(given.episodes or [], own, spans), len(own)


def compared(recording: WorldRecording, kind: str, variants: Iterable[str]) -> list[str]:
    """One line for each variant."""
    lines, world = [], recording.world
    with TemporaryDirectory() as folder:
        path = Path(folder) / "recording.jsonl"
        recording.write(path)
        for name in variants:
            found, commands = judged(path, map(VARIANTS[name], shipped_rules()))
            lines.append(as_line(kind, world, name, found, commands))
    return lines


def as_line(kind: str, world: str, variant: str, found: Judgement, commands: int) -> str:
    """One line of the table."""
    line = (
        f"{kind:<9}{world:<10}{variant:<9}{commands:>6} commands in {found.reader_hours:.1f} reader-hours,"
        f" {_text(found.per_reader_hour)} an hour without cause"
    )
    return line + (f", recall {_text(found.recall)}, precision {_text(found.precision)}" if found.planted else "")


def _text(share: float | None) -> str:
    return "unknown" if share is None else f"{share:.3f}"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--null", default="S4,weibull,pareto", help="worlds in which nothing happens, commas between")
    parser.add_argument("--planted", default="S4", help="worlds with one change a reader, likewise; empty for none")
    parser.add_argument("--readers", type=int, default=35)
    parser.add_argument(
        "--earlier", type=int, default=EARLIER_READERS, help="readers that come before and are not counted"
    )
    parser.add_argument("--seed", type=int, default=712)
    parser.add_argument("--variants", default="matrix,all-120", help="of " + ", ".join(VARIANTS))
    given = parser.parse_args(arguments)
    variants = given.variants.split(",")
    if unknown := [name for name in variants if name not in VARIANTS]:
        parser.error(f"--variants: {unknown[0]} is not known; there are {', '.join(VARIANTS)}")
    if given.readers < 1:
        parser.error(f"--readers {given.readers}: give at least 1")
    asked = [(kind, world) for kind in ("null", "planted") for world in getattr(given, kind).split(",") if world]
    for kind, world in asked:
        if world not in WORLDS:
            parser.error(f"--{kind}: {world} is not known; there are {', '.join(WORLDS)}")
    for kind, world in asked:
        recording = trial(kind, world, given.seed, given.readers, given.earlier)
        for line in compared(recording, kind, variants):
            print(line, flush=True)


if __name__ == "__main__":
    main()
