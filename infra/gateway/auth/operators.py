"""Knows the operators: their tokens and what each may do, from the settings and from a file that may change."""

import hmac
import logging
import time
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from infra.gateway.auth.push_tokens import looks_like_push_token
from infra.gateway.settings import Settings
from infra.settings import SettingsError

_log = logging.getLogger(__name__)

ROLES: Final = ("read", "push", "erase")
"""`read`: sessions, targets, console, debug page; `push`: all commands; `erase`: a person's data."""

MIN_TOKEN_CHARS: Final = 16
LOOK_EVERY_S: Final = 2.0

CONSOLE: Final = "console"
"""Name of the operator whose token is MICROADJUST_GATEWAY_CONSOLE_TOKEN."""


@dataclass(frozen=True, slots=True)
class Operator:
    """`digest` is the SHA-256 of the token, in hex."""

    name: str
    digest: str
    roles: frozenset[str]


class Operators:
    """Finds the operator of a token. A file that has become unreadable leaves the operators as they were."""

    def __init__(self, settings: Settings) -> None:
        self._path = Path(settings.operators_file) if settings.operators_file else None
        self._fixed = _of_the_settings(settings)
        self._read_at: float | None = None
        self._looked_s = 0.0
        self._listed: tuple[Operator, ...] = ()
        if self._path is not None:
            self._listed = read_operators(self._path)
            self._read_at = self._path.stat().st_mtime

    def find(self, token: str) -> Operator | None:
        """Returns the operator; compares with every token in constant time."""
        self._look()
        digest = _digest(token)
        found = [each for each in (*self._fixed, *self._listed) if hmac.compare_digest(each.digest, digest)]
        return found[0] if token and found else None

    def named(self, name: str, fingerprint: str) -> Operator | None:
        """Returns the operator of a session, None where name or token is no longer listed."""
        self._look()
        for each in (*self._fixed, *self._listed):
            if each.name == name and hmac.compare_digest(fingerprint_of(each), fingerprint):
                return each
        return None

    def _look(self) -> None:
        now_s = time.monotonic()
        if self._path is None or now_s - self._looked_s < LOOK_EVERY_S:
            return
        self._looked_s = now_s
        try:
            modified = self._path.stat().st_mtime
            if modified != self._read_at:
                self._listed = read_operators(self._path)
                self._read_at = modified
                _log.info("read %d operators anew from %s", len(self._listed), self._path)
        except (OSError, SettingsError) as error:
            _log.error("operators stay as they were: %s", error)


def fingerprint_of(operator: Operator) -> str:
    """Returns a short hash that changes with the token and does not reveal it."""
    return sha256(operator.digest.encode()).hexdigest()[:16]


def read_operators(path: Path) -> tuple[Operator, ...]:
    """Reads `[[operator]]` tables with `name`, `token` or `token_sha256`, and `roles`. Raises `SettingsError`."""
    try:
        document = tomllib.loads(path.read_text("utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"MICROADJUST_GATEWAY_OPERATORS_FILE={path}: {error}") from None
    tables = document.get("operator")
    if document.keys() != {"operator"} or not isinstance(tables, list):
        raise SettingsError(f"{path}: give [[operator]] tables with name, token or token_sha256, and roles")
    found = tuple(_operator(path, table) for table in tables)
    if len({each.name for each in found}) < len(found) or CONSOLE in {each.name for each in found}:
        raise SettingsError(f"{path}: names must differ, and from {CONSOLE}")
    return found


def _operator(path: Path, table: Mapping[str, Any]) -> Operator:
    if not isinstance(table, dict):
        raise SettingsError(f"{path}: give [[operator]] tables with name, token or token_sha256, and roles")
    name, roles = table.get("name"), table.get("roles")
    where = f"{path}: operator {name!r}"
    if not isinstance(name, str) or not name or not name.isprintable() or len(name) > 64:
        raise SettingsError(f"{path}: operator: name: give 1 to 64 printable characters")
    if unknown := table.keys() - {"name", "token", "token_sha256", "roles"}:
        raise SettingsError(f"{where}: unknown: {', '.join(sorted(unknown))}")
    if not isinstance(roles, list) or not roles or not all(each in ROLES for each in roles):
        raise SettingsError(f"{where}: roles: give some of {', '.join(ROLES)}")
    return Operator(name, _token_digest(where, table), frozenset(roles))


def _token_digest(where: str, table: Mapping[str, Any]) -> str:
    token, digest = table.get("token"), table.get("token_sha256")
    if (token is None) == (digest is None):
        raise SettingsError(f"{where}: give token or token_sha256")
    if token is not None:
        if not isinstance(token, str) or len(token) < MIN_TOKEN_CHARS or looks_like_push_token(token):
            raise SettingsError(f"{where}: token: give at least {MIN_TOKEN_CHARS} characters")
        return _digest(token)
    if not isinstance(digest, str) or len(digest) != 64 or not set(digest.lower()) <= set("0123456789abcdef"):
        raise SettingsError(f"{where}: token_sha256: give 64 hex digits")
    return digest.lower()


def _of_the_settings(settings: Settings) -> Sequence[Operator]:
    if not settings.console_token:
        return ()
    return (Operator(CONSOLE, _digest(settings.console_token), frozenset(ROLES)),)


def _digest(token: str) -> str:
    return sha256(token.encode("utf-8", "replace")).hexdigest()
