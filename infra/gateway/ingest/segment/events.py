"""Maps a Segment message to a raw event. Fields: https://segment.com/docs/connections/spec/"""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, Final
from uuid import uuid4

from infra.gateway.auth.session_ids import PSEUDONYM, Pseudonym, is_guessable, is_secret, names_nobody
from infra.gateway.ingest.devices import device_kind
from infra.gateway.ingest.enrichment import add_named
from infra.gateway.ingest.json_fields import MAX_USER_ID_CHARS, id_text, number_of, object_field, short_id, tag_text
from infra.gateway.ingest.pipeline import RawEvent
from infra.gateway.ingest.times import milliseconds
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
    user, anonymous = (
        short_id(_known(id_text(message.get(name))), MAX_USER_ID_CHARS) for name in ("userId", "anonymousId")
    )
    if not user and not anonymous:
        return ValidationFailure("missing_field", "userId: required, or anonymousId")
    for required_by, name in (("track", "event"), ("group", "groupId"), ("alias", "previousId")):
        if call == required_by and (message.get(name) in (None, "", [], {}) or not tag_text(message[name])):
            return ValidationFailure("missing_field", f"{name}: required for {call}")
    occurred_at_ms = _occurred_ms(message, sent_at, received_ms)
    if isinstance(occurred_at_ms, ValidationFailure):
        return occurred_at_ms
    context, properties = object_field(message, "context"), _properties_of(message, call)
    session = properties.get("session_id") or context.get("sessionId") or context.get("session_id")
    page = object_field(context, "page")
    return {
        "event_id": short_id(id_text(message.get("messageId")) or _own_id(message)),
        "type": _type_of(message, call),
        "occurred_at_ms": occurred_at_ms,
        "received_at_ms": received_ms,
        "session_id": short_id(id_text(session) or anonymous or user),
        PSEUDONYM: _pseudonym(id_text(session), anonymous, user),
        "user_id": user or None,
        "content_id": _first_text(properties, _CONTENT_KEYS),
        "content_type": _first_text(properties, ("content_type", "category")),
        "page_url": _first_text(properties, ("url",)) or _first_text(page, ("url",)),
        "element": _first_text(properties, ("element",)),
        "placement": _first_text(properties, ("placement",)),
        "value": _first_number(properties, _VALUE_KEYS),
        "text": _first_text(properties, ("text", "comment", "review_body")),
        "properties": add_named(tags(properties), _named(message, call)),
        "context": _context(context, properties),
        "notes": _notes(message),
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


def tags(properties: Mapping[str, Any]) -> dict[str, str]:
    """Converts properties to strings: numbers and booleans written out, objects and lists as JSON, null dropped."""
    return {name: text for name, value in properties.items() if (text := tag_text(value)) is not None}


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
        return ValidationFailure("wrong_type", "timestamp: expected ISO 8601, or milliseconds since 1970")
    sent = message.get("sentAt") or sent_at
    if sent is None:
        return at_ms
    sent_ms = milliseconds(sent)
    if sent_ms is None:
        # It only corrects the clock.
        return at_ms
    return min(received_ms - (sent_ms - at_ms), received_ms)


def _type_of(message: dict[str, Any], call: str) -> str:
    if call != "track":
        return _TYPE_BY_CALL[call]
    name = (tag_text(message["event"]) or "").strip().lower()
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
    if call in names and (value := tag_text(message.get(names[call]))):
        found[names[call]] = value
    return found


def _context(context: Mapping[str, Any], properties: Mapping[str, Any]) -> dict[str, Any] | None:
    screen, location = object_field(context, "screen"), object_field(context, "location")
    network = object_field(context, "network")
    found = {
        "device": _device(context),
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
        "user_expertise": _expertise(properties) or _expertise(object_field(context, "traits")),
    }
    return {name: value for name, value in found.items() if value is not None} or None


def _expertise(traits: Mapping[str, Any]) -> str | None:
    return _first_text(traits, ("user_expertise", "userExpertise"))


def _device(context: Mapping[str, Any]) -> str | None:
    """Returns the kind of device: Segment's libraries send the platform ("ios") as its type."""
    device = object_field(context, "device")
    given, model = _first_text(device, ("type",)), _first_text(device, ("model", "name"))
    return device_kind(given, model or "", _first_text(context, ("userAgent",)) or "") if given else None


def _notes(message: dict[str, Any]) -> dict[str, str] | None:
    """Says which ids were shortened; what else is odd validation and coercion say."""
    long = [name for name in ("userId", "anonymousId") if len(id_text(message.get(name))) > MAX_USER_ID_CHARS]
    return {name: f"longer than {MAX_USER_ID_CHARS} characters: a digest" for name in long} or None


def _own_id(message: dict[str, Any]) -> str:
    """Returns an id for a message without one: by content if it has a time, so that a repeat of it is recognised.

    Without id and time each request is a message of its own: five equal clicks are five.
    """
    if message.get("originalTimestamp") is None and message.get("timestamp") is None:
        return "segment-" + uuid4().hex
    timeless = {name: value for name, value in message.items() if name not in ("sentAt", "writeKey")}
    return "segment-" + blake2b(repr(timeless).encode("utf-8", "replace"), digest_size=20).hexdigest()


def _first_text(mapping: Mapping[str, Any], names: tuple[str, ...]) -> str | None:
    for name in names:
        if found := id_text(mapping.get(name)):
            return found
    return None


def _first_number(mapping: Mapping[str, Any], names: tuple[str, ...]) -> float | None:
    return next((found for name in names if (found := number_of(mapping.get(name))) is not None), None)
