"""A recording with what readers say: feedback, rage clicks, sections read and passed, added to readers that are not judged."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

RULES: Final = {
    "frustrated-simplify",
    "low-rating-simplify",
    "complaint-simplify",
    "passed-section-shorten",
    "held-section-enrich",
}
"""The shipped rules on what is added here."""

TEXTS: Final = (
    ("This is confusing and I hate how long it is.", 2.0),
    ("I love this, a great read.", 5.0),
    ("Das ist furchtbar und ich hasse es.", 1.0),
    ("\U0001f621" * 600 + " this is awful", 1.0),
    ("x" * 999 + " terrible awful horrible", 2.0),
    ("It is too complicated.", 2.0),
    ("Horrible!", None),
    ("", 3.0),
    (None, 2.0),
)
SECTIONS: Final = (("lead", "9000", 1.0), ("method", "700", 1.0), ("results", "14000", 0.6))
ITEM: Final = "boats"
EVERY: Final = 40


def with_words(records: Iterable[bytes]) -> Iterator[bytes]:
    """Yields the records, and after every fortieth of a plain reader what that reader says or does in the same moment."""
    count = 0
    for record in records:
        yield record
        event = _event_of_a_plain_reader(record)
        if event is None:
            continue
        count += 1
        if count % EVERY == 0:
            for number, more in enumerate(_added(count // EVERY)):
                own = {name: event[name] for name in ("occurred_at_ms", "received_at_ms", "session_id")}
                yield msgspec.json.encode({**own, **more, "event_id": f"words-{count}-{number}"})


def _event_of_a_plain_reader(record: bytes) -> dict[str, Any] | None:
    try:
        event = msgspec.json.decode(record)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    is_plain = isinstance(event, dict) and str(event.get("session_id", "")).startswith("reader-")
    return event if is_plain and event.get("type") in ("scroll", "move", "click") else None


def _added(number: int) -> list[dict[str, Any]]:
    text, rating = TEXTS[number % len(TEXTS)]
    feedback = {"type": "feedback", "text": text, "value": rating, "context": {"language": "en-GB"}}
    angry = {"type": "click", "content_id": ITEM, "element": "a#more", "properties": {"rage": str(2 + number % 3)}}
    views = [
        {
            "type": "custom",
            "content_id": ITEM,
            "content_type": "story",
            "element": section,
            "value": depth,
            "properties": {"name": "section", "ms": ms},
        }
        for section, ms, depth in SECTIONS
    ]
    return [feedback, *([angry] if number % 2 else []), *views]
