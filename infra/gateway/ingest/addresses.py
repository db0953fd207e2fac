"""Cuts addresses of pages down to what may be stored: no query, no fragment, no user and password."""

import re
from collections.abc import Mapping
from typing import Any, Final

from schemas.addresses import cut_address

_IN_TEXT: Final = re.compile(r"(://)(?:[^\s/?#@\"'<>]*@)?([^\s?#\"'<>]*)(?:[?#][^\s\"'<>]*)?")
"""An address from the end of its scheme on, anywhere in a text. Looking for the scheme would cost twenty times as much."""

_NAMED_AS_ADDRESS: Final = re.compile(
    r"(?:^|[_.-]|\b)(?:url|uri|href|referr?er|path|location|link|page)$|(?:Url|URL|Uri|Href|Referrer|Path)$"
)
"""Names of properties whose values are addresses even without a scheme: `/reset?token=…`."""

_QUERY_NAMES: Final = frozenset({"search", "query", "query_string", "querystring", "hash", "fragment"})
"""Names under which libraries send the query or fragment alone; left out where the value begins with its mark."""


def cut_addresses_in(text: str) -> str:
    """Returns a text with every address in it cut.

    >>> cut_addresses_in("from https://konto.example/a?token=s3cr3t to http://b.example/#x.")
    'from https://konto.example/a to http://b.example/'
    """
    return _IN_TEXT.sub(r"\1\2", text) if "://" in text else text


def without_secrets_of_addresses(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Returns properties with addresses cut and queries left out; values that are no strings stay as they are."""
    found = {}
    for name, value in properties.items():
        if type(value) is not str:
            found[name] = value
        elif "://" in value:
            found[name] = cut_addresses_in(value)
        elif ("?" in value or "#" in value) and not (name in _QUERY_NAMES and value[:1] in "?#"):
            found[name] = cut_address(value) if _NAMED_AS_ADDRESS.search(name) else value
        elif not (name in _QUERY_NAMES and value[:1] in ("?", "#")):
            found[name] = value
    return found
