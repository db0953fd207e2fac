"""Reads a request's body within bounds of size and time, and unpacks gzip within the same bound of size."""

import asyncio
import zlib
from typing import Final

from starlette.requests import ClientDisconnect, Request

from infra.gateway.errors import ApiError
from infra.gateway.ingest.limits import SMALL_BODY_BYTES, BodyMemoryLease

BODY_TIMEOUT_S: Final = 10.0
"""How long a body may take to arrive."""

STALL_TIMEOUT_S: Final = 3.0
"""How long a body that already holds much memory may pause. A small one has all of `BODY_TIMEOUT_S`: phones do pause."""

_GZIP_NAMES: Final = ("gzip", "x-gzip")
"""RFC 9110 (8.4.1.3): a recipient should take the second for the first."""

MAX_GZIP_MEMBERS: Final = 1_000
"""Each member copies what is left of the body, so that very many of them would cost more than the body is worth."""

_GZIP: Final = 31
"""zlib's window bits for gzip."""


async def read_body(request: Request, max_bytes: int, memory: BodyMemoryLease, oversize_status: int = 413) -> bytes:
    """Returns the unpacked body; `max_bytes` bounds it before and after unpacking. Raises `ApiError`."""
    encoding = request.headers.get("content-encoding", "").strip().lower()
    if encoding not in ("", "identity", *_GZIP_NAMES):
        raise ApiError(415, "encoding", "content-encoding: send gzip or none", field="content-encoding")
    too_large = ApiError(oversize_status, "oversize", f"body: over {max_bytes} bytes; send smaller batches")
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > max_bytes:
        raise too_large
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            raw = await _receive(request, max_bytes, memory, too_large)
    except TimeoutError:
        detail = f"body: not received within {BODY_TIMEOUT_S:.0f} s, or paused for {STALL_TIMEOUT_S:.0f} s"
        raise ApiError(408, "slow", detail) from None
    except ClientDisconnect:
        raise ApiError(400, "malformed", "body: the connection closed before its end") from None
    return raw if encoding not in _GZIP_NAMES else _unpack(raw, max_bytes, memory, too_large)


async def _receive(request: Request, max_bytes: int, memory: BodyMemoryLease, too_large: ApiError) -> bytes:
    chunks, size = [], 0
    async with asyncio.timeout(None) as stall:
        async for chunk in request.stream():
            size += len(chunk)
            if size > max_bytes:
                raise too_large
            memory.add(len(chunk))
            chunks.append(chunk)
            if size > SMALL_BODY_BYTES:
                stall.reschedule(asyncio.get_running_loop().time() + STALL_TIMEOUT_S)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _unpack(raw: bytes, max_bytes: int, memory: BodyMemoryLease, too_large: ApiError) -> bytes:
    """Unpacks a series of gzip members (RFC 1952, 2.2); `max_bytes` bounds all of them together."""
    members: list[bytes] = []
    size, packed = 0, raw
    while packed or not members:
        if len(members) == MAX_GZIP_MEMBERS:
            raise ApiError(400, "malformed", f"body: over {MAX_GZIP_MEMBERS} gzip members")
        unpacker = zlib.decompressobj(_GZIP)
        try:
            member = unpacker.decompress(packed, max_bytes - size + 1)
        except zlib.error:
            raise ApiError(400, "malformed", "body: content-encoding says gzip, but the body is not gzip") from None
        size += len(member)
        if size > max_bytes or unpacker.unconsumed_tail:
            raise too_large
        if not unpacker.eof:
            raise ApiError(400, "malformed", "body: the last gzip member is not complete")
        memory.add(len(member))
        members.append(member)
        packed = unpacker.unused_data
    return members[0] if len(members) == 1 else b"".join(members)
