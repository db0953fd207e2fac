"""Builds JSON responses."""

from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.responses import Response


def json_response(status: int, document: Any, headers: Mapping[str, str] | None = None) -> Response:
    """No cache may keep it: answers are about one reader, and a token may stand in their address."""
    return Response(
        msgspec.json.encode(document), status, {"cache-control": "no-store", **(headers or {})}, "application/json"
    )
