"""Compares range after range of ended sessions with the reference range."""

from collections.abc import Mapping, Sequence
from typing import Final

from models.drift.unknown_share import UnknownFinding, UnknownWatch
from models.drift.watch import MIN_ROWS, DriftWatch, Finding
from models.logged_features import OF_ALL_READERS
from schemas.drift import DriftLook, DriftReading, UnknownShare
from schemas.features import FeatureRow

NAN: Final = float("nan")
SCORE: Final = "score "
"""Before the name of a score, where names of features and scores stand together."""

MAX_REFERENCE_ROWS: Final = 5_000
"""More would make the tests no sharper on ranges of some hundred rows."""


class DriftRanges:
    """A session is one row, at its end: windows of one reader are alike, and a test would take them for evidence.

    Until `reference_rows` sessions have ended there is nothing to compare with, unless a reference is given.
    """

    def __init__(self, reference_rows: int = 1_000, range_rows: int = 200) -> None:
        self._reference_rows, self._range_rows = reference_rows, range_rows
        self._rows: list[dict[str, float]] = []
        self._watch: DriftWatch | None = None
        self._unknown_watch = UnknownWatch({})
        self.looks = 0
        self.judged: list[Finding] = []
        """All numbers as the last look found them, drifted or not."""
        self.unknown: list[UnknownFinding] = []
        """The features that the last look found unknown in more sessions than the reference."""

    @property
    def has_reference(self) -> bool:
        return self._watch is not None

    def set_reference(self, rows: Sequence[FeatureRow]) -> bool:
        """Compares with these sessions from now on, as with the range that a model was trained on. Returns False where they are
        too few: nothing could ever be told to drift from them, so the reference is formed as without one."""
        ended = [numbers(row) for row in rows if row.kind == "session_end"]
        if len(ended) < MIN_ROWS:
            return False
        self._set(ended)
        return True

    def renew_reference(self) -> None:
        """Forms a reference of the sessions that end from now on, as after a retraining."""
        self._watch, self._rows = None, []

    def add(self, row: FeatureRow) -> list[Finding]:
        """Takes in an ended session. Returns what has drifted, at the end of each range."""
        self._rows.append(numbers(row))
        if self._watch is None:
            if len(self._rows) >= self._reference_rows:
                self._set(self._rows)
            return []
        if len(self._rows) < self._range_rows:
            return []
        columns = _columns(self._rows)
        self.judged = self._watch.judge(columns)
        self.unknown = [each for each in self._unknown_watch.judge(columns, len(self._rows)) if each.has_risen]
        self.looks += 1
        self._rows = []
        return [each for each in self.judged if each.has_drifted]

    def _set(self, rows: Sequence[Mapping[str, float]]) -> None:
        # Every n-th of a long range, so that all of it counts.
        step = -(-len(rows) // MAX_REFERENCE_ROWS) or 1
        columns = _columns(rows[::step])
        self._watch = DriftWatch(columns)
        # A score is unknown where its model is silent, or is not announced any more: neither is a fault of what is sent.
        self._unknown_watch = UnknownWatch({name: each for name, each in columns.items() if not name.startswith(SCORE)})
        self._rows = []


def numbers(row: FeatureRow) -> dict[str, float]:
    """The features and scores of a row that tell of its reader, NaN where unknown."""
    own = {name: value for name, value in row.features.items() if name not in OF_ALL_READERS}
    found = {name: NAN if value is None else value for name, value in own.items()}
    return found | {SCORE + name: NAN if value is None else value for name, value in row.scores.items()}


def _columns(rows: Sequence[Mapping[str, float]]) -> dict[str, list[float]]:
    names = sorted({name for row in rows for name in row})
    return {name: [row.get(name, NAN) for row in rows] for name in names}


def to_look(judged: Sequence[Finding], unknown: Sequence[UnknownFinding], at_ms: int) -> DriftLook:
    """The record of drift.v1."""
    readings = [
        DriftReading(
            each.subject.removeprefix(SCORE),
            "score" if each.subject.startswith(SCORE) else "feature",
            each.psi,
            each.psi_threshold,
            each.distance,
            each.p,
            each.rows,
            each.has_drifted,
        )
        for each in judged
    ]
    return DriftLook(
        at_ms, readings, [UnknownShare(each.subject, each.share, each.reference_share, each.rows) for each in unknown]
    )
