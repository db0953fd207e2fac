"""Compares a model in shadow with the one in force, by the feature log and by what readers told.

Without numpy: the gateway, which shows it on the console, has none.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from math import sqrt
from typing import Final, Protocol

from msgspec import Struct

from models.predictions.targets import MAX_AGE_MS, SHADOW_PREFIX, STEP_WORDS, TARGETS
from models.predictions.told_truth import truth_of
from models.proportion import Z_95, wilson_interval
from schemas.model_cards import MetricValue
from schemas.outcomes import Outcome

MIN_READERS: Final = 30
"""Readers below which nothing is told: the interval would be wider than what it is about."""


class LoggedRow(Protocol):
    """What is read of a row of features.v1."""

    session_id: str
    window_end_ms: int
    scores: dict[str, float | None]
    models: dict[str, int]


class SideBySide(Struct):
    """Two versions at the same windows. Each reader counts once, by the newest window: windows of one reader are alike.

    `agreement` is the share of readers for whom both ask for the same, or for lengths within a step; `difference` the mean
    distance of the two numbers. Errors are in words for a length, for a tone the share of readers whose tone was missed;
    `advantage` is the error of the one in force minus that of the shadow, above 0 where the shadow is better. None where too few
    readers tell.
    """

    kind: str
    live: int | None
    shadow: int
    readers: int
    windows: int
    since_ms: int
    until_ms: int
    agreement: MetricValue | None
    difference: MetricValue | None
    told: int
    """Readers who told what would have suited, after a window that both versions scored."""
    live_error: MetricValue | None
    shadow_error: MetricValue | None
    advantage: MetricValue | None
    min_readers: int = MIN_READERS


Answer = float | str


def side_by_side(kind: str, rows: Iterable[LoggedRow], outcomes: Iterable[Outcome]) -> SideBySide | None:
    """Compares the newest pair of versions in `rows`, which come in order of time; None where no shadow was asked."""
    shadowed = [row for row in rows if SHADOW_PREFIX + kind in row.models]
    if not shadowed:
        return None
    live, shadow = shadowed[-1].models.get(kind), shadowed[-1].models[SHADOW_PREFIX + kind]
    pairs: dict[str, list[tuple[int, Answer, Answer]]] = {}
    ends = []
    for row in shadowed:
        if (row.models.get(kind), row.models[SHADOW_PREFIX + kind]) != (live, shadow):
            continue
        ours, theirs = (_answer(kind, prefix, row.scores) for prefix in ("", SHADOW_PREFIX))
        if ours is not None and theirs is not None:
            pairs.setdefault(row.session_id, []).append((row.window_end_ms, ours, theirs))
            ends.append(row.window_end_ms)
    newest = [found[-1] for found in pairs.values()]
    errors = _errors(kind, pairs, outcomes)
    return SideBySide(
        kind,
        live,
        shadow,
        len(pairs),
        len(ends),
        min(ends, default=shadowed[0].window_end_ms),
        max(ends, default=shadowed[-1].window_end_ms),
        _share([_is_same(ours, theirs) for _, ours, theirs in newest]) if kind in TARGETS else None,
        None if kind == "tone" else _mean([_distance(ours, theirs) for _, ours, theirs in newest]),
        len(errors),
        _mean([ours for ours, _ in errors]),
        _mean([theirs for _, theirs in errors]),
        _mean([ours - theirs for ours, theirs in errors]),
    )


def _answer(kind: str, prefix: str, scores: Mapping[str, float | None]) -> Answer | None:
    """The number that a model gave, or the tone that it holds most probable; None where it gave none."""
    if kind != "tone":
        return scores.get(prefix + kind)
    begin = f"{prefix}tone_"
    known = {name: value for name, value in scores.items() if name.startswith(begin) and value is not None}
    return max(known, key=lambda name: (known[name], name)).removeprefix(begin) if known else None


def _is_same(ours: Answer, theirs: Answer) -> bool:
    if isinstance(ours, str) or isinstance(theirs, str):
        return ours == theirs
    return abs(ours - theirs) < STEP_WORDS


def _distance(ours: Answer, theirs: Answer) -> float:
    if isinstance(ours, str) or isinstance(theirs, str):
        return float(ours != theirs)
    return abs(ours - theirs)


def _errors(
    kind: str, pairs: Mapping[str, Sequence[tuple[int, Answer, Answer]]], outcomes: Iterable[Outcome]
) -> list[tuple[float, float]]:
    """The errors of both, of each reader who told: by the newest outcome, and the newest window before it."""
    told: dict[str, tuple[int, float, float]] = {}
    for outcome in outcomes:
        truth, own = truth_of(kind, outcome), pairs.get(outcome.session_id)
        if truth is None or own is None:
            continue
        place = bisect_right(own, outcome.occurred_at_ms, key=lambda each: each[0]) - 1
        if place < 0 or outcome.occurred_at_ms - own[place][0] > MAX_AGE_MS:
            continue
        before = told.get(outcome.session_id)
        if before is None or before[0] <= outcome.occurred_at_ms:
            _, ours, theirs = own[place]
            told[outcome.session_id] = (outcome.occurred_at_ms, _distance(ours, truth), _distance(theirs, truth))
    return [(ours, theirs) for _, ours, theirs in told.values()]


def _share(hits: Sequence[bool]) -> MetricValue | None:
    interval = wilson_interval(sum(hits), len(hits)) if len(hits) >= MIN_READERS else None
    return None if interval is None else MetricValue(sum(hits) / len(hits), *interval)


def _mean(values: Sequence[float]) -> MetricValue | None:
    """The mean with its 95 % interval by the normal distribution."""
    count = len(values)
    if count < MIN_READERS:
        return None
    mean = sum(values) / count
    half = Z_95 * sqrt(sum((value - mean) ** 2 for value in values) / (count - 1) / count)
    return MetricValue(mean, mean - half, mean + half)
