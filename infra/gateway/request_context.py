"""Knows the request that is being handled: its id and the address it counts under, for logs and limits."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from string import ascii_letters, digits
from typing import Final

_ALLOWED: Final = frozenset(ascii_letters + digits + "-_.:")
MAX_REQUEST_ID_CHARS: Final = 64


@dataclass(frozen=True, slots=True)
class RequestContext:
    """`address` is the name under which limits count the client."""

    request_id: str = ""
    address: str = ""


_NONE: Final = RequestContext()
_current: ContextVar[RequestContext] = ContextVar("request", default=_NONE)


def current_request() -> RequestContext:
    return _current.get()


@contextmanager
def request_in_progress(request_id: str, address: str) -> Iterator[RequestContext]:
    """Takes a client's request id if it is harmless in a log, else makes one."""
    is_usable = 0 < len(request_id) <= MAX_REQUEST_ID_CHARS and _ALLOWED.issuperset(request_id)
    context = RequestContext(request_id if is_usable else secrets.token_hex(8), address)
    token = _current.set(context)
    try:
        yield context
    finally:
        _current.reset(token)
