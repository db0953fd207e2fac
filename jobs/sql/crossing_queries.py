"""The queries of all rows that cross into Python. Their layouts stand in `udfs/crossing_rows.py`.

Thirty columns of their own take 23 µs to cross; the same in an array of doubles and one of strings takes 16 (`make bench`).
"""

from collections.abc import Sequence

from jobs.config import AdjustConfig
from jobs.sql.source_table import GESTURE, LATE, NAN, REJECTED, SIGNAL, numbers, way
from jobs.sql.window_views import PEER_REPLICAS
from models.features import CONTENT_NAMES, SESSION_NAMES
from models.session_state import TELLING
from schemas.events import MAX_BYTES
from udfs import crossing_rows

_EXPRESSIONS = {
    # A reader's clock that runs ahead must not keep actions resting, or a state young, until it is right.
    "at_ms": "LEAST(occurred_at_ms, received_at_ms)",
    "saves_data": "CASE WHEN context.save_data THEN 1 WHEN NOT context.save_data THEN 0 END",
    "written_ms": "UNIX_TIMESTAMP(CAST(written AS STRING)) * 1000 + EXTRACT(MILLISECOND FROM written)",
    # One character a byte: a string crosses in one piece.
    # Beyond what an event may have, the rest of an oversize record is left where it stands: a producer without
    # compression could not write it, and the job would fail on it for ever.
    "original_latin1": f"SUBSTRING(DECODE(original, 'ISO-8859-1') FROM 1 FOR {MAX_BYTES})",
}


def _row(kind: str, key: str, doubles: tuple[str, ...], texts: tuple[str, ...], source: str) -> str:
    values = ", ".join(f"COALESCE(CAST({_EXPRESSIONS.get(name, name)} AS DOUBLE), {NAN})" for name in doubles)
    strings = ", ".join(f"CAST({_EXPRESSIONS.get(name, name)} AS STRING)" for name in texts)
    # Casting the kind keeps the rows of the union of one type; otherwise Flink copies every row to make them so.
    row = f"ROW(CAST('{kind}' AS STRING), ARRAY[{values}], ARRAY[{strings}])"
    return f"SELECT {key} AS k, {row} AS v FROM {source}"


def gestures_query(config: AdjustConfig) -> str:
    """What goes into the fast lane, keyed by session."""
    source = f"events WHERE {way(config, GESTURE)}"
    return _row(
        crossing_rows.EVENT, "'s' || session_id", crossing_rows.EVENT_NUMBERS, crossing_rows.EVENT_TEXTS, source
    )


def windows_query(
    config: AdjustConfig, session: Sequence[str] = SESSION_NAMES, content: Sequence[str] = CONTENT_NAMES
) -> str:
    """What goes into the window lane and the audit beside it, keyed by session, content or partition."""
    features = tuple(f"{part}_{name}" for part in "fmd" for name in session)
    share = f"MOD(MOD(HASH_CODE(session_id), {PEER_REPLICAS}) + {PEER_REPLICAS}, {PEER_REPLICAS})"
    partition = "'p' || CAST(`partition` AS STRING)"
    return "\nUNION ALL\n".join(
        [
            _row(
                crossing_rows.SESSION,
                "'s' || session_id",
                crossing_rows.SESSION_NUMBERS + features,
                crossing_rows.SESSION_TEXTS,
                f"session_windows JOIN peer_stats ON {share} = share_no AND session_time = peer_time",
            ),
            _row(
                crossing_rows.CONTENT,
                "'c' || content_id",
                crossing_rows.CONTENT_NUMBERS + tuple(f"f_{name}" for name in content),
                crossing_rows.CONTENT_TEXTS,
                "content_windows",
            ),
            _row(
                crossing_rows.LATE,
                partition,
                crossing_rows.LATE_NUMBERS,
                crossing_rows.LATE_TEXTS,
                f"events WHERE {way(config, LATE)}",
            ),
            _row(
                crossing_rows.REJECTED,
                partition,
                crossing_rows.REJECTED_NUMBERS,
                crossing_rows.REJECTED_TEXTS,
                f"events WHERE {way(config, REJECTED)}",
            ),
            _row(crossing_rows.TALLY, "'t'", crossing_rows.TALLY_NUMBERS, ("CAST(NULL AS STRING)",), "site_totals"),
        ]
    )


def seen_query(config: AdjustConfig) -> str:
    """What a reader did on purpose, for session-state.v1."""
    fields = {
        "session_id": "session_id",
        "event_id": "event_id",
        "type": "type",
        "at_ms": _EXPRESSIONS["at_ms"],
        "user_id": "user_id",
        "content_id": "content_id",
        "device": "context.device",
        "language": "context.`language`",
        "country": "context.country",
    }
    body = ", ".join(f"KEY '{name}' VALUE {value}" for name, value in fields.items())
    row = f"ROW(CAST('{crossing_rows.SEEN}' AS STRING), JSON_OBJECT({body} ABSENT ON NULL))"
    in_time = f"({way(config, SIGNAL)} OR {way(config, GESTURE)})"
    return f"SELECT session_id AS k, {row} AS v FROM events WHERE type_no IN {numbers(*TELLING)} AND {in_time}"


def commands_query() -> str:
    """The commands to sessions, for session-state.v1. The stream's records have a key, which is the session, and a value."""
    body = "DECODE(`value`, 'UTF-8')"
    row = f"ROW(CAST('{crossing_rows.COMMAND}' AS STRING), {body})"
    return (
        f"SELECT DECODE(`key`, 'UTF-8') AS k, {row} AS v FROM commands"
        f" WHERE JSON_VALUE({body}, '$.target.kind') = 'session'"
    )


def refit_query(session: Sequence[str] = SESSION_NAMES) -> str:
    """A sixth of the session windows, for the refits: those that end with a minute and share no second.

    Same layout as the session rows; peers are left unknown. It starts from the windows, not from the crossing rows,
    because a stream that has been turned back into a table has lost its watermarks.
    """
    unknown = ("peer_windows", *(f"{part}_{name}" for part in "md" for name in session))
    columns = ", ".join(f"{NAN} AS {name}" for name in unknown)
    features = tuple(f"{part}_{name}" for part in "fmd" for name in session)
    return _row(
        crossing_rows.SESSION,
        "COALESCE(main_type, '')",
        crossing_rows.SESSION_NUMBERS + features,
        crossing_rows.SESSION_TEXTS,
        f"(SELECT *, {columns} FROM session_windows WHERE MOD(window_end_ms, 60000) = 0)",
    )
