"""The session state contract (session-state.v1): what the system knows about one session right now."""

from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from schemas.actions import ActionName
from schemas.events import EventType, Id, Short

MAX_RECENT: Final = 20
"""Actions a state carries, newest first: enough for a CMS to rank by, small enough to be written at each change."""

MAX_ACTIVE: Final = 20
"""Commands in force that a state carries, newest first."""

MAX_PREFERENCES: Final = 64
MAX_SCORES: Final = 64


class RecentAction(Struct):
    """Something the reader did; `at_ms` is the event's `occurred_at_ms`."""

    event_id: Id
    type: EventType
    content_id: Annotated[str, Meta(max_length=256)] | None
    at_ms: int


class ActiveAdjustment(Struct):
    """A command in force. From `expires_at_ms` on it counts no longer, whether or not the state was written again."""

    command_id: str
    action: ActionName
    parameters: dict[str, Any]
    issued_at_ms: int
    expires_at_ms: int


class SessionState(Struct):
    """The whole state of a session: a newer record replaces an older one, nothing is merged.

    `user_id` is null again when the visitor has signed out. `person` is a digest of the last known user: when another one
    signs in, the state begins anew.

    `updated_at_ms` is event time and never falls for a session. `recent` and `active` are newest first. A score that
    is not known yet is null, never 0.
    """

    session_id: Id
    updated_at_ms: int
    user_id: Short | None
    preferences: Annotated[dict[str, str], Meta(max_length=MAX_PREFERENCES)]
    recent: Annotated[list[RecentAction], Meta(max_length=MAX_RECENT)]
    segment: Short | None
    scores: Annotated[dict[str, float | None], Meta(max_length=MAX_SCORES)]
    active: Annotated[list[ActiveAdjustment], Meta(max_length=MAX_ACTIVE)]
    person: Short | None = None
