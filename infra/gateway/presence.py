"""Tells whether a command is for the person who uses a session now: at one machine they take turns."""

from collections.abc import Sequence

from msgspec import Struct

from infra.gateway.rest.recent_actions import NotedAction
from models.session_state import ACTIONS, person_digest


class Presence(Struct, frozen=True):
    """Who acts in a session. `person` is a digest, None while nobody is signed in.

    `is_known` is False where nothing tells, and `since_ms` 0 where nobody else was there before.
    """

    is_known: bool = False
    person: str | None = None
    since_ms: int = 0

    def admits(self, user_id: str | None, issued_at_ms: int) -> bool:
        """Whether a command that names this user may be shown: not what was meant for who has signed out."""
        if issued_at_ms < self.since_ms:
            return False
        return user_id is None or not self.is_known or person_digest(user_id) == self.person


UNKNOWN = Presence()


def presence(actions: Sequence[NotedAction], state: tuple[int, str | None, str | None] | None) -> Presence:
    """Returns who acted last. `actions` are the last ones noted; `state` has its time, user and last known person."""
    deliberate = [each for each in actions if each.type in ACTIONS]
    last = max(deliberate, key=lambda each: each.at_ms, default=None)
    if state is not None and (last is None or state[0] > last.at_ms):
        user_id = state[1]
        signed_in = None if user_id is None else person_digest(user_id)
        return Presence(True, signed_in, beginning_of(signed_in or state[2], actions))
    if last is None:
        return UNKNOWN
    known = [each for each in actions if each.person is not None]
    person = max(known, key=lambda each: each.at_ms).person if known else None
    return Presence(True, last.person, beginning_of(person, actions))


def beginning_of(person: str | None, actions: Sequence[NotedAction]) -> int:
    """Returns when the person began to act after the last action of another one; 0 if there is no other."""
    of_others = [each.at_ms for each in actions if each.person not in (None, person)]
    if not of_others:
        return 0
    own = [each.at_ms for each in actions if each.person == person and each.at_ms > max(of_others)]
    return min(own, default=max(of_others) + 1)
