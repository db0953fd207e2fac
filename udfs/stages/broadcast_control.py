"""Control state that every subtask holds: rules, refits and the site's cards arrive by broadcast and survive a restart."""

import logging
from collections.abc import Collection, Mapping
from typing import Any, Final

import msgspec
from pyflink.common import Types
from pyflink.datastream.state import MapStateDescriptor

from models.epochs import KEPT_EPOCHS
from models.isolation_forest.messages import RefitMessage
from models.isolation_forest.registry import ForestRegistry
from models.judgement.card_registry import CardRegistry
from models.judgement.messages import CardMessage
from models.rules.compiled import KNOWN_FEATURES
from models.rules.evaluation import RuleSet
from schemas.rules import Rule, RuleError, parse_rule

_log: Final = logging.getLogger(__name__)

CONTROL: Final = MapStateDescriptor("control-v1", Types.STRING(), Types.STRING())
"""Broadcast state: rules, refits and cards by ``kind:…``. Bounded by the number of rules and content types."""


class BroadcastControl:
    """Owns the rules in force, and registers refits with the forests and cards of the site, where there are any."""

    def __init__(
        self,
        rules: tuple[Rule, ...],
        forests: ForestRegistry | None,
        cards: CardRegistry | None,
        detectors: Collection[str],
        refused: Any,
    ) -> None:
        """`detectors` are the names that rules can refer to, `refused` is the counter of rules that could not be used."""
        self.rules = RuleSet(rules)
        self._forests = forests
        self._cards = cards
        self._detectors = detectors
        self._refused = refused

    def on_row(self, row: Any, state: Any) -> None:
        """Applies one control row (kind, key, body) and stores it in broadcast `state`.

        A rule that cannot be used changes nothing: the command line has told its author, and the last good version
        stays in force.
        """
        kind, key, body = row
        if kind == "rule":
            if self._apply_rule(key, body):
                state.put(f"rule:{key}", body or "")
        elif kind == "card":
            if self._cards is not None:
                message = msgspec.json.decode(body, type=CardMessage)
                self._cards.on_message(message)
                _store_card(message, body, state)
        elif self._forests is not None:
            refit = msgspec.json.decode(body, type=RefitMessage)
            self._forests.on_refit(refit)
            _prune_and_store(refit, body, state)

    def restore(self, state: Any) -> None:
        """Applies what broadcast state held before a restart."""
        stored: Mapping[str, str] = dict(state.items())
        for key in sorted(stored):
            kind, _, name = key.partition(":")
            if kind == "rule":
                self._apply_rule(name, stored[key])
        if self._cards is not None:
            messages = [msgspec.json.decode(stored[key], type=CardMessage) for key in stored if key.startswith("card:")]
            for message in sorted(messages, key=lambda each: (each.epoch, each.status != "begins")):
                self._cards.on_message(message)
        if self._forests is None:
            return
        refits = [
            msgspec.json.decode(body, type=RefitMessage) for key, body in stored.items() if key.startswith("refit:")
        ]
        for each in sorted(refits, key=lambda refit: (refit.epoch, refit.status != "begins")):
            self._forests.on_refit(each)

    def _apply_rule(self, rule_id: str, body: str | None) -> bool:
        if not body:
            self.rules = self.rules.without(rule_id)
            return True
        try:
            rule = parse_rule(body.encode("utf-8", "replace"), KNOWN_FEATURES, self._detectors)
            if rule.id != rule_id:
                raise RuleError(f"rule {rule.id}: id: stands under {rule_id}, where deleting it would miss it")
            self.rules = self.rules.with_rule(rule)
        except RuleError as error:
            self._refused.inc()
            _log.warning("the rule under %r stays as it was: %s", rule_id[:64], error)
            return False
        return True


def _store_card(message: CardMessage, body: str, state: Any) -> None:
    """Keeps in broadcast state the cards that `CardRegistry` keeps."""
    made = message.status == "made"
    state.put(f"card:{message.status}:{message.epoch if made else 'latest'}", body)
    if made:
        epochs = sorted(int(name.split(":")[2]) for name, _ in state.items() if name.startswith("card:made:"))
        for epoch in epochs[:-KEPT_EPOCHS]:
            state.remove(f"card:made:{epoch}")


def _prune_and_store(refit: RefitMessage, body: str, state: Any) -> None:
    """Keeps in broadcast state the forests that `ForestRegistry` keeps, so that a restart finds what was there before."""
    fitted = refit.status == "fitted"
    state.put(f"refit:{refit.status}:{refit.epoch if fitted else 'latest'}:{refit.content_type}", body)
    if fitted:
        # Not `keys`: PyFlink 2.3 asks for a method there that broadcast state in the JVM does not have.
        names: list[str] = [name for name, _ in state.items()]
        parts = [name.split(":", 3) for name in names if name.startswith("refit:fitted:")]
        epochs = sorted(int(epoch) for _, _, epoch, content_type in parts if content_type == refit.content_type)
        for epoch in epochs[:-KEPT_EPOCHS]:
            state.remove(f"refit:fitted:{epoch}:{refit.content_type}")
