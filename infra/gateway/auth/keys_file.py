"""Reads write keys from a TOML file, and reads it again when it changes (`infra/docs/deployment.md`)."""

import logging
import os
import re
import time
import tomllib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from infra.gateway.auth.key_permissions import SCOPES, KeyTable, Level, Quota, Scope, WriteKey, key_digest, key_id
from infra.gateway.auth.origin_names import canonical_origin
from infra.settings import SettingsError

_log = logging.getLogger(__name__)

CHECK_EVERY_S: Final = 1.0
"""How soon a change of the file is in force."""

MIN_KEY_CHARS: Final = 16
"""A shorter key could be found by trying."""

MAX_EVENTS_PER_S: Final = 1_000_000_000

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


class _Key(Struct, forbid_unknown_fields=True):
    key: str = ""
    sha256: str = ""
    """Of the key, in hexadecimal, for a file that should hold no secrets."""
    kind: Level = "public"
    scopes: list[Scope] | None = None
    expires: datetime | None = None
    revoked: bool = False
    note: str = ""


class _Source(Struct, forbid_unknown_fields=True):
    keys: list[_Key]
    origins: list[str] = []
    events_per_s: float | None = None
    burst: int | None = None


class _File(Struct, forbid_unknown_fields=True):
    sources: dict[str, _Source]


class KeysFile:
    """The keys of a file. A file that is broken while the gateway runs changes nothing and is logged.

    Raises `SettingsError` if it cannot be read at the start.
    """

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        self._version = self._stat()
        self._checked_s = time.monotonic()
        self._keys = read_keys(self._path)

    def keys(self) -> KeyTable:
        """Returns the keys in force, at most a second behind the file."""
        now_s = time.monotonic()
        if now_s - self._checked_s >= CHECK_EVERY_S:
            self._checked_s = now_s
            self._reload()
        return self._keys

    def _reload(self) -> None:
        version = self._stat()
        if version == self._version:
            return
        self._version = version
        try:
            self._keys = read_keys(self._path)
        except SettingsError as error:
            _log.error("the keys stay as they are: %s", error)
        else:
            _log.warning("read %d keys from %s", len(self._keys), self._path)

    def _stat(self) -> tuple[int, ...]:
        """Identifies the file's content. A file that is replaced, also behind a symbolic link, has another number."""
        try:
            found = os.stat(self._path)
        except OSError:
            return ()
        return found.st_mtime_ns, found.st_size, found.st_ino, found.st_dev


def read_keys(path: Path) -> KeyTable:
    """Reads the keys, those that are revoked as expired ones; raises `SettingsError`, whose message repeats no key."""
    setting = "MICROADJUST_GATEWAY_KEYS_FILE"
    try:
        document = tomllib.loads(path.read_text("utf-8-sig"))
        found = msgspec.convert(document, _File)
    except OSError as error:
        raise SettingsError(f"{setting}={str(path)!r} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise SettingsError(f"{setting}={str(path)!r}: {error}") from None
    keys: dict[bytes, WriteKey] = {}
    for name, source in found.sources.items():
        for number, each in enumerate(source.keys):
            try:
                digest, permitted = _digest(each), _permitted(name, source, each)
            except ValueError as error:
                raise SettingsError(f"{setting}: key {number} of source {name!r}: {error}") from None
            if digest in keys:
                raise SettingsError(f"{setting}: key {number} of source {name!r} is listed twice")
            permitted = replace(permitted, id=key_id(digest))
            # Kept, so that it is refused where the settings list it too.
            keys[digest] = replace(permitted, expires_at_s=0.0) if each.revoked else permitted
    return keys


def _digest(each: _Key) -> bytes:
    if bool(each.key) == bool(each.sha256):
        raise ValueError("give either key or sha256")
    if each.key:
        if len(each.key) < MIN_KEY_CHARS:
            raise ValueError(f"give at least {MIN_KEY_CHARS} characters")
        return key_digest(each.key)
    if not _DIGEST.fullmatch(each.sha256):
        raise ValueError("sha256: give 64 hexadecimal digits")
    return bytes.fromhex(each.sha256)


def _permitted(name: str, source: _Source, each: _Key) -> WriteKey:
    scopes = SCOPES[each.kind] if each.scopes is None else frozenset(each.scopes)
    if not scopes <= SCOPES[each.kind]:
        raise ValueError(f"scopes: a {each.kind} key may have {', '.join(sorted(SCOPES[each.kind]))}")
    if not name or len(name) > 64 or any(char < " " for char in name):
        raise ValueError("a source's name has 1 to 64 characters")
    expires = each.expires
    if expires is not None and expires.tzinfo is None:
        expires = expires.replace(tzinfo=UTC)
    return WriteKey(
        name,
        each.kind,
        scopes,
        frozenset(map(canonical_origin, source.origins)),
        _quota(source),
        None if expires is None else expires.timestamp(),
    )


def _quota(source: _Source) -> Quota | None:
    if source.events_per_s is None and source.burst is None:
        return None
    rate, burst = source.events_per_s, source.burst
    if rate is None or not 0 < rate <= MAX_EVENTS_PER_S or (burst is not None and not 1 <= burst <= MAX_EVENTS_PER_S):
        raise ValueError(f"events_per_s, burst: give numbers above 0, of at most {MAX_EVENTS_PER_S:,}")
    return Quota(rate, burst or max(1, int(2 * rate)))
