"""Stage: what follows from the facts? Asks the rules and remembers what rests."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from pyflink.datastream import RuntimeContext

from models.decisions import DecisionMemory, Subject, decide
from models.rules import CompiledRule, Facts
from schemas.commands import AdjustmentCommand
from udfs.cells import Cell, Drawer

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(DecisionMemory)


class DecisionStage:
    """Owns, per target, the cooldowns and streaks of one lane.

    Each lane has its own: which of two lanes comes first can differ between a run and its replay, so neither may
    depend on what the other has just done.
    """

    def __init__(self, state: str, drawer: Drawer | None = None) -> None:
        self._cell: Cell[DecisionMemory] = Cell(
            state, lambda value: _encoder.encode(value).decode(), _decoder.decode, drawer
        )

    def open(self, context: RuntimeContext) -> None:
        self._cell.open(context)

    def decide(
        self,
        key: str,
        rules: Sequence[CompiledRule],
        facts: Facts,
        subject: Callable[[], Subject],
        at_ms: int,
        trigger: str,
        fill: Callable[[str], Any],
    ) -> list[AdjustmentCommand]:
        """The commands that follow, in the order of the rules."""
        holding = [rule for rule in rules if rule.rule.for_windows > 1 or rule.holds(facts)]
        if not holding:
            return []
        memory = self._cell.get(key) or DecisionMemory()
        commands, changed = decide(holding, facts, subject(), memory, at_ms, trigger, fill)
        if changed:
            self._cell.put(key, memory)
        return commands

    def forget(self, key: str) -> None:
        self._cell.clear(key)
