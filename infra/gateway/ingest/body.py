"""Reads a request's body: no further than its cap, and no gzip bomb beyond it."""

import asyncio
import zlib
from typing import Final

from starlette.requests import ClientDisconnect, Request

from infra.gateway.ingest.limits import HeldByRequest
from infra.gateway.responses import Refusal

PATIENCE_S: Final = 10.0
"""So long a body may take to arrive."""

_GZIP: Final = 31
"""zlib's window bits that stand for gzip."""


async def read(request: Request, cap: int, held: HeldByRequest, oversize_status: int = 413) -> bytes:
    """The body, unpacked, of at most `cap` bytes before and after; raises `Refusal`."""
    encoding = request.headers.get("content-encoding", "").strip().lower()
    if encoding not in ("", "identity", "gzip"):
        raise Refusal(415, "encoding", "content-encoding: send gzip or none", field="content-encoding")
    too_large = Refusal(oversize_status, "oversize", f"the body is over {cap} bytes")
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > cap:
        raise too_large
    try:
        async with asyncio.timeout(PATIENCE_S):
            raw = await _all_of(request, cap, held, too_large)
    except TimeoutError:
        raise Refusal(408, "slow", f"the body took longer than {PATIENCE_S:.0f} s") from None
    except ClientDisconnect:
        raise Refusal(400, "malformed", "the body ended early") from None
    return raw if encoding != "gzip" else _unpacked(raw, cap, held, too_large)


async def _all_of(request: Request, cap: int, held: HeldByRequest, too_large: Refusal) -> bytes:
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > cap:
            raise too_large
        held.add(len(chunk))
        chunks.append(chunk)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _unpacked(raw: bytes, cap: int, held: HeldByRequest, too_large: Refusal) -> bytes:
    unpacking = zlib.decompressobj(_GZIP)
    try:
        body = unpacking.decompress(raw, cap + 1)
    except zlib.error:
        raise Refusal(400, "malformed", "the body is not gzip") from None
    if len(body) > cap or unpacking.unconsumed_tail:
        raise too_large
    if not unpacking.eof or unpacking.unused_data:
        raise Refusal(400, "malformed", "the body is not one whole gzip stream")
    held.add(len(body))
    return body
