"""Builds JSON responses."""

from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.responses import Response


def json_response(status: int, document: Any, headers: Mapping[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(document), status, headers, "application/json")
