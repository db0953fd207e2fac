"""Counts what rules led to in a back-test: how often, for whom, beside which others, and how rightly where there is truth."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from infra.backtest.runner import Decided
from infra.simulate.ground_truth import Episode, commands_that_change
from infra.simulate.judging import HOUR_MS, Span
from schemas.rules import Rule

TOGETHER_MS: Final = 60_000
"""Two rules fall on one another where both propose something for one target within a minute."""


class RuleBacktest(Struct):
    """One rule. Shares are of the readers of the recording; None where there are none, for content items, or without truth.

    `fired` are changes that were commanded, or would have been but for the shadow mode; `renewals` prolong one, and `reverts`
    take one back. `readers` counts whom it fired for: sessions, or content items. Precision is the share of what fired that
    answers a planted change, as `microadjust judge` counts it, and None for schedules, which need no cause; recall is the share
    of the planted changes of the rule's action that it answers. `failures` counts the evaluations that ended with an error, and
    `failure` says why the first did.
    """

    rule: str
    version: int
    is_tested: bool
    proposals: int
    fired: int
    renewals: int
    reverts: int
    readers: int
    share_of_readers: float | None
    per_reader_hour: float | None
    held_back: dict[str, int]
    precision: float | None = None
    recall: float | None = None
    failures: int = 0
    failure: str | None = None


class Overlap(Struct):
    """For how many targets of a tested rule another one proposed something within a minute; `share` is of the tested one's."""

    rule: str
    other: str
    targets: int
    share: float


class Backtest(Struct):
    """What a back-test found."""

    readers: int
    reader_hours: float
    events: int
    late: int
    rejected: int
    rules: list[RuleBacktest]
    overlaps: list[Overlap]
    per_minute: dict[str, list[tuple[int, int]]]
    """Of each tested rule: minutes of event time that have proposals, and how many."""


def report(
    decided: Decided,
    rules: Sequence[Rule],
    tested: Iterable[str],
    spans: Mapping[str, Span],
    episodes: Sequence[Episode] | None,
    counts: tuple[int, int, int],
) -> Backtest:
    """`counts` are events used, late and rejected; `episodes` is None without truth."""
    ours = frozenset(tested)
    proposals = [msgspec.json.decode(value) for _, value in decided.proposals]
    by_rule: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for each in proposals:
        by_rule[each["source"]["id"]].append(each)
    commands = [msgspec.json.decode(value) for _, value in decided.commands]
    expiries = {each["command_id"]: each["expires_at_ms"] for each in commands}
    hours = sum(span.last_ms - span.first_ms for span in spans.values()) / HOUR_MS
    planted = None if episodes is None else [e for e in episodes if e.target_kind != "session" or e.target_id in spans]
    shown = [rule for rule in rules if rule.id in ours or by_rule[rule.id] or rule.id in decided.failures]
    return Backtest(
        len(spans),
        hours,
        *counts,
        sorted(
            (
                _of_rule(
                    rule, by_rule[rule.id], rule.id in ours, len(spans), hours, planted, decided.failures, expiries
                )
                for rule in shown
            ),
            key=lambda each: (not each.is_tested, -each.proposals, each.rule),
        ),
        [found for name in sorted(ours) for found in _overlaps(name, by_rule)],
        {name: _per_minute(by_rule[name]) for name in sorted(ours)},
    )


def _of_rule(
    rule: Rule,
    proposals: Sequence[Mapping[str, Any]],
    is_tested: bool,
    readers: int,
    hours: float,
    planted: Sequence[Episode] | None,
    failures: Mapping[str, tuple[int, str | None]],
    expiries: Mapping[str, int],
) -> RuleBacktest:
    done = [_as_command(each, rule, expiries) for each in proposals if each["outcome"] in ("commanded", "shadow")]
    fired = commands_that_change(done)
    reverts = sum(each["action"] == "revert" for each in done)
    targets = {(each["target"]["kind"], each["target"]["id"]) for each in fired}
    has_sessions = rule.lane not in ("content_window", "content_section")
    held_back = Counter(each["reason"] for each in proposals if each["outcome"] == "suppressed")
    found = RuleBacktest(
        rule.id,
        rule.version,
        is_tested,
        len(proposals),
        len(fired),
        len(done) - len(fired) - reverts,
        reverts,
        len(targets),
        len(targets) / readers if readers and has_sessions else None,
        len(fired) / hours if hours else None,
        dict(sorted(held_back.items())),
    )
    found.failures, found.failure = failures.get(rule.id, (0, None))
    if planted is not None:
        own = [each for each in planted if each.action == rule.then.action]
        right = sum(any(episode.answers(command) for episode in planted) for command in fired)
        answered = sum(any(episode.answers(command) for command in fired) for episode in own)
        found.precision = right / len(fired) if fired and rule.source != "schedule" else None
        found.recall = answered / len(own) if own else None
    return found


def _as_command(proposal: Mapping[str, Any], rule: Rule, expiries: Mapping[str, int]) -> dict[str, Any]:
    """A proposal as the command that it became, or would have become. `expiries` are those of commands, by id."""
    at_ms = proposal["at_ms"]
    expires_at_ms = expiries.get(proposal["command_id"], at_ms + rule.expires_s * 1000)
    return dict(proposal) | {"issued_at_ms": at_ms, "expires_at_ms": expires_at_ms}


def _overlaps(name: str, by_rule: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[Overlap]:
    mine = _times(by_rule.get(name, ()))
    found = []
    for other in sorted(by_rule):
        theirs = _times(by_rule[other])
        together = [
            target
            for target, times in mine.items()
            if any(abs(at_ms - beside) <= TOGETHER_MS for at_ms in times for beside in theirs.get(target, ()))
        ]
        if other != name and together:
            found.append(Overlap(name, other, len(together), len(together) / len(mine)))
    return found


def _times(proposals: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], list[int]]:
    found: dict[tuple[str, str], list[int]] = defaultdict(list)
    for each in proposals:
        found[each["target"]["kind"], each["target"]["id"]].append(each["at_ms"])
    return found


def _per_minute(proposals: Iterable[Mapping[str, Any]]) -> list[tuple[int, int]]:
    return sorted(Counter(each["at_ms"] // 60_000 * 60_000 for each in proposals).items())
