"""Stage: in which content type does the reader suddenly spend more time?"""

import msgspec
from pyflink.datastream import RuntimeContext

from models.detectors.categories import CategoryTimes, parse_engaged
from udfs.keyed_state import KeyedStateBundle, StateField
from udfs.stages.evaluation import SessionTurn

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(dict[str, list[float]])


class CategoryStage:
    """Owns the time per content type of each session."""

    def __init__(self, bundle: KeyedStateBundle | None = None) -> None:
        self._field: StateField[CategoryTimes] = StateField(
            "categories-v1",
            lambda times: _encoder.encode(times.entries).decode(),
            lambda text: CategoryTimes(_decoder.decode(text)),
            bundle,
        )

    def open(self, context: RuntimeContext) -> None:
        self._field.open(context)

    def on_window(self, turn: SessionTurn) -> None:
        """Adds `category_rise_z` and the category's name to the facts."""
        if turn.window is None or not turn.is_typical:
            return
        times = self._field.get(turn.key) or CategoryTimes()
        engaged = parse_engaged(turn.window.engaged_by_type)
        if not engaged and not times.entries:
            return
        turn.rise = times.judge_and_learn(engaged, turn.at_ms)
        self._field.set(turn.key, times)
        if turn.rise is not None:
            turn.facts.live["category_rise_z"] = turn.rise.z

    def forget(self, key: str) -> None:
        self._field.clear(key)
