"""Base classes of the stages that evaluate a session window, and what a lane makes them from."""

from typing import Any, ClassVar, NamedTuple

from pyflink.datastream import RuntimeContext

from models.announced.registry import ModelRegistry
from models.isolation_forest.registry import ForestRegistry
from models.judgement.card_registry import CardRegistry
from models.judgement.site_scores import SiteScores
from udfs.keyed_state import KeyedStateBundle, StateField
from udfs.stages.broadcast_control import BroadcastControl
from udfs.stages.evaluation import SessionEvaluation
from udfs.stages.segment_broadcast import SegmentBroadcast


class LaneSetup(NamedTuple):
    """What the stages of the session lane share. `bundle` takes the fields of all of them, so that one write stores them."""

    window_ms: int
    slice_ms: int
    bundle: KeyedStateBundle
    control: BroadcastControl
    forests: ForestRegistry
    cards: CardRegistry
    emit_scores: bool = False
    models: ModelRegistry | None = None
    """Announced models; None where none are taken up."""
    log_features: bool = False
    segments: SegmentBroadcast | None = None
    """Segments that readers are placed in; None where none are taken up."""
    site_scores: SiteScores | None = None
    """How odd the whole site was; None where nobody tells."""


class Stage:
    """One step in the evaluation of a session window. The lane opens it, runs it on each window and clears it.

    Not an `ABC`: compiled by mypyc, the subclasses of one share its cache of `isinstance`, which then errs.
    """

    def __init__(self, *fields: StateField[Any]) -> None:
        """`fields` are the state of the stage, if it has any."""
        self._fields = fields

    def open(self, context: RuntimeContext) -> None:
        for field in self._fields:
            field.open(context)

    def on_window(self, evaluation: SessionEvaluation, ctx: Any) -> None:
        """Evaluates one window, or a silent one where `evaluation.window` is None. `ctx` is Flink's, of a row or timer."""
        raise NotImplementedError

    def clear(self, key: str) -> None:
        """Clears the state of `key`, whose session is over."""
        for field in self._fields:
            field.clear(key)


class Detector(Stage):
    """A stage that scores a window: it sets ``evaluation.signals.scores[self.name]``.

    Scores first, learns second, and learns from windows with `evaluation.may_learn` only. Rules refer to the score as
    ``{detector: NAME, above: threshold}``; session-state.v1 holds it under the same name.
    """

    name: ClassVar[str]
