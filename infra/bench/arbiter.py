"""Prints what becomes of the proposals of a simulated day: ``python -m infra.bench.arbiter``.

Readers come for a few bursty sessions. The shipped rules and as many contradicting ones propose without restraint, clicks
within 50 ms around the ends of windows among them. Each reader's proposals go through the job's arbiter; the commands are read
as a CMS reads them. ``--svg FILE`` draws how many changes a session had.
"""

import argparse
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from html import escape
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from infra.simulate.arbitration import DEFAULT_BUDGETS, decide_all
from infra.simulate.commands_in_force import changes_made, conflicts, most_within_a_minute
from jobs.adjust import load_rules
from models.arbitration.proposed_change import ProposalLane, ProposedChange
from models.rules.rule_facts import RuleFacts
from schemas.actions import ActionName
from schemas.commands import AdjustmentCommand, Source, SourceKind, Target, command_id

DAY_BEGINS_MS: Final = 1_760_000_400_000
DAY_MS: Final = 86_400_000
SLICE_MS: Final = 10_000
TRAIL_MS: Final = 86_400_000

CONTRADICTING: Final[tuple[tuple[str, ActionName, int], ...]] = (
    ("longer", "expand", 50),
    ("pictures", "visualise", 45),
    ("friendlier", "set_tone", 35),
    ("fresh", "refresh_recommendations", 55),
    ("denser", "simplify_layout", 20),
    ("heavier", "lighten_media", 15),
    ("asks", "prompt", 50),
)
"""Rules of both lanes that ask for the opposite of the shipped ones: id, action, priority."""


class Asked(NamedTuple):
    """What one rule asks for."""

    id: str
    lane: ProposalLane
    action: ActionName
    parameters: dict[str, Any]
    priority: int
    kind: SourceKind
    cooldown_ms: int
    expires_ms: int


class Day(NamedTuple):
    """What came of some readers' day. `per_session` and `busiest` count sessions by their changes: all, and in a minute."""

    proposals: Counter[str]
    commands: int
    conflicts: int
    kept_waiting: int
    """Proposals of priority 80 that gave way to a less important one."""
    per_session: Counter[int]
    busiest: Counter[int]


@cache
def rules() -> tuple[Asked, ...]:
    """The shipped rules about sessions, and the contradicting ones once for each lane."""
    shipped = [
        Asked(
            rule.id,
            "event" if rule.lane == "event" else "window",
            rule.then.action,
            rule.then.parameters,
            rule.priority,
            rule.source,
            RuleFacts(rule).cooldown_ms,
            rule.expires_s * 1000,
        )
        for rule in load_rules("")
        if rule.lane != "content_window"
    ]
    lanes: tuple[ProposalLane, ...] = ("event", "window")
    return (
        *shipped,
        *(
            Asked(f"{name}-{lane}", lane, action, {}, priority, "rule", SLICE_MS, 120_000)
            for lane in lanes
            for name, action, priority in CONTRADICTING
        ),
    )


def sessions(random: np.random.Generator) -> list[list[int]]:
    """The moments of a reader's sessions: one to four a day, in bursts with heavy-tailed pauses between (Barabasi 2005, Nature
    435, 207-211), each fourth moment within 50 ms around the end of a window."""
    found = []
    begin_ms = DAY_BEGINS_MS + int(random.uniform(0, DAY_MS / 4))
    for _ in range(int(random.integers(1, 5))):
        at_ms, moments = float(begin_ms), []
        end_ms = begin_ms + 60_000 * float(random.lognormal(2.0, 0.8))
        while at_ms < end_ms:
            near = random.random() < 0.25
            moments.append(round(at_ms / SLICE_MS) * SLICE_MS + int(random.integers(-50, 51)) if near else int(at_ms))
            at_ms += min(500.0 * float(random.pareto(1.1) + 1.0), 600_000.0)
        found.append(sorted(moments))
        begin_ms = int(end_ms + 1_800_000 + random.exponential(DAY_MS / 6))
    return found


def proposals(random: np.random.Generator, session_id: str, moments: Sequence[int]) -> Iterator[ProposedChange]:
    """What the rules propose in a session: single events in order, then its windows."""
    since_ms, mood = moments[0], 0.02
    for place, at_ms in enumerate(moments):
        for rule in rules():
            if rule.lane == "event" and random.random() < 0.06:
                yield _proposed(random, rule, session_id, at_ms, f"event:{place}", since_ms)
    first, last = moments[0] // SLICE_MS + 1, moments[-1] // SLICE_MS + 18
    for slice_no in range(first, last):
        # Rules hold in stretches: a reader's trouble lasts.
        mood = float(random.choice([0.005, 0.3])) if random.random() < 0.1 else mood
        for rule in rules():
            if rule.lane == "window" and random.random() < mood:
                yield _proposed(random, rule, session_id, slice_no * SLICE_MS, f"window:{slice_no}", since_ms)


def _proposed(
    random: np.random.Generator, rule: Asked, session_id: str, at_ms: int, trigger: str, since_ms: int
) -> ProposedChange:
    target, source = Target("session", session_id), Source(rule.kind, rule.id, 1)
    takes_back = rule.lane == "window" and random.random() < 0.05
    parameters: dict[str, Any] = {} if takes_back else rule.parameters
    command = AdjustmentCommand(
        command_id(target, source, trigger),
        at_ms,
        at_ms + rule.expires_ms,
        target,
        session_id,
        None,
        None,
        "revert" if takes_back else rule.action,
        parameters,
        rule.priority,
        source,
        {},
    )
    return ProposedChange(command, rule.lane, cooldown_ms=rule.cooldown_ms, session_since_ms=since_ms)


def day(first: int, readers: int, seed: int) -> Day:
    """The day of some readers."""
    outcomes: Counter[str] = Counter()
    per_session: Counter[int] = Counter()
    busiest: Counter[int] = Counter()
    commands = clashes = waiting = 0
    for number in range(first, first + readers):
        random = np.random.default_rng([seed, number])
        session_id = f"reader-{number}"
        together = sessions(random)
        changes = [change for moments in together for change in proposals(random, session_id, moments)]
        decided = decide_all(changes, DAY_BEGINS_MS + DAY_MS + TRAIL_MS)
        outcomes.update(each.reason or each.outcome for each in decided.proposals)
        commands += len(decided.commands)
        clashes += len(conflicts(decided.commands))
        priority = {each.command_id: each.priority for each in decided.commands}
        for each in decided.proposals:
            if each.reason in ("exclusive", "outranked", "quiet") and each.source.id.startswith("unlike-a-"):
                waiting += priority.get(each.by or "", 100) < 80
        times = changes_made(decided.commands)
        for moments in together:
            own = [at_ms for at_ms in times if moments[0] <= at_ms <= moments[-1] + 18 * SLICE_MS]
            per_session[len(own)] += 1
            busiest[most_within_a_minute(own)] += 1
    return Day(outcomes, commands, clashes, waiting, per_session, busiest)


def add(days: Sequence[Day]) -> Day:
    """Several readers' days together."""
    return Day(
        sum((each.proposals for each in days), Counter()),
        sum(each.commands for each in days),
        sum(each.conflicts for each in days),
        sum(each.kept_waiting for each in days),
        sum((each.per_session for each in days), Counter()),
        sum((each.busiest for each in days), Counter()),
    )


def report(found: Day) -> str:
    """The figures as text, the distributions as bars."""
    total = found.proposals.total()
    lines = [
        f"{found.per_session.total():,} sessions, {total:,} proposals, {found.commands:,} commands (reverts included)",
        f"two actions of one group in force together: {found.conflicts}",
        f"proposals of priority 80 that gave way to a less important change: {found.kept_waiting}",
        f"most changes in a minute: {max(found.busiest)}, in a session: {max(found.per_session)}"
        f" (budgets: {DEFAULT_BUDGETS.others.per_minute} and"
        f" {(DEFAULT_BUDGETS.events.per_session or 0) + (DEFAULT_BUDGETS.windows.per_session or 0)})",
        *(f"  {name:<16}{count:>10,} {count / total:>7.1%}" for name, count in found.proposals.most_common()),
        "changes in a session:",
        *_bars(found.per_session),
    ]
    return "\n".join(lines)


def _bars(counts: Counter[int]) -> Iterator[str]:
    most = max(counts.values())
    for count in range(max(counts) + 1):
        yield f"  {count:>3} {counts[count]:>7,} {'#' * round(50 * counts[count] / most)}"


def draw(counts: Counter[int]) -> str:
    """The sessions by their number of changes, as an SVG."""
    most, width = max(counts.values()), 24 * (max(counts) + 1)
    bars = "".join(
        f'<rect x="{40 + 24 * number}" y="{200 - 160 * counts[number] / most:.1f}" width="20"'
        f' height="{160 * counts[number] / most:.1f}" fill="#c2410c"/>'
        f'<text x="{50 + 24 * number}" y="216" text-anchor="middle">{number}</text>'
        for number in range(max(counts) + 1)
    )
    title = escape(f"{counts.total():,} sessions by the number of changes to their page (most: {most:,})")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width + 60} 236" width="{width + 60}" height="236"'
        f' font-family="system-ui, sans-serif" font-size="11" fill="#334155"><rect width="100%" height="100%" fill="white"/>'
        f'<text x="20" y="24" font-size="14" font-weight="600">{title}</text>{bars}</svg>\n'
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readers", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=301)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--svg", type=Path, help="file for the distribution of changes by session")
    given = parser.parse_args()
    size = 200
    firsts = range(0, given.readers, size)
    sizes = [min(size, given.readers - first) for first in firsts]
    with ProcessPoolExecutor(given.processes) as pool:
        found = add(list(pool.map(day, firsts, sizes, [given.seed] * len(firsts))))
    print(report(found))
    if given.svg:
        given.svg.write_text(draw(found.per_session))


if __name__ == "__main__":
    main()
