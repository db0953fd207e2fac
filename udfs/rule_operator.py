"""Base class of the operators that evaluate broadcast rules and propose changes."""

from collections.abc import Iterable
from typing import Any

from pyflink.common import Row
from pyflink.datastream import RuntimeContext
from pyflink.datastream.functions import KeyedBroadcastProcessFunction

from models.announced.registry import ModelRegistry
from models.arbitration.proposed_change import ProposedChange, encode_change
from models.epochs import NO_WATERMARK
from models.isolation_forest.registry import ForestRegistry
from models.judgement.card_registry import CardRegistry
from models.judgement.site_scores import SiteScores
from schemas.rule_conditions import Lane
from schemas.rules import Rule
from udfs import metrics
from udfs.crossing_rows import target_key
from udfs.lanes.sessions import DETECTORS
from udfs.runtime import prepare_interpreter
from udfs.runtime.subtasks import find_subtask
from udfs.stages.broadcast_control import CONTROL, BroadcastControl
from udfs.stages.model_broadcast import ModelBroadcast
from udfs.stages.rule_outcomes import RuleAcknowledger
from udfs.stages.segment_broadcast import SegmentBroadcast


class RuleEvaluatingFunction(KeyedBroadcastProcessFunction):
    """Emits proposals for the arbiter as (key of the target, (JSON)).

    The broadcast input brings rows (kind, key, body): a rule or a model as JSON or None to delete it, or a refit as JSON. `rules`
    are in force until the input changes them. Each rule of `LANES` is acknowledged to a side output, again after a restart, and
    so are models and segments by the operator that scores.
    """

    LANES: tuple[Lane, ...] = ()
    ANSWERS_UNKNOWN = False
    """Whether this operator acknowledges rules whose lane cannot be read."""

    def __init__(self, rules: tuple[Rule, ...], patch_pyflink: bool = True, require_content: bool = False) -> None:
        """`require_content`: a variant that no item in the catalogue is known to have is lacking."""
        self._rules = rules
        self._patch_pyflink = patch_pyflink
        self._require_content = require_content

    def open(self, runtime_context: RuntimeContext) -> None:
        prepare_interpreter(runtime_context, self._patch_pyflink)

    def open_rules(
        self,
        context: RuntimeContext,
        forests: ForestRegistry | None,
        cards: CardRegistry | None,
        models: ModelRegistry | None = None,
        site_scores: SiteScores | None = None,
    ) -> BroadcastControl:
        """Returns the holder of the rules and models in force. To be called in `open`."""
        group = context.get_metrics_group()
        self._proposals = group.counter(metrics.PROPOSALS)
        announced = None if models is None else ModelBroadcast(models, group.counter(metrics.REFUSED_MODELS))
        segments = None if models is None else SegmentBroadcast(group.counter(metrics.REFUSED_SEGMENTS))
        self._control = BroadcastControl(
            self._rules, forests, cards, DETECTORS, group, announced, segments, site_scores
        )
        self._acknowledger = RuleAcknowledger(self.LANES, self.ANSWERS_UNKNOWN, *find_subtask(context))
        self._control.content.dropped = group.counter(metrics.DROPPED_CONTENT)
        self._control.content.refused = group.counter(metrics.REFUSED_CONTENT)
        self._restored = False
        self.has_acknowledged = False
        self._broadcast: Any = None
        # Event time by the timers that have fired: PyFlink 2.3 cannot ask for the watermark on the broadcast side.
        self.passed_ms = NO_WATERMARK
        self.reached_ms = NO_WATERMARK
        return self._control

    def restore_broadcast_state(self, ctx: Any) -> None:
        """Restores rules and refits once. To be called before the first row: broadcast state cannot be read in `open`."""
        if not self._restored:
            self._restored = True
            self._control.restore(ctx.get_broadcast_state(CONTROL))

    def process_broadcast_element(self, value: Any, ctx: Any) -> Iterable[Any]:
        if self._broadcast is None:
            # Asked for once: each time PyFlink would make the descriptor anew in the JVM, for milliseconds.
            self._broadcast = ctx.get_broadcast_state(CONTROL)
        self.restore_broadcast_state(ctx)
        self._control.on_row(value, self._broadcast, self.passed_ms)
        return self.acknowledge_rules()

    def acknowledge_rules(self) -> list[Any]:
        """Returns the acknowledgements that are due. Not for `on_timer`: in thread mode PyFlink 2.3 has no side outputs there."""
        self.has_acknowledged = True
        rows = self._acknowledger.acknowledge(self._control.drain_outcomes(), self.reached_ms)
        for other in (self._control.models, self._control.segments):
            if other is not None:
                rows += self._acknowledger.acknowledge_others(other.drain_outcomes(), self.reached_ms)
        return rows

    def with_acknowledgements(self, records: list[Any]) -> list[Any]:
        """Adds the acknowledgements that have become due: of rules that could not be evaluated. As `acknowledge_rules`, not for
        `on_timer`; what fails there is told at the next row."""
        return [*records, *self.acknowledge_rules()] if self._control.has_outcomes else records

    def to_records(self, changes: list[ProposedChange]) -> list[Row]:
        """Encodes proposals and counts them."""
        # Lists, not generators: every row goes through here, and each `yield from` on the way costs it a microsecond.
        if not changes:
            return []
        self._proposals.inc(len(changes))
        self._control.content.add_lacks(changes, self._require_content)
        return [Row(target_key(each.command.target), Row(encode_change(each))) for each in changes]
