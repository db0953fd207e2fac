"""MIND (Microsoft News, 2019): impressions of recommended news, and which of them were clicked.

A row is a list that a user was shown at one instant, to the second, with the items clicked from it. The list becomes a
`page_view` without content; each clicked item a `click` on recommended content and the `page_view` it leads to, at the same
instant, since the time of a click is unknown. The category of an item is its content type where a `news.tsv` beside the
file knows it. There are no sessions: the impressions of a user are one session until half an hour passes without any. The
hours are taken for UTC.

Reads the whole file and sorts: some 2 kB a row, 10 MB for the sample's 5,000 rows.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from operator import attrgetter
from pathlib import Path
from typing import Final, NamedTuple

from infra.simulate.converters.rows import RECEIVED_AFTER_MS, BadRowError, instant, name, opened
from schemas.events import RECOMMENDED, Event, EventType

SESSION_END_MS: Final = 30 * 60_000
BEHAVIOURS, NEWS = "behaviors.tsv", "news.tsv"
_TIME: Final = "%m/%d/%Y %I:%M:%S %p"


class Impression(NamedTuple):
    at_ms: int
    number: int
    user: str
    clicked: tuple[str, ...]


def convert(path: Path) -> Iterator[Event]:
    """The events of a behaviors.tsv, or of a folder with one, in order of time. Raises `BadRowError` at the first bad row."""
    file = path / BEHAVIOURS if path.is_dir() else path
    categories = _categories(file.with_name(NEWS))
    sessions: dict[str, tuple[int, int]] = {}
    for impression in sorted(_impressions(file), key=attrgetter("at_ms", "number")):
        number, latest_ms = sessions.get(impression.user, (0, impression.at_ms - SESSION_END_MS))
        if impression.at_ms - latest_ms >= SESSION_END_MS:
            number += 1
        sessions[impression.user] = number, impression.at_ms
        session_id, prefix = f"mi-{impression.user}-{number}", f"mi-{impression.number}"
        yield _event(f"{prefix}-0", "page_view", session_id, impression)
        for place, item in enumerate(impression.clicked, 1):
            category = categories.get(item)
            yield _event(f"{prefix}-{place}-click", "click", session_id, impression, item, category, RECOMMENDED)
            yield _event(f"{prefix}-{place}-view", "page_view", session_id, impression, item, category)


def _event(
    event_id: str,
    kind: EventType,
    session_id: str,
    impression: Impression,
    item: str | None = None,
    category: str | None = None,
    placement: str | None = None,
) -> Event:
    return Event(
        event_id=event_id,
        type=kind,
        occurred_at_ms=impression.at_ms,
        received_at_ms=impression.at_ms + RECEIVED_AFTER_MS,
        session_id=session_id,
        user_id=impression.user,
        content_id=item,
        content_type=category,
        placement=placement,
    )


def _impressions(path: Path) -> Iterator[Impression]:
    for number, fields in _rows(path, 5):
        try:
            impression, user, time, _, shown = fields
            at_ms = instant(datetime.strptime(time, _TIME).replace(tzinfo=UTC).timestamp() * 1000)
            clicked = tuple(name(item) for item, was_clicked in map(_shown, shown.split()) if was_clicked)
            yield Impression(at_ms, int(impression), name(user), clicked)
        except ValueError as error:
            raise BadRowError(f"{path}:{number}: {error}") from error


def _shown(text: str) -> tuple[str, bool]:
    """Item, and whether it was clicked.

    >>> _shown("N6975-1")
    ('N6975', True)
    """
    item, _, clicked = text.rpartition("-")
    if clicked not in ("0", "1"):
        raise ValueError(f"{text!r} is no item with 0 or 1 behind it")
    return item, clicked == "1"


def _categories(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    return {fields[0]: fields[1] for _, fields in _rows(path, 8)}


def _rows(path: Path, columns: int) -> Iterator[tuple[int, list[str]]]:
    """Number and fields of each line. Quotation marks are text: the set quotes nothing."""
    with opened(path) as lines:
        for number, line in enumerate(lines, 1):
            fields = line.rstrip("\r\n").split("\t")
            if len(fields) != columns:
                raise BadRowError(f"{path}:{number}: {len(fields)} fields instead of {columns}")
            yield number, fields
