"""What may be chosen about a training."""

from dataclasses import dataclass
from typing import Final

from models.learning.parity import PARITY_ROWS
from models.learning.tasks import LabelTask, NumberTask, Task
from models.predictions.kinds import PREDICTED, PredictionKind

MAX_HALF_WIDTH_WORDS: Final = 200.0


@dataclass(frozen=True, slots=True)
class TrainingOptions:
    """What may be chosen. `coverage` is the share of later truths that intervals or sets of labels are to hold."""

    kind: PredictionKind
    target: str
    seed: int = 1
    segment: str | None = None
    coverage: float | None = None
    max_half_width: float | None = MAX_HALF_WIDTH_WORDS
    unit: str = "words"
    parity_rows: int = PARITY_ROWS
    code_version: str = "unknown"

    @property
    def task(self) -> Task:
        if not PREDICTED[self.kind].is_number:
            return LabelTask(0.8 if self.coverage is None else self.coverage)
        return NumberTask(0.9 if self.coverage is None else self.coverage, self.max_half_width, self.unit)
