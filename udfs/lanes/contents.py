"""The content lane: the last minute of one content item, over all its readers."""

from pyflink.datastream import RuntimeContext

from models.features import CONTENT_LAYOUT
from models.rules.compiled import Facts
from schemas.commands import AdjustmentCommand
from udfs.crossing_rows import ContentWindow, Numbers, Texts
from udfs.keyed_state import KeyedStateBundle
from udfs.stages.broadcast_control import BroadcastControl
from udfs.stages.decisions import DecisionStage
from udfs.stages.evaluation import ContentEvaluation
from udfs.stages.window_refill import WindowRefill
from udfs.stages.z_scores import ZScoreStage


class ContentLane:
    """Evaluates each window of a content item against that item's own past."""

    def __init__(self, window_ms: int, control: BroadcastControl, refill: WindowRefill) -> None:
        self._window_ms = window_ms
        self._control = control
        self._refill = refill
        self._bundle = KeyedStateBundle("content-v2")
        self._z_scores = ZScoreStage("content-z-scores-v1", CONTENT_LAYOUT, self._bundle)
        self._decisions = DecisionStage("content-decisions-v1", self._bundle)

    def open(self, context: RuntimeContext) -> None:
        self._z_scores.open(context)
        self._decisions.open(context)

    def on_row(self, numbers: Numbers, texts: Texts) -> list[AdjustmentCommand]:
        window = ContentWindow.from_crossing(numbers, texts)
        self._refill.on_row(window.end_ms)
        if self._refill.lacks_slices(window.end_ms):
            return []
        evaluation = ContentEvaluation(window, Facts())
        facts = evaluation.facts
        facts.window_start_ms, facts.window_end_ms = evaluation.at_ms - self._window_ms, evaluation.at_ms
        self._z_scores.on_window(evaluation, window.values, True)
        facts.texts["content_type"] = window.content_type
        commands = self._decisions.decide(evaluation, self._control.rules.lane("content_window"))
        self._bundle.flush(evaluation.key)
        return commands
