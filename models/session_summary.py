"""What a whole session came to, for the row of its end in the feature log."""

from collections.abc import Mapping

from msgspec import Struct

from models.features import SESSION_NAMES
from models.logged_features import NUMBER_NAMES


class SessionSummary(Struct, array_like=True):
    """Sums over the minutes of a session, by feature of the window, and what was known last."""

    sums: dict[str, float] = {}
    counts: dict[str, int] = {}
    texts: dict[str, str] = {}
    content_id: str | None = None
    segment: str | None = None

    def add(self, numbers: Mapping[str, float | None]) -> None:
        """Adds a minute; minutes share no second."""
        for name in SESSION_NAMES:
            number = numbers[name]
            if number is not None:
                self.sums[name] = self.sums.get(name, 0.0) + number
                self.counts[name] = self.counts.get(name, 0) + 1

    def features(self, age_ms: int) -> dict[str, float | None]:
        """Returns the mean of each feature over the minutes in which it was known, and the session's length; None for all else.

        >>> summary = SessionSummary({"clicks": 6.0}, {"clicks": 4})
        >>> found = summary.features(240_000)
        >>> found["clicks"], found["session_age_ms"], found["pages"]
        (1.5, 240000.0, None)
        """
        found: dict[str, float | None] = dict.fromkeys(NUMBER_NAMES)
        for name, count in self.counts.items():
            if name in found:
                found[name] = self.sums[name] / count
        found["session_age_ms"] = float(age_ms)
        return found
