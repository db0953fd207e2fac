"""Stage: what follows from the facts? Asks the rules and remembers what rests."""

from collections.abc import Sequence

import msgspec
from pyflink.datastream import RuntimeContext

from models.rules.compiled import CompiledRule
from models.rules.evaluation import evaluate_rules
from models.state_records import DecisionState
from schemas.commands import AdjustmentCommand
from udfs.keyed_state import Cell, Drawer
from udfs.stages.evaluation import Turn

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(DecisionState)


class DecisionStage:
    """Owns, per target, the cooldowns and streaks of one lane.

    Each lane has its own: which of two lanes comes first can differ between a run and its replay, so neither may
    depend on what the other has just done.
    """

    def __init__(self, state: str, drawer: Drawer | None = None) -> None:
        self._cell: Cell[DecisionState] = Cell(
            state, lambda value: _encoder.encode(value).decode(), _decoder.decode, drawer
        )

    def open(self, context: RuntimeContext) -> None:
        self._cell.open(context)

    def decide(self, turn: Turn, rules: Sequence[CompiledRule]) -> list[AdjustmentCommand]:
        """The commands that follow, in the order of the rules."""
        memory = self._cell.get(turn.key) or DecisionState()
        commands, changed = evaluate_rules(rules, turn.facts, turn.subject, memory, turn.at_ms, turn.trigger, turn.fill)
        if changed:
            self._cell.put(turn.key, memory)
        return commands

    def forget(self, key: str) -> None:
        self._cell.clear(key)
