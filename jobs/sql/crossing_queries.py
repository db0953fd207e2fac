"""Queries of the rows that cross from SQL into Python. `udfs/crossing_rows.py` defines their layouts.

Thirty columns of their own take 23 µs to cross; the same in an array of doubles and one of strings takes 16 (`make bench`).
"""

from collections.abc import Sequence

from jobs.config import AdjustConfig
from jobs.sql.shares import shares
from jobs.sql.source_table import NAN, Route, crossing_predicate, route_predicate, type_ordinals
from models.features import CONTENT_NAMES, SESSION_NAMES
from models.judgement.layout import HABIT_NAMES
from models.language.sentiment import MAX_TEXT_CHARS
from models.session_clock import SESSION_END_MS
from models.session_state import STATE_EVENT_TYPES
from schemas.events import MAX_BYTES
from udfs import crossing_rows

_EXPRESSIONS = {
    # A reader's clock that runs ahead must not prolong cooldowns, or the life of a state, until it is right.
    "at_ms": "LEAST(occurred_at_ms, received_at_ms)",
    "saves_data": "CASE WHEN context.save_data THEN 1 WHEN NOT context.save_data THEN 0 END",
    # Texts of feedback alone: what other events say in words is nobody's business.
    "feedback_text": f"CASE WHEN type_no IN {type_ordinals('feedback')} THEN SUBSTRING(text FROM 1 FOR {MAX_TEXT_CHARS}) END",
    "written_ms": "UNIX_TIMESTAMP(CAST(written AS STRING)) * 1000 + EXTRACT(MILLISECOND FROM written)",
    # One character a byte: a string crosses in one piece.
    # Beyond what an event may have, the rest of an oversize record is left where it stands: a producer without
    # compression could not write it, and the job would fail on it for ever.
    "original_latin1": f"SUBSTRING(DECODE(original, 'ISO-8859-1') FROM 1 FOR {MAX_BYTES})",
}


def _key(prefix: str, column: str) -> str:
    return f"'{prefix}' || {column}"


def _crossing_row(kind: str, key: str, doubles: tuple[str, ...], texts: tuple[str, ...], source: str) -> str:
    values = ", ".join(f"COALESCE(CAST({_EXPRESSIONS.get(name, name)} AS DOUBLE), {NAN})" for name in doubles)
    strings = ", ".join(f"CAST({_EXPRESSIONS.get(name, name)} AS STRING)" for name in texts)
    # Casting the kind keeps the rows of the union of one type; otherwise Flink copies every row to make them so.
    row = f"ROW(CAST('{kind}' AS STRING), ARRAY[{values}], ARRAY[{strings}])"
    return f"SELECT {key} AS k, {row} AS v FROM {source}"


def trigger_events_query(config: AdjustConfig) -> str:
    """Returns the query of the event lane's rows, keyed by session."""
    source = f"events WHERE {crossing_predicate(config)}"
    return _crossing_row(
        crossing_rows.EVENT,
        _key(crossing_rows.SESSION_PREFIX, "session_id"),
        crossing_rows.EVENT_NUMBERS,
        crossing_rows.EVENT_TEXTS,
        source,
    )


def session_numbers(session: Sequence[str], habits: Sequence[str]) -> tuple[str, ...]:
    """Returns the columns of a session row: times, features, the habits' whole numbers, and their sums over the site."""
    return (
        *crossing_rows.SESSION_NUMBERS,
        *(f"f_{name}" for name in session),
        *(f"h_{name}" for name in habits),
        *(f"l_{name}" for name in habits),
    )


def windows_query(
    config: AdjustConfig,
    session: Sequence[str] = SESSION_NAMES,
    habits: Sequence[str] = HABIT_NAMES,
    content: Sequence[str] = CONTENT_NAMES,
) -> str:
    """Returns the query of the window lanes' and audit rows, keyed by session, content item or partition."""
    share = f"SHARE_OF(session_id, '{','.join(map(str, shares(config.max_parallelism)))}')"
    partition = _key(crossing_rows.PARTITION_PREFIX, "CAST(`partition` AS STRING)")
    return "\nUNION ALL\n".join(
        [
            _crossing_row(
                crossing_rows.SESSION,
                _key(crossing_rows.SESSION_PREFIX, "session_id"),
                session_numbers(session, habits),
                crossing_rows.SESSION_TEXTS,
                f"session_windows JOIN site_levels ON {share} = share_no AND session_time = site_time",
            ),
            _crossing_row(
                crossing_rows.CONTENT,
                _key(crossing_rows.CONTENT_PREFIX, "content_id"),
                crossing_rows.CONTENT_NUMBERS + tuple(f"f_{name}" for name in content),
                crossing_rows.CONTENT_TEXTS,
                "content_windows",
            ),
            _crossing_row(
                crossing_rows.LATE,
                partition,
                crossing_rows.LATE_NUMBERS,
                crossing_rows.LATE_TEXTS,
                f"events WHERE {route_predicate(config, Route.LATE)}",
            ),
            _crossing_row(
                crossing_rows.REJECTED,
                partition,
                crossing_rows.REJECTED_NUMBERS,
                crossing_rows.REJECTED_TEXTS,
                f"events WHERE {route_predicate(config, Route.REJECTED)}",
            ),
            _crossing_row(
                crossing_rows.TALLY,
                f"'{crossing_rows.TALLY_KEY}'",
                crossing_rows.TALLY_NUMBERS,
                ("CAST(NULL AS STRING)",),
                "site_totals",
            ),
        ]
    )


def sections_query() -> str:
    """Returns the query of the section lane's rows, keyed by content item."""
    return _crossing_row(
        crossing_rows.SECTION,
        _key(crossing_rows.CONTENT_PREFIX, "content_id"),
        crossing_rows.SECTION_NUMBERS,
        crossing_rows.SECTION_TEXTS,
        "section_minutes",
    )


def site_minutes_query() -> str:
    """Returns the query of the site's minutes, which share no second, all under one key."""
    return _crossing_row(
        crossing_rows.SITE_MINUTE,
        f"'{crossing_rows.SITE_KEY}'",
        crossing_rows.SITE_MINUTE_NUMBERS,
        ("CAST(NULL AS STRING)",),
        "site_totals WHERE MOD(window_end_ms, 60000) = 0",
    )


def session_actions_query() -> str:
    """Returns the query of a reader's deliberate actions, for session-state.v1.

    Late ones belong to it, too, where a session may still go on: a state knows the order of its actions, and libraries of phones
    send them every 30 s. By the event's own times alone, so that a replay finds the same.
    """
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
    row = f"ROW(CAST('{crossing_rows.SessionUpdateKind.ACTION}' AS STRING), JSON_OBJECT({body} ABSENT ON NULL))"
    is_recent = f"occurred_at_ms > received_at_ms - {SESSION_END_MS}"
    return f"SELECT session_id AS k, {row} AS v FROM events WHERE type_no IN {type_ordinals(*STATE_EVENT_TYPES)} AND {is_recent}"


def commands_query() -> str:
    """Returns the query of the commands to sessions, for session-state.v1, from records whose key is the session."""
    body = "DECODE(`value`, 'UTF-8')"
    row = f"ROW(CAST('{crossing_rows.SessionUpdateKind.COMMAND}' AS STRING), {body})"
    return (
        f"SELECT DECODE(`key`, 'UTF-8') AS k, {row} AS v FROM commands"
        f" WHERE JSON_VALUE({body}, '$.target.kind') = 'session'"
    )


def sampled_windows_query(
    where: str, key: str, session: Sequence[str] = SESSION_NAMES, habits: Sequence[str] = HABIT_NAMES
) -> str:
    """Returns the query of session windows for the operators that learn from many sessions, keyed by `key`.

    Same layout as the session rows; the site's sums are left unknown. It starts from the windows, not from the crossing
    rows, because a stream that has been turned back into a table has lost its watermarks.
    """
    columns = ", ".join(f"{NAN} AS {name}" for name in ("site_slices", *(f"l_{each}" for each in habits)))
    return _crossing_row(
        crossing_rows.SESSION,
        key,
        session_numbers(session, habits),
        crossing_rows.SESSION_TEXTS,
        f"(SELECT *, {columns} FROM session_windows WHERE {where})",
    )


def refit_query() -> str:
    """Returns the query of the windows that forests are fitted to: those that end with a minute, which share no second."""
    return sampled_windows_query("MOD(window_end_ms, 60000) = 0", "COALESCE(main_type, '')")
