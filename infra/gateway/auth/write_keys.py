"""Authenticates senders by their write key: public keys stand in pages, server keys are secret."""

import re
import time
from collections.abc import Mapping
from typing import Any, Final

from starlette.requests import HTTPConnection

from infra.gateway.auth.credentials import basic_user_name
from infra.gateway.auth.key_permissions import KeyTable, Scope, WriteKey, key_digest, key_id, server_key
from infra.gateway.auth.keys_file import KeysFile
from infra.gateway.auth.origins import origin_error
from infra.gateway.errors import ApiError

_KEY_IN_JSON: Final = re.compile(rb'"write(?:_k|K)ey"\s{0,16}:\s{0,16}"([^"\\]{1,256})"')


class WriteKeys:
    """Finds a key's permissions: in the settings, and in the keys file, which may change while the gateway runs."""

    def __init__(
        self, public: Mapping[str, str], server: Mapping[str, str] | None = None, file: KeysFile | None = None
    ) -> None:
        digests = {key_digest(key): source for key, source in public.items()}
        self._set = {digest: WriteKey(source, id=key_id(digest)) for digest, source in digests.items()}
        of_servers = {key_digest(key): source for key, source in (server or {}).items()}
        self._set |= {digest: server_key(source, key_id(digest)) for digest, source in of_servers.items()}
        self._file = file

    @property
    def sources(self) -> frozenset[str]:
        """Names of all sources that have a key."""
        return frozenset(each.source for each in self._all().values())

    @property
    def ids(self) -> frozenset[str]:
        """Names of the keys in force that may have tokens."""
        return frozenset(each.id for each in self._all().values() if "tokens" in each.scopes)

    @property
    def is_one_sender(self) -> bool:
        """Whether all keys are of one source and one level, so that nobody's sessions have to be kept apart."""
        return len({(each.source, each.level) for each in self._all().values()}) < 2

    def of_headers(self, connection: HTTPConnection, scope: Scope) -> WriteKey | None:
        """Returns the key of `X-Write-Key` or Basic credentials, None without either; raises `ApiError` 401 or 403."""
        key = connection.headers.get("x-write-key") or basic_user_name(connection)
        return None if key is None else self.of(key, connection, scope)

    def source_in_broken_json(self, raw: bytes) -> str | None:
        """Returns the source of a valid key that stands in a body which is no JSON, None if there is none."""
        keys = self._all()
        for found in _KEY_IN_JSON.finditer(raw):
            if (key := keys.get(key_digest(found[1].decode("utf-8", "replace")))) is not None:
                return key.source
        return None

    def reader_of_headers(self, connection: HTTPConnection) -> WriteKey | None:
        """Returns the server key of the headers that may read, None without one; a public key counts as none."""
        key = connection.headers.get("x-write-key") or basic_user_name(connection) or ""
        found = self._all().get(key_digest(key))
        return None if found is None or "read" not in found.scopes else self.of(key, connection, "read")

    def of(self, key: Any, connection: HTTPConnection, scope: Scope) -> WriteKey:
        """Returns the permissions of a key as it stands in a JSON body; raises `ApiError` 401 or 403."""
        found = self._all().get(key_digest(key)) if isinstance(key, str) else None
        if found is None:
            detail = "write_key: missing or unknown; send one of MICROADJUST_WRITE_KEYS in the header X-Write-Key"
            raise ApiError(401, "write_key", detail, field="write_key")
        found.require(scope)
        origin = connection.headers.get("origin")
        if origin is not None and found.level == "server":
            detail = "write_key: a server key was sent by a page; replace it, it is no secret any more"
            raise ApiError(403, "server_key", detail, field="write_key")
        if origin is not None and found.origins and origin.lower() not in found.origins:
            raise origin_error()
        return found

    def _all(self) -> KeyTable:
        """Returns the keys that have not expired."""
        if self._file is None:
            return self._set
        now_s = time.time()
        keys = {**self._set, **self._file.keys()}
        return {each: key for each, key in keys.items() if key.expires_at_s is None or key.expires_at_s > now_s}
