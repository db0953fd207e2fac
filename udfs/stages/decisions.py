"""Stage: what follows from the facts? Asks the rules and remembers what rests."""

from collections.abc import Sequence

from pyflink.datastream import RuntimeContext

from models.rules.compiled import CompiledRule
from models.rules.evaluation import decide
from models.state_records import DecisionMemory
from schemas.commands import AdjustmentCommand
from udfs.keyed_state import KeyedStateBundle, StateField
from udfs.stages.evaluation import Turn


class DecisionStage:
    """Owns, per target, the cooldowns and streaks of one lane.

    Each lane has its own: which of two lanes comes first can differ between a run and its replay, so neither may
    depend on what the other has just done.
    """

    def __init__(self, state: str, bundle: KeyedStateBundle | None = None) -> None:
        self._field = StateField.json(state, DecisionMemory, bundle)

    def open(self, context: RuntimeContext) -> None:
        self._field.open(context)

    def decide(self, turn: Turn, rules: Sequence[CompiledRule]) -> list[AdjustmentCommand]:
        """The commands that follow, in the order of the rules."""
        memory = self._field.get(turn.key) or DecisionMemory()
        commands, changed = decide(rules, turn.facts, turn.subject, memory, turn.at_ms, turn.trigger, turn.fill)
        if changed:
            self._field.set(turn.key, memory)
        return commands

    def forget(self, key: str) -> None:
        self._field.clear(key)
