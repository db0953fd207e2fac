"""Rules at work: compiled once, asked of every window and event, answered with the evidence."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from models.detectors.baselines import Baselines
from models.features import CONTENT_NAMES, EVENT_FEATURES, LIVE_FEATURES, SESSION_NAMES
from schemas.commands import Evidence
from schemas.rules import BOUNDS, Condition, Lane, Rule, RuleError

KNOWN_FEATURES: Final[dict[Lane, tuple[str, ...]]] = {
    "session_window": (*SESSION_NAMES, *LIVE_FEATURES),
    "content_window": CONTENT_NAMES,
    "event": tuple(EVENT_FEATURES),
}


class Facts:
    """What is known at one window or event. NaN in `values` and a missing name in `live` mean unknown.

    `values` and what is parallel to it follow the feature list of the lane; `live` holds what stands outside of it.
    """

    def __init__(
        self,
        values: Sequence[float] = (),
        z_self: Sequence[float | None] = (),
        z_peers: Sequence[float | None] = (),
        peer_means: Sequence[float] = (),
        baselines: Baselines | None = None,
        live: dict[str, float] | None = None,
        texts: dict[str, str | None] | None = None,
        forest_score: float | None = None,
        forest_threshold: float | None = None,
        contributions: Callable[[], Mapping[str, float]] | None = None,
        window_start_ms: int | None = None,
        window_end_ms: int | None = None,
    ) -> None:
        self.values = values
        self.z_self = z_self
        self.z_peers = z_peers
        self.peer_means = peer_means
        self.baselines = baselines
        self.live: dict[str, float] = {} if live is None else live
        self.texts: dict[str, str | None] = {} if texts is None else texts
        self.forest_score = forest_score
        self.ask_forest: Callable[[], float] | None = None
        self.forest_threshold = forest_threshold
        self.contributions = contributions
        self.window_start_ms = window_start_ms
        self.window_end_ms = window_end_ms

    def score(self) -> float | None:
        """The anomaly score, asked for once and only if a rule gets as far: it costs three times all baselines."""
        if self.forest_score is None and self.ask_forest is not None:
            self.forest_score = self.ask_forest()
        return self.forest_score


Check = Callable[[Facts], bool]


class CompiledRule:
    """One rule as a list of checks; the first that fails ends it. Raises `RuleError` where a bound can never be asked."""

    __slots__ = ("checks", "for_windows", "id", "rule")

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.id = rule.id
        self.for_windows = rule.for_windows
        for number, condition in enumerate(rule.when):
            _require_baseline(condition, _names(rule.lane), f"rule {rule.id}: when[{number}]")
        # The forest comes last: whatever else fails first spares its score.
        ordered = sorted(rule.when, key=lambda condition: condition.forest is not None)
        self.checks: list[Check] = [check for condition in ordered for check in _compile(condition, _names(rule.lane))]

    def holds(self, facts: Facts) -> bool:
        # Asked for every rule and window: `all` over a generator takes twice as long.
        for check in self.checks:  # noqa: SIM110
            if not check(facts):
                return False
        return True

    def evidence(self, facts: Facts) -> dict[str, Evidence]:
        """Each feature the rule looked at, with what it was compared with."""
        found: dict[str, Evidence] = {}
        for condition in self.rule.when:
            found.update(_evidence(condition, facts, _names(self.rule.lane)))
        return found


def _names(lane: Lane) -> tuple[str, ...]:
    return {"session_window": SESSION_NAMES, "content_window": CONTENT_NAMES, "event": ()}[lane]


def _require_baseline(condition: Condition, names: Sequence[str], where: str) -> None:
    if condition.feature is None or condition.feature in names:
        return
    for bound in BOUNDS:
        if bound not in ("above", "below") and getattr(condition, bound) is not None:
            raise RuleError(f"{where}.{bound}: {condition.feature} has no baseline; use above or below")


def _compile(condition: Condition, names: Sequence[str]) -> Iterable[Check]:
    if condition.forest is not None:
        bound = condition.forest
        if bound == "threshold":
            yield (
                lambda facts: (
                    facts.forest_threshold is not None
                    and (score := facts.score()) is not None
                    and score >= facts.forest_threshold
                )
            )
        else:
            yield lambda facts: (score := facts.score()) is not None and score >= float(bound)
        return
    if condition.feature is None:
        name = condition.context or condition.event or ""
        name = f"event.{name}" if condition.event else name
        wanted = set(condition.among or ()) | ({condition.equals} if condition.equals is not None else set())
        yield lambda facts: facts.texts.get(name) in wanted
        return
    if condition.feature in names:
        yield from _compile_indexed(condition, names.index(condition.feature))
    else:
        yield from _compile_live(condition, condition.feature)


def _compile_live(condition: Condition, name: str) -> Iterable[Check]:
    if (low := condition.above) is not None:
        yield lambda facts: (value := facts.live.get(name)) is not None and value > low
    if (high := condition.below) is not None:
        yield lambda facts: (value := facts.live.get(name)) is not None and value < high


def _compile_indexed(condition: Condition, i: int) -> Iterable[Check]:
    # Comparisons with NaN are false: what is unknown meets no condition.
    if (low := condition.above) is not None:
        yield lambda facts: facts.values[i] > low
    if (high := condition.below) is not None:
        yield lambda facts: facts.values[i] < high
    peers = condition.against == "peers"
    if (least := condition.z_above) is not None:
        yield lambda facts: (z := (facts.z_peers if peers else facts.z_self)[i]) is not None and z > least
    if (most := condition.z_below) is not None:
        yield lambda facts: (z := (facts.z_peers if peers else facts.z_self)[i]) is not None and z < most
    if (rise := condition.change_above) is not None:
        yield lambda facts: (change := _change(facts, i, peers)) is not None and change > rise
    if (fall := condition.change_below) is not None:
        yield lambda facts: (change := _change(facts, i, peers)) is not None and change < fall
    if condition.shift is not None:
        direction = 1 if condition.shift == "up" else -1
        yield lambda facts: facts.baselines is not None and facts.baselines.cusum_alarm(i) == direction


def _baseline(facts: Facts, i: int, peers: bool) -> float | None:
    """What the value was compared with; None before there is anything to compare with."""
    means = facts.peer_means if peers else facts.baselines.prior_means if facts.baselines else ()
    mean = means[i] if i < len(means) else float("nan")
    return mean if mean == mean else None


def _change(facts: Facts, i: int, peers: bool) -> float | None:
    baseline = _baseline(facts, i, peers)
    if baseline is None or baseline == 0.0 or facts.values[i] != facts.values[i]:
        return None
    return (facts.values[i] - baseline) / abs(baseline)


def _evidence(condition: Condition, facts: Facts, names: Sequence[str]) -> Iterable[tuple[str, Evidence]]:
    start, end = facts.window_start_ms, facts.window_end_ms
    if condition.forest is not None:
        threshold = facts.forest_threshold if condition.forest == "threshold" else float(condition.forest)
        yield "forest", Evidence(facts.score(), None, threshold, None, start, end)
        for name, part in (facts.contributions() if facts.contributions else {}).items():
            yield f"forest.{name}", Evidence(part, None, None, None, start, end)
    elif condition.feature is None:
        name = condition.context or f"event.{condition.event}"
        yield name, Evidence(facts.texts.get(name), None, None, None, start, end)
    elif condition.feature in names:
        i = names.index(condition.feature)
        peers = condition.against == "peers"
        baseline = _baseline(facts, i, peers)
        scores = facts.z_peers if peers else facts.z_self
        yield (
            condition.feature,
            Evidence(
                facts.values[i],
                baseline,
                _threshold(condition, baseline),
                scores[i] if i < len(scores) else None,
                start,
                end,
            ),
        )
    else:
        bound = condition.above if condition.above is not None else condition.below
        yield condition.feature, Evidence(facts.live.get(condition.feature), None, bound, None, start, end)


def _threshold(condition: Condition, baseline: float | None) -> float | None:
    """The bound that was crossed, in the feature's own unit where it has one."""
    for bound in (condition.above, condition.below):
        if bound is not None:
            return bound
    for change in (condition.change_above, condition.change_below):
        if change is not None and baseline is not None:
            return baseline + change * abs(baseline)
    return condition.z_above if condition.z_above is not None else condition.z_below
