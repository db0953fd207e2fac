"""Tells a resource below another from an id that ends like its name: only a slash that is not escaped begins a part of a path."""

from urllib.parse import unquote_to_bytes

from starlette.requests import Request


def names(request: Request, resource: str) -> bool:
    """Whether the path's last part is `resource`: `/v1/people/ina/export` is the export of ina, `ina%2Fexport` a person."""
    raw: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    last = raw.partition(b"?")[0].rpartition(b"/")[2]
    return unquote_to_bytes(last) == resource.encode()
