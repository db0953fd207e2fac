"""Maps a Segment message to a raw event. Fields: https://segment.com/docs/connections/spec/"""

from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any, Final

import msgspec

from infra.gateway.auth.session_ids import PSEUDONYM, Pseudonym, is_guessable, is_secret, names_nobody
from infra.gateway.ingest.json_fields import object_field
from infra.gateway.ingest.pipeline import RawEvent
from schemas.events import EVENT_TYPES
from schemas.rejects import ValidationFailure

CALLS: Final = ("track", "identify", "page", "screen", "group", "alias")

_TYPE_BY_CALL: Final = {
    "page": "page_view",
    "screen": "page_view",
    "identify": "context",
    "group": "custom",
    "alias": "custom",
}
_TYPE_BY_TRACK_NAME: Final = {
    "order completed": "conversion",
    "signed up": "conversion",
    "subscription started": "conversion",
    "page viewed": "page_view",
    "article viewed": "page_view",
    "product viewed": "page_view",
    "rated": "feedback",
    "product reviewed": "feedback",
    "page scrolled": "scroll",
}
"""Event names of track calls with a type of their own. So have names that end in `clicked`, and the types' own names."""

_MAX_ID_CHARS: Final = 64
_MAX_USER_ID_CHARS: Final = 128
_CONTENT_KEYS: Final = ("content_id", "contentId", "article_id", "articleId", "product_id", "productId")
_VALUE_KEYS: Final = ("value", "rating", "depth", "revenue", "total")


def segment_event(message: Any, call: str, sent_at: Any, received_ms: int) -> RawEvent:
    """Returns the event, not yet validated, or why there is none.

    `call` is the endpoint's or, in a batch, the message's own; `sent_at` is the batch's, for a message without one. The
    session is the one in the message's context or properties, else derived from the anonymous id, else from the user.
    """
    if type(message) is not dict:
        return ValidationFailure("malformed", "not an object")
    if call not in CALLS:
        return ValidationFailure("unknown_type", f"type: expected one of {', '.join(CALLS)}")
    for name in ("userId", "anonymousId"):
        if type(message.get(name)) not in (str, type(None)):
            return ValidationFailure("wrong_type", f"{name}: expected string")
        if len(message.get(name) or "") > _MAX_USER_ID_CHARS:
            return ValidationFailure("out_of_range", f"{name}: longer than {_MAX_USER_ID_CHARS} characters")
    user, anonymous = (_known(message.get(name) or "") for name in ("userId", "anonymousId"))
    if not user and not anonymous:
        return ValidationFailure("missing_field", "userId: required, or anonymousId")
    if call == "track" and not message.get("event"):
        return ValidationFailure("missing_field", "event: required for track")
    if call == "group" and not message.get("groupId"):
        return ValidationFailure("missing_field", "groupId: required for group")
    if call == "alias" and not message.get("previousId"):
        return ValidationFailure("missing_field", "previousId: required for alias")
    occurred_at_ms = _occurred_ms(message, sent_at, received_ms)
    if isinstance(occurred_at_ms, ValidationFailure):
        return occurred_at_ms
    context, properties = object_field(message, "context"), _properties_of(message, call)
    session = properties.get("session_id") or context.get("sessionId") or context.get("session_id")
    page = object_field(context, "page")
    return {
        "event_id": short_id(_text(message.get("messageId")) or _digest_id(message)),
        "type": _type_of(message, call),
        "occurred_at_ms": occurred_at_ms,
        "received_at_ms": received_ms,
        "session_id": short_id(_text(session) or anonymous or user),
        PSEUDONYM: _pseudonym(_text(session), anonymous, user),
        "user_id": user or None,
        "content_id": _first_text(properties, _CONTENT_KEYS),
        "content_type": _first_text(properties, ("content_type", "category")),
        "page_url": _first_text(properties, ("url",)) or _first_text(page, ("url",)),
        "element": _first_text(properties, ("element",)),
        "placement": _first_text(properties, ("placement",)),
        "value": _first_number(properties, _VALUE_KEYS),
        "text": _first_text(properties, ("text", "comment", "review_body")),
        "properties": {**tags(properties), **_named(message, call)},
        "context": _context(context),
    }


def _pseudonym(session: str, anonymous: str, user: str) -> Pseudonym | None:
    """Returns what the session's id is derived from, None for a session that the sender names.

    A session id that is a clock reading or another number is unique only beside its owner.
    """
    can_guess = not anonymous or is_guessable(anonymous) or anonymous == user
    if session:
        is_named = is_secret(session) or not is_guessable(session)
        return None if is_named else Pseudonym((session, anonymous or user), can_guess)
    return Pseudonym((anonymous or user,), can_guess)


def short_id(text: str) -> str:
    """Returns the id, or a digest of one that is too long for the event contract."""
    return text if len(text) <= _MAX_ID_CHARS else blake2b(text.encode("utf-8", "replace"), digest_size=24).hexdigest()


def tags(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Converts properties to strings: numbers and booleans written out, objects and lists as JSON, null dropped."""
    found = {}
    for name, value in properties.items():
        if value is None:
            continue
        if type(value) is str:
            found[name] = value
        elif type(value) is bool:
            found[name] = "true" if value else "false"
        else:
            try:
                found[name] = msgspec.json.encode(value).decode()
            except (TypeError, ValueError, msgspec.MsgspecError, RecursionError):
                # Left for validation to reject.
                found[name] = value
    return found


def milliseconds(text: Any) -> int | None:
    """Parses ISO 8601 or milliseconds since 1970; None for anything else.

    >>> milliseconds("2026-11-22T10:00:00.250Z"), milliseconds("2026-11-22"), milliseconds("soon")
    (1795341600250, 1795305600000, None)
    """
    if type(text) is int and abs(text) < 2**53:
        return text
    if type(text) is not str or len(text) > 64:
        return None
    try:
        at = datetime.fromisoformat(text)
        return round((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000)
    except (ValueError, OverflowError):
        return None


def _known(identity: str) -> str:
    """Returns the id, empty for one that names nobody."""
    return "" if names_nobody(identity) else identity


def _occurred_ms(message: dict[str, Any], sent_at: Any, received_ms: int) -> int | ValidationFailure:
    """Returns receivedAt − (sentAt − originalTimestamp); the timestamp if sentAt is missing, else the time of receipt."""
    given = message.get("originalTimestamp") or message.get("timestamp")
    if given is None:
        return received_ms
    at_ms = milliseconds(given)
    if at_ms is None:
        return ValidationFailure("wrong_type", "timestamp: expected ISO 8601 or milliseconds")
    sent = message.get("sentAt") or sent_at
    if sent is None:
        return at_ms
    sent_ms = milliseconds(sent)
    if sent_ms is None:
        return ValidationFailure("wrong_type", "sentAt: expected ISO 8601 or milliseconds")
    return min(received_ms - (sent_ms - at_ms), received_ms)


def _type_of(message: dict[str, Any], call: str) -> str:
    if call != "track":
        return _TYPE_BY_CALL[call]
    name = _text(message["event"]).strip().lower()
    plain = name.replace(" ", "_")
    if plain in EVENT_TYPES and plain != "tick":
        return plain
    return "click" if name.endswith("clicked") else _TYPE_BY_TRACK_NAME.get(name, "custom")


def _properties_of(message: dict[str, Any], call: str) -> Mapping[str, Any]:
    return object_field(message, "traits" if call in ("identify", "group") else "properties")


def _named(message: dict[str, Any], call: str) -> dict[str, str]:
    """Returns the call and its name as properties: the event's type does not always tell them."""
    names = {"track": "event", "page": "name", "screen": "name", "group": "groupId", "alias": "previousId"}
    found = {"call": call}
    if call in names and (value := _text(message.get(names[call]))):
        found[names[call]] = value
    return found


def _context(context: Mapping[str, Any]) -> dict[str, Any] | None:
    screen, location = object_field(context, "screen"), object_field(context, "location")
    network = object_field(context, "network")
    found = {
        "device": _first_text(object_field(context, "device"), ("type",)),
        "os": _first_text(object_field(context, "os"), ("name",)),
        "country": _first_text(location, ("country",)),
        "region": _first_text(location, ("region",)),
        "city": _first_text(location, ("city",)),
        "language": _first_text(context, ("locale",)),
        "timezone": _first_text(context, ("timezone",)),
        "rtt_ms": network.get("rtt_ms"),
        "downlink_kbps": network.get("downlink_kbps"),
        "viewport_w": screen.get("width"),
        "viewport_h": screen.get("height"),
    }
    return {name: value for name, value in found.items() if value is not None} or None


def _digest_id(message: dict[str, Any]) -> str:
    """Returns an id by content for a message without one, so that a repeat of it is recognised."""
    timeless = {name: value for name, value in message.items() if name not in ("sentAt", "writeKey")}
    return "segment-" + blake2b(repr(timeless).encode("utf-8", "replace"), digest_size=20).hexdigest()


def _text(value: Any) -> str:
    """Returns a string; also of integers, which some senders use as ids."""
    return str(value) if type(value) in (str, int) else ""


def _first_text(mapping: Mapping[str, Any], names: tuple[str, ...]) -> str | None:
    return next((found for name in names if (found := _text(mapping.get(name)))), None)


def _first_number(mapping: Mapping[str, Any], names: tuple[str, ...]) -> float | None:
    return next((mapping[name] for name in names if type(mapping.get(name)) in (int, float)), None)
