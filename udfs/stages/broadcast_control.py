"""Control state of every subtask: rules, models, refits, cards and content items arrive by broadcast and survive a restart."""

import logging
from collections.abc import Collection, Mapping
from typing import Any, Final, get_args

import msgspec
from pyflink.common import Types
from pyflink.datastream.state import MapStateDescriptor

from models.epochs import NO_WATERMARK
from models.isolation_forest.messages import RefitMessage
from models.isolation_forest.registry import ForestRegistry
from models.judgement.card_registry import CardRegistry
from models.judgement.messages import CardMessage, SiteScore
from models.judgement.site_scores import SiteScores
from models.rules.compiled import KNOWN_FEATURES
from models.rules.evaluation import RuleSet
from schemas.rule_conditions import Lane
from schemas.rules import Rule, RuleError, parse_rule
from schemas.unreadable import UNREADABLE
from udfs import metrics
from udfs.stages.content_broadcast import ContentBroadcast
from udfs.stages.model_broadcast import ModelBroadcast
from udfs.stages.rule_failures import RuleFailures
from udfs.stages.rule_outcomes import RuleOutcome
from udfs.stages.segment_broadcast import SegmentBroadcast
from udfs.stages.stored_epochs import StoredEpochs

_log: Final = logging.getLogger(__name__)

LANES: Final[tuple[Lane, ...]] = get_args(Lane)

CONTROL: Final = MapStateDescriptor("control-v1", Types.STRING(), Types.STRING())
"""Broadcast state: rules, models, refits, cards and content items by ``kind:…``. Bounded by the number of rules in force, of the
rules of the job's file, of the content types that have had a forest within a day, and by the bounds of the content catalogue and
of the registry of models."""


class BroadcastControl:
    """Owns the rules in force, and registers refits with the forests and cards of the site, where there are any."""

    def __init__(
        self,
        rules: tuple[Rule, ...],
        forests: ForestRegistry | None,
        cards: CardRegistry | None,
        detectors: Collection[str],
        metrics_group: Any,
        models: ModelBroadcast | None = None,
        segments: SegmentBroadcast | None = None,
        site_scores: SiteScores | None = None,
    ) -> None:
        """`detectors` are the names that rules can refer to. Without `models`, `segments` and `site_scores`, these are not looked
        at."""
        self.rules = RuleSet(rules)
        self._of_file = frozenset(rule.id for rule in rules)
        self._deleted: list[str] = []
        self._forests = forests
        self._cards = cards
        self._refits_stored = None if forests is None else StoredEpochs("refit", "fitted", forests.oldest_epoch)
        self._cards_stored = None if cards is None else StoredEpochs("card", "made", cards.oldest_epoch)
        self._detectors = detectors
        self._refused = metrics_group.counter(metrics.REFUSED_RULES)
        self._failures = RuleFailures(
            metrics_group.counter(metrics.FAILED_EVALUATIONS),
            lambda rule_id: metrics_group.add_group("rule", rule_id).counter(metrics.FAILED_EVALUATIONS),
            lambda outcome: self._outcomes.append(outcome),
        )
        self._failures.watch(self.rules.compiled.values())
        self.content = ContentBroadcast()
        self.models = models
        self.segments = segments
        self.site_scores = site_scores
        self._site_stored = None if site_scores is None else StoredEpochs("site", "made", site_scores.oldest_epoch)
        self._outcomes: list[RuleOutcome] = []

    @property
    def has_outcomes(self) -> bool:
        return bool(self._outcomes)

    def drain_outcomes(self) -> list[RuleOutcome]:
        """What became of each rule since the last call, in order."""
        outcomes, self._outcomes = self._outcomes, []
        return outcomes

    def on_row(self, row: Any, state: Any, watermark: int = NO_WATERMARK) -> None:
        """Applies one control row (kind, key, body) and stores it in broadcast `state`.

        A rule that cannot be used changes nothing: the outcome says why, and the last good version stays in force.
        """
        kind, key, body = row
        if kind == "rule":
            key = key or ""
            if self._apply_rule(key, body):
                self._store_rule(key, body, state)
        elif kind == "content":
            self.content.on_row(key, body, state)
        elif kind == "model":
            if self.models is not None:
                self.models.on_row(key, body, state)
        elif kind == "segment":
            if self.segments is not None:
                self.segments.on_row(key, body, state)
        elif kind == "card":
            if self._cards is not None and self._cards_stored is not None:
                message = msgspec.json.decode(body, type=CardMessage)
                self._cards.on_message(message, watermark)
                self._cards_stored.store(message.status, "", message.epoch, body, state, watermark)
        elif kind == "site":
            if self.site_scores is not None and self._site_stored is not None:
                score = msgspec.json.decode(body, type=SiteScore)
                self.site_scores.on_message(score, watermark)
                self._site_stored.store(score.status, "", score.epoch, body, state, watermark)
        elif kind == "refit" and self._forests is not None and self._refits_stored is not None:
            refit = msgspec.json.decode(body, type=RefitMessage)
            self._forests.on_refit(refit, watermark)
            self._refits_stored.store(refit.status, refit.content_type, refit.epoch, body, state, watermark)

    def _store_rule(self, rule_id: str, body: str | None, state: Any) -> None:
        """That a rule was deleted is remembered only of the rules of the job's file, which would come back otherwise."""
        if body or rule_id in self._of_file:
            state.put(f"rule:{rule_id}", body or "")
        else:
            state.remove(f"rule:{rule_id}")
        # The keyed side, which restores, cannot write.
        for name in self._deleted:
            if name != rule_id:
                state.remove(f"rule:{name}")
        self._deleted = []

    def restore(self, state: Any) -> None:
        """Applies what broadcast state held before a restart."""
        stored: Mapping[str, str] = dict(state.items())
        self.content.restore(stored)
        if self.models is not None:
            self.models.restore(stored)
        if self.segments is not None:
            self.segments.restore(stored)
        for key in sorted(stored):
            kind, _, name = key.partition(":")
            if kind == "rule":
                self._apply_rule(name, stored[key])
                if not stored[key] and name not in self._of_file:
                    self._deleted.append(name)
        refused = [each for each in self._outcomes if each.refused is not None]
        taken_up = (RuleOutcome(rule.id, rule.version, rule.lane) for rule in self.rules.rules.values())
        self._outcomes = [*taken_up, *refused]
        if self._cards is not None:
            messages = [msgspec.json.decode(stored[key], type=CardMessage) for key in stored if key.startswith("card:")]
            for message in sorted(messages, key=lambda each: (each.epoch, each.status != "begins")):
                self._cards.on_message(message)
        if self.site_scores is not None:
            scores = [msgspec.json.decode(stored[key], type=SiteScore) for key in stored if key.startswith("site:")]
            for score in sorted(scores, key=lambda each: each.epoch):
                self.site_scores.on_message(score)
        if self._forests is None:
            return
        refits = [
            msgspec.json.decode(body, type=RefitMessage) for key, body in stored.items() if key.startswith("refit:")
        ]
        for each in sorted(refits, key=lambda refit: (refit.epoch, refit.status != "begins")):
            self._forests.on_refit(each)

    def _apply_rule(self, rule_id: str, body: str | None) -> bool:
        known = self.rules.rules.get(rule_id)
        lane_known: Lane | None = None if known is None else known.lane
        if not body:
            self.rules = self.rules.without(rule_id)
            self._failures.watch(self.rules.compiled.values())
            self._outcomes.append(RuleOutcome(rule_id, None, lane_known))
            return True
        try:
            rule = parse_rule(body.encode("utf-8", "replace"), KNOWN_FEATURES, self._detectors)
            if rule.id != rule_id:
                raise RuleError(f"rule {rule.id}: id: stands under {rule_id}, where deleting it would miss it")
            self.rules = self.rules.with_rule(rule)
        # Whatever a text from the topic does to the code that reads it, the job goes on: it would restart for ever.
        except Exception as error:
            reason = str(error) if isinstance(error, RuleError) else f"{type(error).__name__}: {error}"
            self._refused.inc()
            _log.warning("the rule under %r stays as it was: %s", rule_id[:64], reason[:500])
            version, lane = _glance(body)
            self._outcomes.append(RuleOutcome(rule_id, version, lane or lane_known, reason))
            return False
        self._failures.watch(self.rules.compiled.values())
        self._outcomes.append(RuleOutcome(rule_id, rule.version, rule.lane))
        return True


class _Glance(msgspec.Struct):
    """What a refused text may still say of itself."""

    version: Any = None
    lane: Any = None


def _glance(body: str) -> tuple[int | None, Lane | None]:
    try:
        seen = msgspec.json.decode(body, type=_Glance)
    except UNREADABLE:
        return None, None
    version = seen.version if type(seen.version) is int and abs(seen.version) < 2**53 else None
    return version, seen.lane if seen.lane in LANES else None
