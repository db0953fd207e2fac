"""YOOCHOOSE (RecSys Challenge 2015): real clicks of shoppers, as `click` events.

A row is session, item and time: somebody clicked on an item of a shop. It becomes one `click` on that content, no
more. No `page_view` is made up beside it, for the set does not say what was shown; category and placement are missing
in this sample and stay unknown, so no click counts as one on recommended content.

Reads the files of a folder together and sorts: some 230 bytes a row, 20 MB for the sample's 83,846 rows. (The full
set of 33 million wants `sort -k3` first.)
"""

from collections import Counter
from collections.abc import Iterator
from operator import itemgetter
from pathlib import Path
from typing import Final

from infra.simulate.converters.rows import RECEIVED_AFTER_MS, instant, name, parsed
from schemas.events import Event

HEADER: Final = ("SessionId", "ItemId", "Time")


def convert(path: Path) -> Iterator[Event]:
    """The clicks of a .tsv file, or of all in a folder, in order of time. Raises `BadRowError` at the first bad row."""
    files = sorted(path.glob("*.tsv")) if path.is_dir() else [path]
    if not files:
        raise FileNotFoundError(f"{path} holds no .tsv file")
    clicks = sorted((click for file in files for click in parsed(file, "\t", HEADER, _click)), key=itemgetter(0))
    number: Counter[str] = Counter()
    for at_ms, session, item in clicks:
        number[session] += 1
        yield Event(
            event_id=f"yc-{session}-{number[session]}",
            type="click",
            occurred_at_ms=at_ms,
            received_at_ms=at_ms + RECEIVED_AFTER_MS,
            session_id=f"yc-{session}",
            content_id=item,
        )


def _click(fields: list[str]) -> tuple[int, str, str]:
    session, item, seconds = fields
    return instant(float(seconds) * 1000), name(session), name(item)
