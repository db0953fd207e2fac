"""Authenticates senders of events by their write key."""

import re
from collections.abc import Mapping
from typing import Any, Final

from starlette.requests import HTTPConnection

from infra.gateway.auth.credentials import basic_user_name
from infra.gateway.errors import ApiError

_KEY_IN_JSON: Final = re.compile(rb'"write(?:_k|K)ey"\s{0,16}:\s{0,16}"([^"\\]{1,256})"')


class WriteKeys:
    """Maps a write key to the source that it belongs to."""

    def __init__(self, source_by_key: Mapping[str, str]) -> None:
        self._source_by_key = source_by_key

    def source_of_headers(self, connection: HTTPConnection) -> str | None:
        """Returns the source by `X-Write-Key` or Basic credentials, None without either; raises `ApiError` 401."""
        key = connection.headers.get("x-write-key") or basic_user_name(connection)
        return None if key is None else self.source_of(key)

    def source_in_broken_json(self, raw: bytes) -> str | None:
        """Returns the source of a valid key that stands in a body which is no JSON, None if there is none."""
        for found in _KEY_IN_JSON.finditer(raw):
            if (source := self._source_by_key.get(found[1].decode("utf-8", "replace"))) is not None:
                return source
        return None

    def source_of(self, key: Any) -> str:
        """Returns the source of a key as it stands in a JSON body; raises `ApiError` 401."""
        source = self._source_by_key.get(key) if isinstance(key, str) else None
        if source is None:
            detail = "write_key: missing or unknown; send one of MICROADJUST_WRITE_KEYS in the header X-Write-Key"
            raise ApiError(401, "write_key", detail, field="write_key")
        return source
