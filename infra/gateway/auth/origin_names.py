"""Writes a configured origin as browsers do in the Origin header (RFC 6454, section 6)."""

from typing import Final
from urllib.parse import urlsplit

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


def canonical_origin(text: str) -> str:
    """Returns scheme, host and port in a browser's spelling; raises `ValueError` with what to give instead.

    >>> canonical_origin("https://Blog.Example/"), canonical_origin("https://shop.example:443")
    ('https://blog.example', 'https://shop.example')
    >>> canonical_origin("https://m\u00fcller.example"), canonical_origin("http://[::1]:8080")
    ('https://xn--mller-kva.example', 'http://[::1]:8080')
    >>> canonical_origin("https://tide.example/blog")
    Traceback (most recent call last):
    ValueError: an origin has no path; give https://tide.example
    """
    if any(char.isspace() for char in text):
        raise ValueError("an origin has no space; separate origins by commas")
    if "*" in text:
        raise ValueError("wildcards are not supported; list each origin, or unset the list to let any page send events")
    parts = urlsplit(text)
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or not parts.hostname.strip("."):
        raise ValueError("not an origin; give scheme and host, such as https://site.example")
    try:
        port = parts.port
        host = parts.hostname if parts.hostname.isascii() else parts.hostname.encode("idna").decode()
    except (ValueError, UnicodeError):
        raise ValueError("not an origin: host or port is malformed") from None
    host = f"[{host}]" if ":" in host else host.rstrip(".")
    origin = f"{parts.scheme}://{host}" + ("" if port in (None, _DEFAULT_PORTS[parts.scheme]) else f":{port}")
    if parts.path not in ("", "/") or parts.query or parts.fragment or parts.username is not None:
        raise ValueError(f"an origin has no path; give {origin}")
    return origin
