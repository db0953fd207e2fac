"""Evaluates rules in order of priority, with their streaks and cooldowns, and builds what they propose."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, NamedTuple

from msgspec import UNSET

from models.arbitration.precedence import is_safety
from models.arbitration.proposed_change import RENEW_AHEAD_MS, ProposalLane, ProposedChange
from models.rules.breaks import timeliness
from models.rules.compiled import CompiledRule
from models.rules.leaving import changes_to_take_back
from models.rules.own_events import OwnEventsPlan
from models.rules.screening import Screen, screen_of
from models.rules.signals import Signals
from models.state_records import DecisionState, StandingProposal
from schemas.commands import AdjustmentCommand, Source, Target, command_id
from schemas.own_events import waits_for_silence
from schemas.rule_conditions import Lane
from schemas.rules import Rule


class RuleSet:
    """The rules in force, compiled, by lane; higher priority first, then by id."""

    def __init__(self, rules: Iterable[Rule], known: "RuleSet | None" = None) -> None:
        """What `known` has compiled is taken from it: with hundreds of rules compiling all anew takes a second."""
        self.rules = {rule.id: rule for rule in rules}
        before = {} if known is None else known.compiled
        self.compiled: dict[str, CompiledRule] = {
            rule.id: before[rule.id] if rule.id in before and before[rule.id].rule is rule else CompiledRule(rule)
            for rule in sorted(self.rules.values(), key=lambda rule: (-rule.priority, rule.id))
            if rule.enabled and rule.mode != "off"
        }
        compiled = self.compiled.values()
        lanes: tuple[Lane, ...] = ("session_window", "content_window", "content_section", "event")
        self._lanes = {lane: [each for each in compiled if each.rule.lane == lane] for lane in lanes}
        self._screens: dict[Lane, Screen] = {}
        self.own_events = OwnEventsPlan(self._lanes["event"])

    def lane(self, lane: Lane) -> Sequence[CompiledRule]:
        return self._lanes[lane]

    def screen(self, lane: Lane) -> Screen:
        """The function that says which rules of a lane hold, in the order of `lane`."""
        if lane not in self._screens:
            self._screens[lane] = screen_of(self._lanes[lane], lane)
        return self._screens[lane]

    def with_rule(self, rule: Rule) -> "RuleSet":
        return RuleSet([*(each for each in self.rules.values() if each.id != rule.id), rule], self)

    def without(self, rule_id: str) -> "RuleSet":
        return RuleSet((each for each in self.rules.values() if each.id != rule_id), self)


STREAK_MS: Final = 60_000
"""Length of a window: `for_windows` counts windows that share no second, so these many ms from one to the next."""

STREAK_GAP_MS: Final = 60_000
"""Windows further apart are not in a row: nobody was there in between."""

QUIET_RETRY_MS: Final = 30_000
"""A rule that held in a quiet time proposes again so much later, if it still holds."""


class Subject(NamedTuple):
    """Whom or what a decision is about."""

    target: Target
    session_id: str | None
    user_id: str | None
    content_id: str | None


class Moment(NamedTuple):
    """When and on what occasion rules are evaluated. `trigger` names the window or event in the ids of commands."""

    at_ms: int
    trigger: str
    session_since_ms: int | None = None


def evaluate_rules(
    rules: Sequence[CompiledRule],
    signals: Signals,
    subject: Callable[[], Subject],
    state: DecisionState,
    moment: Moment,
    resolve_placeholder: Callable[[str], Any],
    screen: Screen | None = None,
) -> tuple[list[ProposedChange], bool]:
    """What the rules propose now, and whether `state` has changed.

    A rule that goes on holding proposes again after its cooldown, and where its action lasts, in time to renew it.
    `resolve_placeholder` gives the value of a placeholder in a rule's parameters; it and `subject`
    are called only where there is something to propose. `screen` says of all `rules` at once which hold.
    """
    changes: list[ProposedChange] = []
    changed = proposed = False
    at_ms = moment.at_ms
    if state.streaks and at_ms - state.streaks_at_ms > STREAK_GAP_MS:
        state.streaks.clear()
        state.counted_at_ms.clear()
        changed = True
    if state.standing:
        leaving = [each for each in rules if each.may_leave] if screen is None else screen.leaving
        over = changes_to_take_back(leaving, signals, state, at_ms)
        changes = [_revert(each, signals, subject(), moment) for each in over]
        changed = True
    held = None if screen is None else set(screen.holding(signals))
    waiting = iter(range(len(rules)) if screen is None or held is None else screen.places_of(held))
    while (place := next(waiting, None)) is not None:
        compiled = rules[place]
        holds = compiled.holds(signals) if held is None else place in held
        if compiled.for_windows > 1:
            holds, told = _streak(compiled, holds, state, at_ms)
            changed = changed or told
        if not holds and compiled.id not in state.due_ms:
            continue
        renews = _is_to_be_renewed(compiled, state, at_ms)
        if renews is None:
            continue
        quiet = signals.quiet
        if compiled.rule.grace_s is not None and not renews:
            timely = timeliness(compiled, holds, signals, state, at_ms)
            changed = changed or timely.changed
            if not timely.proposes:
                continue
            quiet = timely.quiet
        elif not holds:
            continue
        change = _proposed(compiled, signals, subject(), moment, renews, quiet, resolve_placeholder)
        if not proposed:
            _forget_rests(state, at_ms)
        proposed = True
        changes.append(change)
        changed = True
        _remember(compiled, change, signals, state, at_ms)
        if compiled.uses_up:
            # The evidence is used up for the rules that follow, too.
            if screen is None:
                waiting = iter(range(place + 1, len(rules)))
            else:
                held = set(screen.holding(signals))
                waiting = iter([each for each in screen.places_of(held) if each > place])
    return changes, changed


def _forget_rests(state: DecisionState, at_ms: int) -> None:
    """Forgets the cooldowns that are over."""
    for name in [name for name, until in state.cooldown_until_ms.items() if until <= at_ms]:
        del state.cooldown_until_ms[name]


def _is_to_be_renewed(compiled: CompiledRule, state: DecisionState, at_ms: int) -> bool | None:
    """Whether a rule that holds proposes again what is about to expire (True), proposes anew (False), or nothing (None)."""
    facts = compiled.facts
    standing = state.standing.get(compiled.id) if facts.is_state_like else None
    if standing is not None and at_ms < standing.expires_at_ms:
        if standing.held is not None:
            return None
        if standing.expires_at_ms - at_ms <= RENEW_AHEAD_MS:
            return True
    return None if at_ms < state.cooldown_until_ms.get(compiled.id, 0) else False


def _remember(
    compiled: CompiledRule, change: ProposedChange, signals: Signals, state: DecisionState, at_ms: int
) -> None:
    """Enters a proposal into `state`, and uses up the evidence behind it.

    What cannot be commanded leaves the evidence to the other rules: a rule in shadow, one outside of its validity, a quiet time.
    """
    facts = compiled.facts
    if change.quiet is not None:
        state.cooldown_until_ms[compiled.id] = at_ms + min(QUIET_RETRY_MS, facts.cooldown_ms)
        return
    state.cooldown_until_ms[compiled.id] = at_ms + facts.cooldown_ms
    if (facts.is_state_like or compiled.until is not None) and not _stands_already(compiled, change, state):
        held = change if facts.is_held else None
        state.standing[compiled.id] = StandingProposal(at_ms, change.command.expires_at_ms, held=held)
    if change.mode == "active" and facts.is_valid(at_ms) and signals.readings is not None:
        for name, direction in compiled.uses_up:
            signals.readings.use_up(name, direction)


def _stands_already(compiled: CompiledRule, change: ProposedChange, state: DecisionState) -> bool:
    """Whether the rule only asks for what it has asked for before, which goes on standing until then."""
    standing = state.standing.get(compiled.id)
    return standing is not None and compiled.facts.is_fixed and not change.renews


def _streak(compiled: CompiledRule, holds: bool, state: DecisionState, at_ms: int) -> tuple[bool, bool]:
    """Whether the rule has held for enough windows that share no second, and whether `state` has changed.

    It must hold in all windows between them as well.
    """
    streak = state.streaks.get(compiled.id, 0)
    if not holds:
        if streak:
            del state.streaks[compiled.id]
            state.counted_at_ms.pop(compiled.id, None)
            state.streaks_at_ms = state.streaks_at_ms if state.streaks else 0
        return False, streak > 0
    state.streaks_at_ms = at_ms
    if streak == 0 or at_ms - state.counted_at_ms.get(compiled.id, 0) >= STREAK_MS:
        streak += 1
        state.streaks[compiled.id] = streak
        state.counted_at_ms[compiled.id] = at_ms
    return streak >= compiled.for_windows, True


def _proposed(
    compiled: CompiledRule,
    signals: Signals,
    subject: Subject,
    moment: Moment,
    renews: bool,
    quiet: str | None,
    resolve_placeholder: Callable[[str], Any],
) -> ProposedChange:
    rule, facts = compiled.rule, compiled.facts
    source, at_ms = Source(rule.source, rule.id, rule.version), moment.at_ms
    command = AdjustmentCommand(
        command_id=command_id(subject.target, source, moment.trigger),
        issued_at_ms=at_ms,
        expires_at_ms=at_ms + facts.expires_ms,
        target=subject.target,
        session_id=subject.session_id,
        user_id=subject.user_id,
        content_id=subject.content_id,
        action=rule.then.action,
        parameters={
            name: resolve_placeholder(value) if isinstance(value, str) and value.startswith("$") else value
            for name, value in rule.then.parameters.items()
        },
        priority=rule.priority,
        source=source,
        evidence=compiled.evidence(signals),
        apply=UNSET if rule.then.apply is None else rule.then.apply,
    )
    return ProposedChange(
        command=command,
        lane=_lane(rule),
        confidence=rule.confidence,
        cooldown_ms=facts.cooldown_ms,
        mode=rule.mode,
        max_per_session=facts.max_per_session,
        renews=renews,
        valid_from_ms=facts.valid_from_ms,
        valid_until_ms=facts.valid_until_ms,
        session_since_ms=moment.session_since_ms,
        quiet=None if renews or is_safety(rule.source) else quiet,
    )


def _revert(compiled: CompiledRule, signals: Signals, subject: Subject, moment: Moment) -> ProposedChange:
    """The proposal to take back what the rule has in force."""
    rule = compiled.rule
    source = Source(rule.source, rule.id, rule.version)
    recovered = compiled if compiled.until is None else compiled.until
    command = AdjustmentCommand(
        command_id=command_id(subject.target, source, f"{moment.trigger}:until"),
        issued_at_ms=moment.at_ms,
        expires_at_ms=moment.at_ms + compiled.facts.expires_ms,
        target=subject.target,
        session_id=subject.session_id,
        user_id=subject.user_id,
        content_id=subject.content_id,
        action="revert",
        parameters={},
        priority=rule.priority,
        source=source,
        evidence=recovered.evidence(signals),
    )
    return ProposedChange(
        command=command,
        lane=_lane(rule),
        confidence=rule.confidence,
        mode=rule.mode,
        session_since_ms=moment.session_since_ms,
    )


def _lane(rule: Rule) -> ProposalLane:
    """Silences end at a time, as windows do: they see all events up to it."""
    return "event" if rule.lane == "event" and not waits_for_silence(rule) else "window"
