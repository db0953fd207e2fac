"""Compares signatures of webhooks in constant time."""

import hmac
from collections.abc import Iterable, Sequence


class InvalidSignatureError(Exception):
    """The webhook is not from its source, was altered, or is too old. The message says nothing about the secrets."""


def require_match(given: Iterable[str], expected: Sequence[str]) -> None:
    """Raises `InvalidSignatureError` if none of the given signatures is one of the expected.

    All pairs are compared, so that the time taken tells nothing about the secrets.
    """
    matches = [hmac.compare_digest(one.encode("latin-1", "replace"), two.encode()) for one in given for two in expected]
    if not any(matches):
        raise InvalidSignatureError("no valid signature for the configured secrets")
