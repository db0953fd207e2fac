"""What training found out about a model: data, metrics, checks. Stored beside the card; reports are drawn from it alone."""

from typing import Final

from msgspec import Struct

from models.predictions.kinds import DETECTOR_KINDS
from schemas.model_cards import MetricValue

MODEL: Final = "model"
CONSTANT: Final = "best constant"
LINEAR: Final = "linear model"
INCUMBENT: Final = "incumbent"


class Range(Struct):
    """Rows of one range; times are None where the examples have none."""

    name: str
    rows: int
    from_ms: int | None = None
    until_ms: int | None = None


class InputSummary(Struct):
    """What training saw of one input: numbers from `least` to `greatest`, of which `low` to `high` is the training range that the
    job keeps to, or the texts of a category with their rows."""

    name: str
    importance: float
    missing: int
    low: float | None = None
    high: float | None = None
    texts: dict[str, int] = {}
    least: float | None = None
    greatest: float | None = None


class Comparison(Struct):
    """A rival on the later range. `advantage` is its loss minus the model's, row by row: above 0 the model is better.

    `rows` are those that were compared; None in evaluations of earlier releases.
    """

    name: str
    metrics: dict[str, MetricValue]
    advantage: MetricValue
    rows: int | None = None
    is_silent: bool = False
    """Whether the rival, a model in force, would answer less than half of the rows, or too few to judge by."""
    notes: list[str] = []
    """What speaks against the comparison."""


class CalibrationBin(Struct):
    """Rows of the later range with like predictions: mean prediction beside mean truth, or probability beside share of hits."""

    predicted: float
    true: float
    rows: int


class Check(Struct):
    """One condition of the gate; `detail` is a sentence with the numbers.

    `asked` is false in evaluations of earlier releases alone, where an incumbent could not be asked: that keeps a model out.
    """

    name: str
    passed: bool
    detail: str
    asked: bool = True

    @property
    def verdict(self) -> str:
        """What a table shows: yes, no or not asked."""
        return ("yes" if self.passed else "no") if self.asked else "not asked"


class Evaluation(Struct):
    """All findings of one training, in the order of the report."""

    model_id: str
    kind: str
    target: str
    unit: str
    source: str
    seed: int
    loss: str
    ranges: list[Range]
    unused_rows: int
    dropped_rows: int
    inputs: list[InputSummary]
    metrics: dict[str, MetricValue]
    comparisons: list[Comparison]
    calibration: list[CalibrationBin]
    points: list[tuple[float, float]]
    """Predicted against true, of some rows of the later range; empty for labels."""
    checks: list[Check]
    incumbent: str | None = None
    left_out: list[str] = []
    """Columns of texts of which none stands in enough rows to learn from."""
    all_later: dict[str, MetricValue] = {}
    """Metrics of all later rows, with those about which the job would be silent; empty for detectors, which never are."""
    left_out_rows: dict[str, int] = {}
    """Rows whose truth is no use, by reason."""
    labelled_windows: int | None = None
    """Of detectors, windows that people labelled odd or ordinary, in all ranges; None in evaluations of earlier releases."""

    @property
    def is_detector(self) -> bool:
        return self.kind in DETECTOR_KINDS

    @property
    def compared_with(self) -> str:
        """The version that was in force, or what stands in for one."""
        if self.incumbent is not None:
            return self.incumbent
        if self.is_detector:
            is_damaged = any(each.name == INCUMBENT for each in self.checks)
            return f"nothing: {'the version in force is damaged' if is_damaged else 'no version was in force'}"
        return f"no incumbent: the {CONSTANT} and a {LINEAR}"

    @property
    def truth_words(self) -> str:
        """How many rows tell the truth: of a detector windows, and those that are labelled."""
        if not self.is_detector:
            return f"{self.unused_rows:,} rows without truth"
        windows = f"{sum(each.rows for each in self.ranges) + self.dropped_rows:,} windows"
        return windows if self.labelled_windows is None else f"{windows}, {self.labelled_windows:,} of them labelled"

    @property
    def passed(self) -> bool:
        return not self.reasons

    @property
    def reasons(self) -> list[str]:
        """Why the gate keeps the model out; empty where it does not."""
        return [each.detail for each in self.checks if not (each.passed and each.asked)]
