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

    def set_reference(self, rows: Sequence[FeatureRow], versions: Mapping[str, int] | None = None) -> bool:
        """Compares with these sessions from now on, as with the range that a model was trained on. Returns False where they are
        too few: nothing could ever be told to drift from them, and all stays as it was.

        `versions` are those in force by model: scores of others are not compared with, since a new version scores otherwise.
        """
        ended = [Ended.of(row, versions) for row in rows if row.kind == "session_end"]
        if len(ended) < MIN_ROWS:
            return False
        self._take_over(ended)
        return True

    def renew_reference(self, rows: Sequence[FeatureRow] = (), versions: Mapping[str, int] | None = None) -> None:
        """Forms a reference of these sessions and those that end from now on, as after a retraining of whose range too little is
        known. Until it is complete the old one serves, unless readers are known to have drifted from it; one that is being formed
        already is formed on."""
        if self._has_drifted:
            self._watch, self._rows, self._waiting = None, [], None
            self._has_drifted = False
        if not self._collected:
            self._collected = [Ended.of(row, versions) for row in rows if row.kind == "session_end"]

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
        self._has_drifted, self._rows = has_drifted, []
        return found

    def _set(self, rows: Sequence["Ended"]) -> None:
        # While there is a reference each range is looked at, and what was counted there counts once.
        is_unseen = self._watch is None
        # Every n-th of a long range, so that all of it counts.
        step = -(-len(rows) // MAX_REFERENCE_ROWS) or 1
        kept = rows[::step]
        columns, texts = _columns(kept, with_stale=False), _texts(kept)
        # One level for all: numbers and texts share it by how many there are.
        share = len(texts) / max(1, len(texts) + len(columns))
        self._watch = DriftWatch(columns, LEVEL * (1.0 - share))
        self._category_watch = CategoryWatch(texts, LEVEL * share)
        # A score that is unknown is no fault of what is sent; that a model goes silent is a finding of its own.
        known = {name: each for name, each in columns.items() if not name.startswith(SCORE)}
        self._unknown_watch = UnknownWatch(known | _marks(texts))
        if is_unseen:
            self._answer_watch.judge(_answered(kept), len(kept))
        self._rows, self._waiting, self._has_drifted = [], None, False


@dataclass(frozen=True, slots=True)
class Ended:
    """What is compared of an ended session: numbers by name, NaN where unknown, and texts, None where unknown.

    `stale` are names of scores by versions that are not in force any more.
    """

    numbers: dict[str, float]
    texts: dict[str, str | None]
    at_ms: int
    stale: frozenset[str] = frozenset()

    @classmethod
    def of(cls, row: FeatureRow, versions: Mapping[str, int] | None = None) -> "Ended":
        stale = frozenset() if versions is None else stale_scores(row, versions)
        return cls(numbers(row), row.context, row.window_end_ms, stale)


def numbers(row: FeatureRow) -> dict[str, float]:
    """The features and scores of a row that tell of its reader, NaN where unknown."""
    own = {name: value for name, value in row.features.items() if name not in OF_ALL_READERS}
    found = {name: NAN if value is None else value for name, value in own.items()}
    return found | {SCORE + name: NAN if value is None else value for name, value in row.scores.items()}


def stale_scores(row: FeatureRow, versions: Mapping[str, int]) -> frozenset[str]:
    """The names of scores by versions that are not in force any more, where `versions` says which are, by model."""
    replaced = [
        kind
        for kind in row.models.keys() & KINDS
        if row.models[kind] != versions.get(f"{kind}.{row.segment}" if kind in row.segment_models else kind)
    ]
    return frozenset(SCORE + name for name in row.scores if any(is_score_of(name, kind) for kind in replaced))


def _columns(rows: Sequence[Ended], with_stale: bool = True) -> dict[str, list[float]]:
    names = sorted({name for row in rows for name in row.numbers})
    return {
        name: [NAN if name in row.stale and not with_stale else row.numbers.get(name, NAN) for row in rows]
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
