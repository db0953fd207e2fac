"""What a whole session came to, for the row of its end in the feature log."""

from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import Struct

from models.features import SESSION_LAYOUT, SESSION_NAMES
from models.logged_features import NUMBER_NAMES

SUM_DECIMALS: Final = 4


class _Stored(Struct, array_like=True, omit_defaults=True):
    """In state: sums and counts by place in the layout that the header names. Names would take as much as all else."""

    minutes: int
    header: str
    sums: list[float | None]
    unknown: dict[int, int] = {}
    texts: dict[str, str] = {}
    content_id: str | None = None
    segment: str | None = None
    scores: dict[str, tuple[float, int]] = {}


class SessionSummary(Struct):
    """Sums over the minutes of a session by feature, in how many minutes each was unknown, and what was known last.

    Of scores it holds the sum and in how many minutes each was known: a model may come and go within a session. Sums are
    rounded as they grow, so that they are short in state and the same after a restart.
    """

    minutes: int = 0
    sums: dict[str, float] = {}
    unknown: dict[str, int] = {}
    texts: dict[str, str] = {}
    content_id: str | None = None
    segment: str | None = None
    score_sums: dict[str, tuple[float, int]] = {}

    def add(self, numbers: Mapping[str, float | None]) -> None:
        """Adds a minute; minutes share no second."""
        for name in SESSION_NAMES:
            number = numbers[name]
            if number is None:
                self.unknown[name] = self.unknown.get(name, 0) + 1
            elif name in self.sums:
                self.sums[name] = round(self.sums[name] + number, SUM_DECIMALS)
            else:
                self.sums[name] = round(number, SUM_DECIMALS)
                if name not in self.unknown and self.minutes:
                    # The job did not know the feature before.
                    self.unknown[name] = self.minutes
        self.minutes += 1

    def add_scores(self, scores: Mapping[str, float | None]) -> None:
        """Adds the scores of a minute."""
        for name, score in scores.items():
            if score is not None:
                total, minutes = self.score_sums.get(name, (0.0, 0))
                self.score_sums[name] = round(total + score, SUM_DECIMALS), minutes + 1

    def scores(self) -> dict[str, float | None]:
        """Returns the mean of each score over the minutes in which it was known.

        >>> summary = SessionSummary()
        >>> for score in (0.4, None, 0.6):
        ...     summary.add_scores({"anomaly": score})
        >>> summary.scores()
        {'anomaly': 0.5}
        """
        return {name: total / minutes for name, (total, minutes) in self.score_sums.items()}

    def features(self, age_ms: int) -> dict[str, float | None]:
        """Returns the mean of each feature over the minutes in which it was known, and the session's length; None for all else.

        >>> summary = SessionSummary(5, {"clicks": 6.0}, {"clicks": 1, "pages": 5})
        >>> found = summary.features(240_000)
        >>> found["clicks"], found["session_age_ms"], found["pages"]
        (1.5, 240000.0, None)
        """
        found: dict[str, float | None] = dict.fromkeys(NUMBER_NAMES)
        for name, total in self.sums.items():
            if name in found:
                found[name] = total / (self.minutes - self.unknown.get(name, 0))
        found["session_age_ms"] = float(age_ms)
        return found

    def to_text(self) -> str:
        """As text for keyed state."""
        sums = SESSION_LAYOUT.written([self.sums.get(name) for name in SESSION_NAMES])
        places = {name: place for place, name in enumerate(SESSION_LAYOUT.stored)}
        unknown = {places[name]: count for name, count in self.unknown.items()}
        stored = _Stored(
            self.minutes,
            SESSION_LAYOUT.header,
            list(sums),
            unknown,
            self.texts,
            self.content_id,
            self.segment,
            self.score_sums,
        )
        return _encode(stored).decode()

    @classmethod
    def from_text(cls, text: str) -> "SessionSummary":
        """What `to_text` wrote; a feature that the job does not know any more is left out."""
        stored = _decode(text)
        counts = [stored.unknown.get(place, 0) for place in range(len(stored.sums))]
        sums = dict(zip(SESSION_NAMES, SESSION_LAYOUT.read(stored.sums, stored.header, None), strict=True))
        unknown = dict(zip(SESSION_NAMES, SESSION_LAYOUT.read(counts, stored.header, 0), strict=True))
        return cls(
            stored.minutes,
            {name: total for name, total in sums.items() if total is not None},
            {name: count for name, count in unknown.items() if count},
            stored.texts,
            stored.content_id,
            stored.segment,
            stored.scores,
        )


_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(_Stored).decode
