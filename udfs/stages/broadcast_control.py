"""Stage: what every subtask has to know. Rules and refits come by broadcast and are taken up again after a restart."""

import logging
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from pyflink.common import Types
from pyflink.datastream.state import MapStateDescriptor

from models.isolation_forest.messages import Refit
from models.isolation_forest.registry import KEPT_EPOCHS
from models.rules.compiled import KNOWN_FEATURES
from models.rules.evaluation import RuleSet
from schemas.rules import Rule, RuleError, parse_rule
from udfs.stages.isolation_forest import ForestStage

_log: Final = logging.getLogger(__name__)

CONTROL: Final = MapStateDescriptor("control-v1", Types.STRING(), Types.STRING())
"""Broadcast state: rules and refits by ``kind:…``. Bounded by the number of rules and content types."""


class ControlStage:
    """Owns the rules in force, and passes refits on to the forests, where there are any."""

    def __init__(self, rules: tuple[Rule, ...], forest: ForestStage | None, refused: Any) -> None:
        self.book = RuleSet(rules)
        self._forest = forest
        self._refused = refused

    def on_row(self, row: Any, state: Any) -> None:
        """Applies one control row (kind, key, body) and notes it in broadcast `state`.

        A rule that cannot be used changes nothing: whoever put it there was told by the command line, and the last good
        version stays in force.
        """
        kind, key, body = row
        if kind == "rule":
            if self._apply_rule(key, body):
                state.put(f"rule:{key}", body or "")
        elif self._forest is not None:
            refit = msgspec.json.decode(body, type=Refit)
            self._forest.on_refit(refit)
            _keep(refit, body, state)

    def restore(self, state: Any) -> None:
        """Takes up what broadcast state held before a restart."""
        held: Mapping[str, str] = dict(state.items())
        for key in sorted(held):
            kind, _, name = key.partition(":")
            if kind == "rule":
                self._apply_rule(name, held[key])
        if self._forest is None:
            return
        refits = [msgspec.json.decode(body, type=Refit) for key, body in held.items() if key.startswith("refit:")]
        for each in sorted(refits, key=lambda refit: (refit.epoch, refit.status != "begins")):
            self._forest.on_refit(each)

    def _apply_rule(self, rule_id: str, body: str | None) -> bool:
        if not body:
            self.book = self.book.without(rule_id)
            return True
        try:
            rule = parse_rule(body.encode("utf-8", "replace"), KNOWN_FEATURES)
            if rule.id != rule_id:
                raise RuleError(f"rule {rule.id}: id: stands under {rule_id}, where deleting it would miss it")
            self.book = self.book.with_rule(rule)
        except RuleError as error:
            self._refused.inc()
            _log.warning("the rule under %r stays as it was: %s", rule_id[:64], error)
            return False
        return True


def _keep(refit: Refit, body: str, state: Any) -> None:
    """Leaves in broadcast state the forests that `Forests` keeps, so that a restart finds what was there before."""
    fitted = refit.status == "fitted"
    state.put(f"refit:{refit.status}:{refit.epoch if fitted else 'latest'}:{refit.content_type}", body)
    if fitted:
        # Not `keys`: PyFlink 2.3 asks for a method there that broadcast state in the JVM does not have.
        names: list[str] = [name for name, _ in state.items()]
        places = [name.split(":", 3) for name in names if name.startswith("refit:fitted:")]
        epochs = sorted(int(epoch) for _, _, epoch, content_type in places if content_type == refit.content_type)
        for epoch in epochs[:-KEPT_EPOCHS]:
            state.remove(f"refit:fitted:{epoch}:{refit.content_type}")
