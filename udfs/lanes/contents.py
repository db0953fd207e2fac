"""The content lane: the last minute of one content item, over all who read it."""

from pyflink.datastream import RuntimeContext

from models.features import CONTENT_LAYOUT
from models.rules.compiled import Facts
from schemas.commands import AdjustmentCommand
from udfs.crossing_rows import ContentWindow, Numbers, Texts
from udfs.keyed_state import KeyedStateBundle
from udfs.stages.broadcast_control import ControlStage
from udfs.stages.decisions import DecisionStage
from udfs.stages.evaluation import ContentTurn
from udfs.stages.z_scores import ZScoreStage


class ContentLane:
    """Judges each window of a content item against that item's own past."""

    def __init__(self, window_ms: int, control: ControlStage) -> None:
        self._window_ms = window_ms
        self._control = control
        self._bundle = KeyedStateBundle("content-v2")
        self._z_scores = ZScoreStage("content-z-scores-v1", CONTENT_LAYOUT, self._bundle)
        self._decisions = DecisionStage("content-decisions-v1", self._bundle)

    def open(self, context: RuntimeContext) -> None:
        self._z_scores.open(context)
        self._decisions.open(context)

    def on_row(self, numbers: Numbers, texts: Texts) -> list[AdjustmentCommand]:
        window = ContentWindow.read(numbers, texts)
        turn = ContentTurn("c" + window.content_id, window, Facts())
        turn.facts.window_start_ms, turn.facts.window_end_ms = turn.at_ms - self._window_ms, turn.at_ms
        self._z_scores.on_window(turn, window.values, True)
        turn.facts.texts["content_type"] = window.content_type
        commands = self._decisions.decide(turn, self._control.book.lane("content_window"))
        self._bundle.flush(turn.key)
        return commands
