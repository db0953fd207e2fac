"""Compares range after range of ended sessions with the reference range."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from models.drift.answered_share import AnswerWatch, SilenceFinding
from models.drift.category_watch import CategoryWatch
from models.drift.unknown_share import UnknownFinding, UnknownWatch
from models.drift.watch import LEVEL, MIN_ROWS, DriftWatch, Finding
from models.feature_stream.subjects import CONTEXT, KINDS, SCORE, is_score_of, named
from models.logged_features import OF_ALL_READERS
from models.session_clock import SESSION_END_MS
from schemas.drift import DriftLook, DriftReading, SilentModel, UnknownShare
from schemas.features import FeatureRow

NAN: Final = float("nan")
MAX_REFERENCE_ROWS: Final = 5_000
"""More would make the tests no sharper on ranges of some hundred rows."""


class DriftRanges:
    """A session is one row, at its end: windows of one reader are alike, and a test would take them for evidence.

    Until `reference_rows` sessions have ended there is nothing to compare with, unless a reference is given. A new reference
    waits for the end of the range that is being collected, which is compared with the old one: else no range would be complete
    where references are renewed more often. It does not wait where readers are known to have drifted from the old one.
    """

    def __init__(self, reference_rows: int = 1_000, range_rows: int = 200) -> None:
        self.reference_rows, self._range_rows = reference_rows, range_rows
        self._rows: list[Ended] = []
        """Of the range."""
        self._collected: list[Ended] | None = []
        """For a reference that is formed of the sessions that end; None while none is."""
        self._waiting: list[Ended] | None = None
        """A new reference that waits for the end of the range."""
        self._watch: DriftWatch | None = None
        self._has_drifted = False
        """Whether the last look found that readers have drifted from the reference."""
        self.readers_since_ms: int | None = None
        """When the range ended in which the last drift of readers was found first, None before any: sessions that ended earlier
        may be of other readers. It outlasts references, of which each model that is trained again brings one."""
        self._category_watch = CategoryWatch({})
        self._numbers: dict[str, list[float]] = {}
        self._texts: dict[str, list[str | None]] = {}
        """Of the reference, by name."""
        self._scored: list[Ended] = []
        """Of ranges, for scores that the reference lacks."""
        self._newest_ms = self._scores_from_ms = 0
        """When the newest session ended, and from when on sessions that end have scores of the versions in force."""
        self._unknown_watch = UnknownWatch({})
        self._answer_watch = AnswerWatch()
        """Lasts longer than a reference: a model that stays silent after a retraining must not pass for usual."""
        self.looks = 0
        self.judged: list[Finding] = []
        """All numbers as the last look found them, drifted or not."""
        self.unknown: list[UnknownFinding] = []
        """The features and texts that the last look found unknown in more sessions than the reference."""
        self.silent: list[SilenceFinding] = []
        """The models that the last look found to answer far fewer sessions than they did."""

    def set_reference(self, rows: Sequence[FeatureRow]) -> bool:
        """Compares with these sessions of a training range from now on. Returns False where they are too few: nothing could ever
        be told to drift from them, and all stays as it was.

        Their scores are of versions before the one that was trained on them, and another version scores otherwise: scores are
        compared with those of sessions that end an hour later and on, most of which have begun since, once there are two ranges
        of them.
        """
        ended = [Ended.of(row, is_of_training=True) for row in rows if row.kind == "session_end"]
        if len(ended) < MIN_ROWS:
            return False
        self._scores_from_ms = self._newest_ms + 2 * SESSION_END_MS if self._newest_ms else 0
        self._take_over(ended)
        return True

    def renew_reference(self, rows: Sequence[FeatureRow] = ()) -> None:
        """Forms a reference of these sessions of a training range and those that end from now on, where too little of the range
        is known. Until it is complete the old one serves, unless readers are known to have drifted from it; one that is being
        formed already is formed on."""
        if self._has_drifted:
            self._watch, self._rows, self._waiting = None, [], None
            self._has_drifted = False
        if not self._collected:
            self._collected = [Ended.of(row, is_of_training=True) for row in rows if row.kind == "session_end"]

    def go_on(self, readers_since_ms: int, has_drifted: bool) -> None:
        """Takes over from a learner that has ended when readers drifted last, and whether its last look found that they have."""
        self.readers_since_ms, self._has_drifted = readers_since_ms, has_drifted

    def _take_over(self, reference: list["Ended"]) -> None:
        self._collected = None
        if self._watch is None or self._has_drifted or not self._rows:
            self._set(reference)
        else:
            self._waiting = reference

    def add(self, row: FeatureRow) -> list[Finding]:
        """Takes in an ended session. Returns what has drifted, at the end of each range."""
        ended = Ended.of(row)
        # A learner that starts again reads the last hour again, which may have been before the drift.
        if self.readers_since_ms is not None and ended.at_ms < self.readers_since_ms:
            return []
        self._newest_ms = max(self._newest_ms, ended.at_ms)
        if self._watch is not None:
            self._rows.append(ended)
        found = self._look() if len(self._rows) >= self._range_rows else []
        if self._collected is not None:
            self._collected.append(ended)
            if len(self._collected) >= self.reference_rows:
                self._take_over(self._collected)
        if self._waiting is not None and not self._rows:
            # It is from before: that readers have drifted, as the look has just found, is as true of it.
            has_drifted = self._has_drifted
            self._set(self._waiting)
            self._has_drifted = has_drifted
        return found

    def _look(self) -> list[Finding]:
        assert self._watch is not None, "rows of a range are kept while there is a reference"
        columns, texts = _columns(self._rows), _texts(self._rows)
        judged = self._watch.judge(columns)
        judged += [replace(each, subject=CONTEXT + each.subject) for each in self._category_watch.judge(texts)]
        self.judged = sorted(judged, key=lambda each: (-each.psi, each.subject))
        marked = columns | _marks(texts)
        self.unknown = [each for each in self._unknown_watch.judge(marked, len(self._rows)) if each.has_risen]
        self.silent = self._answer_watch.judge(_answered(self._rows), len(self._rows))
        self.looks += 1
        found = [each for each in self.judged if each.has_drifted]
        # A score may change without the readers, as that of the job's own forest does, which is trained anew.
        has_drifted = bool(self.unknown) or any(named(each.subject)[1] != "score" for each in found)
        if has_drifted and not self._has_drifted:
            self.readers_since_ms = max(each.at_ms for each in self._rows)
            # What has been collected for a reference is of the readers of before, too.
            self._collected = None if self._collected is None else []
        if not has_drifted:
            self._complete_scores()
        self._has_drifted, self._rows = has_drifted, []
        return found

    def _complete_scores(self) -> None:
        """Collects ranges for scores that the reference lacks, and takes these in once they are enough."""
        assert self._watch is not None
        watched = set(self._watch.subjects)
        known = {name for row in self._rows for name, value in row.numbers.items() if value == value}
        if all(name in watched or not name.startswith(SCORE) for name in known):
            return
        self._scored += [each for each in self._rows if each.at_ms >= self._scores_from_ms]
        if len(self._scored) >= min(self.reference_rows, 2 * self._range_rows):
            columns = _columns(self._scored)
            self._compare_with({each: columns[each] for each in columns.keys() - watched if each.startswith(SCORE)})

    def _compare_with(self, scores: Mapping[str, list[float]]) -> None:
        """Watches the numbers and texts of the reference, and these scores."""
        self._numbers = self._numbers | dict(scores)
        # One level for all: numbers and texts share it by how many there are.
        share = len(self._texts) / max(1, len(self._texts) + len(self._numbers))
        self._watch = DriftWatch(self._numbers, LEVEL * (1.0 - share))
        self._category_watch = CategoryWatch(self._texts, LEVEL * share)
        self._scored = []

    def _set(self, rows: Sequence["Ended"]) -> None:
        # While there is a reference each range is looked at, and what was counted there counts once.
        is_unseen = self._watch is None
        # Every n-th of a long range, so that all of it counts.
        step = -(-len(rows) // MAX_REFERENCE_ROWS) or 1
        kept = rows[::step]
        self._numbers, self._texts = _columns(kept, is_reference=True), _texts(kept)
        self._compare_with({})
        # A score that is unknown is no fault of what is sent; that a model goes silent is a finding of its own.
        known = {name: each for name, each in self._numbers.items() if not name.startswith(SCORE)}
        self._unknown_watch = UnknownWatch(known | _marks(self._texts))
        if is_unseen:
            self._answer_watch.judge(_answered(kept), len(kept))
        self._rows, self._waiting, self._has_drifted = [], None, False


@dataclass(frozen=True, slots=True)
class Ended:
    """What is compared of an ended session: numbers by name, NaN where unknown, and texts, None where unknown.

    A session of a training range was scored by versions before the one in force.
    """

    numbers: dict[str, float]
    texts: dict[str, str | None]
    at_ms: int
    is_of_training: bool = False

    @classmethod
    def of(cls, row: FeatureRow, is_of_training: bool = False) -> "Ended":
        return cls(numbers(row), row.context, row.window_end_ms, is_of_training)


def numbers(row: FeatureRow) -> dict[str, float]:
    """The features and scores of a row that tell of its reader, NaN where unknown."""
    own = {name: value for name, value in row.features.items() if name not in OF_ALL_READERS}
    found = {name: NAN if value is None else value for name, value in own.items()}
    return found | {SCORE + name: NAN if value is None else value for name, value in row.scores.items()}


def _columns(rows: Sequence[Ended], is_reference: bool = False) -> dict[str, list[float]]:
    """The numbers by name; in a reference without scores of a training range."""
    names = sorted({name for row in rows for name in row.numbers})
    return {
        name: [
            NAN if is_reference and row.is_of_training and name.startswith(SCORE) else row.numbers.get(name, NAN)
            for row in rows
        ]
        for name in names
    }


def _texts(rows: Sequence[Ended]) -> dict[str, list[str | None]]:
    names = sorted({name for row in rows for name in row.texts})
    return {name: [row.texts.get(name) for row in rows] for name in names}


def _marks(texts: Mapping[str, Sequence[str | None]]) -> dict[str, list[float]]:
    """Texts as the watch for unknown values takes them: a number where known, else NaN."""
    return {CONTEXT + name: [NAN if text is None else 1.0 for text in each] for name, each in texts.items()}


def _answered(rows: Sequence[Ended]) -> dict[str, int]:
    """In how many sessions each kind of model in force has answered; one in shadow is not among them."""
    found: Counter[str] = Counter()
    for row in rows:
        known = {
            name.removeprefix(SCORE) for name, value in row.numbers.items() if value == value and name.startswith(SCORE)
        }
        found.update({kind for kind in KINDS if any(is_score_of(name, kind) for name in known)})
    return dict(found)


def to_look(
    judged: Sequence[Finding], unknown: Sequence[UnknownFinding], silent: Sequence[SilenceFinding], at_ms: int
) -> DriftLook:
    """The record of drift.v1."""
    readings = [
        DriftReading(
            *named(each.subject),
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
        at_ms,
        readings,
        [UnknownShare(named(each.subject)[0], each.share, each.reference_share, each.rows) for each in unknown],
        [SilentModel(each.model, each.share, each.usual_share, each.rows) for each in silent],
    )
