"""Scores each minute of the whole site against the site's own past minutes, and says when one is out of the ordinary."""

from collections.abc import Iterator
from datetime import UTC, datetime
from math import expm1, log1p
from typing import Final, NamedTuple

import msgspec

from models.judgement.stream_detector import StreamDetector
from schemas.alerts import Alert, Severity, alert_id
from schemas.events import LATEST_MS

MINUTE_MS: Final = 60_000
ALERT_SCORE: Final = 0.55
"""Score from which a minute is told of. Chosen by `python -m infra.bench.site_alarms --seeds 1,2,3`."""

CRITICAL_SCORE: Final = 0.75
"""Three times as odd as the oddest so far."""

FIRST_MINUTES: Final = 360
"""Minutes before the first alert: until then little is as odd as what comes first."""

REST_MS: Final = 3_600_000
"""Event time after an alert in which only an odder minute is told of: a third of the readers gone must not hide that all are."""

MAX_SILENT_MINUTES: Final = 60
"""Minutes without any event that are scored as such. Later nobody is there, and the next minute with one follows on the last."""

RUNBOOK: Final = "infra/docs/judgement.md#the-site-as-a-whole"
SUBJECT: Final = "site"
METHOD: Final = "stream_detector"

_WORDS: Final = {
    "value": "the minute by itself",
    "step": "the step from the minute before",
    "short_mean": "the last quarter of an hour",
    "short_restlessness": "how it has wavered for a quarter of an hour",
    "long_mean": "the last hours",
    "long_restlessness": "how it has wavered for hours",
    "hour": "what this hour of the day usually brings",
}
"""What each signal of the detector looks at."""


class SiteMinute(NamedTuple):
    """A minute that is over. `score` is None while the site is not known well enough."""

    end_ms: int
    score: float | None
    alert: Alert | None


class _State(msgspec.Struct, array_like=True):
    """As text in keyed state."""

    detector: str
    last_ms: int
    active_ms: int
    alerted_ms: int
    minutes: int
    alerted_score: float = 1.0
    """None is odder: after an alert of a version that did not keep it, all is quiet for an hour."""


class SiteStream:
    """Follows the engaged time of all readers together, minute by minute. Text in state restores it exactly."""

    __slots__ = ("_active_ms", "_alerted_ms", "_alerted_score", "_detector", "_last_ms", "_minutes")

    def __init__(self) -> None:
        self._detector = StreamDetector()
        self._last_ms = self._active_ms = self._alerted_ms = self._minutes = 0
        self._alerted_score = 1.0

    def is_new(self, end_ms: int) -> bool:
        """Whether that minute has not been scored yet."""
        return end_ms > self._last_ms

    def next_ms(self) -> int | None:
        """When the next minute is over, be it silent; None where nobody has been there for long."""
        is_silent = self._last_ms - self._active_ms >= MAX_SILENT_MINUTES * MINUTE_MS
        return None if is_silent or not self._last_ms else self._last_ms + MINUTE_MS

    def on_minute(self, end_ms: int, engaged_ms: float) -> SiteMinute:
        """Scores a minute in which there were events, then learns it."""
        self._active_ms = end_ms
        return self._score(end_ms, engaged_ms)

    def silent_minutes(self, until_ms: int) -> Iterator[SiteMinute]:
        """Scores the minutes up to `until_ms` in which nothing came."""
        while (end_ms := self.next_ms()) is not None and end_ms <= until_ms:
            yield self._score(end_ms, 0.0)

    def _score(self, end_ms: int, engaged_ms: float) -> SiteMinute:
        usual_ms = expm1(self._detector.mean()) * MINUTE_MS
        # By ratio: half of the readers by night is as odd as half of them by day.
        score = self._detector.score(log1p(engaged_ms / MINUTE_MS), end_ms)
        self._last_ms, self._minutes = end_ms, self._minutes + 1
        if score is None or score < ALERT_SCORE or self._minutes <= FIRST_MINUTES:
            return SiteMinute(end_ms, score, None)
        if end_ms - self._alerted_ms < REST_MS and score <= self._alerted_score:
            return SiteMinute(end_ms, score, None)
        self._alerted_ms, self._alerted_score = end_ms, score
        return SiteMinute(end_ms, score, self._alert(end_ms, score, engaged_ms, usual_ms))

    def _alert(self, end_ms: int, score: float, engaged_ms: float, usual_ms: float) -> Alert:
        severity: Severity = "critical" if score >= CRITICAL_SCORE else "warning"
        # The minute that ends after the last event there can be is beyond the calendar.
        at = datetime.fromtimestamp(min(end_ms, LATEST_MS) / 1000, UTC)
        text = (
            f"the site is out of the ordinary: in the minute up to {at:%Y-%m-%d %H:%M} UTC all readers together were engaged for "
            f"{engaged_ms / 1000:,.0f} s, where {usual_ms / 1000:,.0f} s is usual; most unlike its past is "
            f"{_WORDS[self._detector.strongest() or 'value']}"
        )
        return Alert(
            alert_id("site_anomaly", SUBJECT, end_ms, METHOD),
            end_ms,
            "site_anomaly",
            severity,
            SUBJECT,
            score,
            ALERT_SCORE,
            text,
            RUNBOOK,
            METHOD,
        )

    def to_text(self) -> str:
        detector = self._detector.to_text()
        state = _State(detector, self._last_ms, self._active_ms, self._alerted_ms, self._minutes, self._alerted_score)
        return _encode(state).decode()

    @classmethod
    def from_text(cls, text: str) -> "SiteStream":
        """What `to_text` wrote."""
        self, state = cls(), _decode(text)
        self._detector = StreamDetector.from_text(state.detector)
        self._last_ms, self._active_ms = state.last_ms, state.active_ms
        self._alerted_ms, self._minutes = state.alerted_ms, state.minutes
        self._alerted_score = state.alerted_score
        return self


_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(_State).decode
