"""Reads where Redis is and how to log in, and shows it without secrets."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from schemas.kafka_security.reading import value_of

URL: Final = "MICROADJUST_GATEWAY_REDIS_URL"
USERNAME: Final = "MICROADJUST_GATEWAY_REDIS_USERNAME"
PASSWORD: Final = "MICROADJUST_GATEWAY_REDIS_PASSWORD"
CA_FILE: Final = "MICROADJUST_GATEWAY_REDIS_SSL_CA_FILE"
CERTIFICATE_FILE: Final = "MICROADJUST_GATEWAY_REDIS_SSL_CERTIFICATE_FILE"
KEY_FILE: Final = "MICROADJUST_GATEWAY_REDIS_SSL_KEY_FILE"

_SSL_FILES: Final = {CA_FILE: "ssl_ca_certs", CERTIFICATE_FILE: "ssl_certfile", KEY_FILE: "ssl_keyfile"}
_SCHEMES: Final = ("redis", "rediss", "unix")
_EXAMPLE: Final = "give redis://host:6379/0, or rediss://host:6379/0 for TLS"

VARIABLES: Final = {
    USERNAME: "User of Redis' ACL; the user `default` if not set.",
    PASSWORD: "Password of Redis, as it is; in a URL, signs such as `/` and `#` would have to be percent-encoded.",
    CA_FILE: "Path of the certificates (PEM) by which Redis' own is checked, for `rediss://`; the system's if not set.",
    CERTIFICATE_FILE: "Path of the client's own certificate (PEM), for a Redis that asks for one.",
    KEY_FILE: "Path of its private key (PEM).",
}


def read_redis_url(environ: Mapping[str, str], default: str, error: type[Exception]) -> str:
    """Returns the address with user, password and TLS files in it, as `Redis.from_url` takes it: a secret. Raises `error`."""
    url = value_of(environ, URL, error) or default
    username, password = (value_of(environ, key, error) for key in (USERNAME, PASSWORD))
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        # The message of Python would hold a piece of the password.
        raise error(f"{URL} is no address: {_EXAMPLE}; a password with special signs is given as {PASSWORD}") from None
    if parts.scheme not in _SCHEMES or not (parts.hostname or parts.scheme == "unix"):
        raise error(f"{URL} is no address: {_EXAMPLE}")
    if (username or password) and "@" in parts.netloc:
        raise error(f"{URL} holds a login, and {USERNAME if username else PASSWORD} is set: leave one of them out")
    if username and not password:
        raise error(f"{USERNAME} is set, but {PASSWORD} is not: give both, or the password alone")
    files = {key: environ[key] for key in _SSL_FILES if environ.get(key)}
    if files and parts.scheme != "rediss":
        raise error(f"{next(iter(files))} is set, but {URL} begins with {parts.scheme}: for TLS give rediss://…")
    if (CERTIFICATE_FILE in files) != (KEY_FILE in files):
        raise error(f"{CERTIFICATE_FILE} and {KEY_FILE} belong together: give both, or none")
    for key, path in files.items():
        _check_readable(key, path, error)
    query = dict(parse_qsl(parts.query)) | {_SSL_FILES[key]: path for key, path in files.items()}
    if parts.scheme == "rediss":
        # The client's default takes any host's certificate.
        query.setdefault("ssl_check_hostname", "true")
    login = f"{quote(username, safe='')}:{quote(password, safe='')}@" if password else ""
    return urlunsplit((parts.scheme, login + parts.netloc, parts.path, urlencode(query), ""))


def shown(url: str) -> str:
    """Returns the address without login and TLS files, for logs.

    >>> shown("rediss://user:pw@host:6379/0?ssl_keyfile=key.pem")
    'rediss://host:6379/0'
    """
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _check_readable(key: str, path: str, error: type[Exception]) -> None:
    try:
        with open(path, "rb"):
            return
    except OSError as problem:
        raise error(f"{key}={path!r} cannot be read: {problem.strerror}") from None
