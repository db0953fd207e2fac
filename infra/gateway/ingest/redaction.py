"""What is kept of a refused event: what was sent, without keys and tokens, and of addresses only the network."""

import json
from math import isfinite
from typing import Any, Final

from infra.gateway.ingest.enrichment import truncated

_SECRET: Final = frozenset({"writeKey", "write_key", "token"})

_LONGEST_NUMBER: Final = 4_000
"""Digits that Python converts; a longer number is kept as a text."""


def kept(sent: bytes) -> bytes:
    """The bytes themselves where they are no JSON, and nothing of JSON that goes too deep to look through.

    >>> kept(b'{"type": "dance", "writeKey": "k", "context": {"ip": "203.0.113.77"}}')
    b'{"type":"dance","context":{"ip":"203.0.113.0/24"}}'
    >>> kept(b"{broken")
    b'{broken'
    """
    try:
        # Half a surrogate pair stays the escape that it was.
        return json.dumps(_without_secrets(_decoder.decode(sent.decode())), separators=(",", ":")).encode()
    except ValueError:
        return sent
    except RecursionError:
        return b""


def _without_secrets(found: Any) -> Any:
    if type(found) is list:
        return [_without_secrets(part) for part in found]
    if type(found) is not dict:
        return found
    return {
        name: _network(part) if name == "ip" else _without_secrets(part)
        for name, part in found.items()
        if name not in _SECRET
    }


def _network(address: Any) -> str | None:
    return truncated(address) if type(address) is str else None


def _whole(text: str) -> int | str:
    return int(text) if len(text) <= _LONGEST_NUMBER else text


def _broken(text: str) -> float | str:
    return number if isfinite(number := float(text)) else text


def _constant(text: str) -> Any:
    raise ValueError(f"{text} is not JSON")


_decoder: Final = json.JSONDecoder(parse_int=_whole, parse_float=_broken, parse_constant=_constant)
