"""Redacts the original of a rejected event: keys, tokens, session secrets and queries of addresses go, networks stay of IPs."""

import json
import re
from math import isfinite
from typing import Any, Final

from infra.gateway.auth.session_ids import is_secret
from infra.gateway.client_address import anonymize_ip
from infra.gateway.ingest.addresses import cut_addresses_in, without_secrets_of_addresses
from schemas.events import MAX_BYTES

_SECRET_FIELDS: Final = frozenset({"writeKey", "write_key", "token"})

_SESSION_FIELDS: Final = ("session_id", "sessionId")
_SESSION_TEXT: Final = re.compile(rb'("session_?[iI]d"\s*:\s*")([^"]*)')
_SECRET_TEXT: Final = re.compile(rb'("(?:write_?[kK]ey|token)"\s*:\s*")[^"]*')
_IP_TEXT: Final = re.compile(rb'("ip"\s*:\s*")([^"]*)')
_ADDRESS_TEXT: Final = re.compile(
    rb'("\w*(?:ur[li]|href|referr?er|path|location|link|page|search|query|query_?string|hash|fragment)"\s*:\s*"[^"?#]*)'
    rb'[?#][^"]*',
    re.IGNORECASE,
)
"""Fields of text that is no JSON: up to the next quotation mark, or to the end where the text is cut off."""

_HIDDEN: Final = "hidden"

_MAX_DIGITS: Final = 4_000
"""Python converts integers up to this length; a longer one is kept as a string."""


def redact(sent: bytes, most: int = MAX_BYTES) -> bytes:
    """Returns redacted JSON, cut to `most` bytes, and none if it is nested too deep to search.

    What is no JSON, or is longer than what is kept, is redacted by the look of its fields: searching all of half a megabyte
    of brackets would take half a second.

    >>> redact(b'{"type": "dance", "writeKey": "k", "context": {"ip": "203.0.113.77"}}')
    b'{"type":"dance","context":{"ip":"203.0.113.0/24"}}'
    >>> redact(b"{broken")
    b'{broken'
    >>> redact(b'{"token": "v1.a.b", "ip": "203.0.113.77", "url": "https://a.example/reset?token=s3')
    b'{"token": "hidden", "ip": "203.0.113.0/24", "url": "https://a.example/reset'
    """
    if len(sent) > most:
        return _redacted_text(sent[:most])[:most]
    try:
        # An unpaired surrogate stays escaped.
        return json.dumps(_without_secrets(_decoder.decode(sent.decode())), separators=(",", ":")).encode()[:most]
    except ValueError:
        return _redacted_text(sent)[:most]
    except RecursionError:
        return b""


def _redacted_text(sent: bytes) -> bytes:
    """Redacts what is no JSON by the look of its fields. Bytes above ASCII stay as they are."""
    hidden = _SECRET_TEXT.sub(rb"\1" + _HIDDEN.encode(), _SESSION_TEXT.sub(_hide_secret, sent))
    networks = _IP_TEXT.sub(lambda found: found[1] + (_network(found[2].decode("latin-1")) or "").encode(), hidden)
    return cut_addresses_in(_ADDRESS_TEXT.sub(rb"\1", networks).decode("latin-1")).encode("latin-1")


def _hide_secret(found: re.Match[bytes]) -> bytes:
    # Of an id that is cut off nobody can tell what it was.
    is_hidden = found.end() == len(found.string) or is_secret(found[2].decode("utf-8", "replace"))
    return found[1] + _HIDDEN.encode() if is_hidden else found[0]


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
