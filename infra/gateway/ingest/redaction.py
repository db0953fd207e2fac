"""Redacts the original of a rejected event: keys, tokens, session secrets and queries of addresses go, networks stay of IPs."""

import json
import re
from math import isfinite
from typing import Any, Final

from infra.gateway.auth.session_ids import is_secret
from infra.gateway.client_address import anonymize_ip
from infra.gateway.ingest.addresses import cut_addresses_in, without_secrets_of_addresses

_SECRET_FIELDS: Final = frozenset({"writeKey", "write_key", "token"})

_SESSION_FIELDS: Final = ("session_id", "sessionId")
_SESSION_TEXT: Final = re.compile(rb'("session_?[iI]d"\s*:\s*")([^"]{20,64})')
_HIDDEN: Final = "hidden"

_MAX_DIGITS: Final = 4_000
"""Python converts integers up to this length; a longer one is kept as a string."""


def redact(sent: bytes) -> bytes:
    """Returns redacted JSON; the same bytes if they are not JSON, and none if it is nested too deep to search.

    >>> redact(b'{"type": "dance", "writeKey": "k", "context": {"ip": "203.0.113.77"}}')
    b'{"type":"dance","context":{"ip":"203.0.113.0/24"}}'
    >>> redact(b"{broken")
    b'{broken'
    """
    try:
        # An unpaired surrogate stays escaped.
        return json.dumps(_without_secrets(_decoder.decode(sent.decode())), separators=(",", ":")).encode()
    except ValueError:
        return _SESSION_TEXT.sub(_hide_secret, sent)
    except RecursionError:
        return b""


def _hide_secret(found: re.Match[bytes]) -> bytes:
    return found[1] + _HIDDEN.encode() if is_secret(found[2].decode("utf-8", "replace")) else found[0]


def _without_secrets(found: Any) -> Any:
    if type(found) is str:
        return cut_addresses_in(found)
    if type(found) is list:
        return [_without_secrets(part) for part in found]
    if type(found) is not dict:
        return found
    return {
        name: _redacted(name, part)
        for name, part in without_secrets_of_addresses(found).items()
        if name not in _SECRET_FIELDS
    }


def _redacted(name: str, part: Any) -> Any:
    if name == "ip":
        return _network(part)
    if name in _SESSION_FIELDS and type(part) is str and is_secret(part):
        return _HIDDEN
    return _without_secrets(part)


def _network(address: Any) -> str | None:
    return anonymize_ip(address) if type(address) is str else None


def _parse_int(text: str) -> int | str:
    return int(text) if len(text) <= _MAX_DIGITS else text


def _parse_float(text: str) -> float | str:
    return number if isfinite(number := float(text)) else text


def _parse_constant(text: str) -> Any:
    raise ValueError(f"{text} is not JSON")


_decoder: Final = json.JSONDecoder(parse_int=_parse_int, parse_float=_parse_float, parse_constant=_parse_constant)
