"""What the fast lane must know of a reader's words and struggles, computed anew at each event from all that came before."""

from itertools import groupby

from models.language.sentiment import sentiment
from models.recent_clicks import Click
from schemas.events import Event

FIVE_MINUTES = 300_000


class Said:
    """All ratings, sentiments and rage clicks of one session, in the order of the topic."""

    def __init__(self) -> None:
        self._found: dict[str, list[tuple[int, float]]] = {"rating": [], "sentiment": [], "rage": []}

    def add(self, event: Event, at: int) -> None:
        if event.type == "feedback":
            language = event.context.language if event.context else None
            text = event.text[:1_000] if event.text is not None else None
            for name, value in (("rating", event.value), ("sentiment", sentiment(text, language))):
                if value is not None:
                    self._found[name].append((at, value))
        elif event.type == "click" and _is_number_from_one_on((event.properties or {}).get("rage")):
            self._found["rage"].append((at, 1.0))

    def numbers(self, at: int, clicked: list[Click]) -> dict[str, float]:
        """Every click of the session so far must be in `clicked` that happened within five minutes."""

        def is_recent(then: int) -> bool:
            return 0 <= at - then < FIVE_MINUTES

        rages = min(16, sum(is_recent(then) for then, _ in self._found["rage"]))
        visited = [
            name
            for name, _ in groupby(each.content_id for each in clicked if is_recent(each.at_ms) and each.content_id)
        ]
        returns = len(visited) - len(set(visited))
        numbers = {"rage_clicks": float(rages), "returns": float(returns), "struggles": float(rages + returns)}
        for name, own in (("recent_rating", "rating"), ("sentiment", "sentiment")):
            # Sorting is stable: of equal times the one that came last.
            then, value = sorted([(0, 0.0), *self._found[own]], key=lambda each: each[0])[-1]
            if is_recent(then):
                numbers[name] = value
                if name == "sentiment":
                    numbers["sentiment_age_ms"] = float(at - then)
        return numbers


def _is_number_from_one_on(text: str | None) -> bool:
    try:
        return text is not None and len(text) <= 16 and 1.0 <= float(text) <= 1_000.0
    except ValueError:
        return False
