"""Packs an artefact into the text of a record, and unpacks it within bounds."""

import lzma
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from typing import Final

from models.announced.errors import ModelRefusedError
from schemas.model_cards import MAX_ARTEFACT_BYTES

MAX_UNPACKING_BYTES: Final = 64 * 1024 * 1024
"""Memory that unpacking may take: LZMA's header asks for a dictionary of any size."""

_ONNX_BEGINS: Final = b"\x08"
"""The first field of an ONNX model is the version of its format, a small number. No pickle, archive or text begins so."""


def pack(artefact: bytes) -> str:
    """Returns the text that stands in a record for the artefact.

    >>> unpack(pack(b"\\x08 and so on"))
    b'\\x08 and so on'
    """
    return b64encode(lzma.compress(artefact, preset=1)).decode("ascii")


def unpack(text: str) -> bytes:
    """Returns the artefact. Raises `ModelRefusedError` for what is damaged or too long."""
    try:
        packed = b64decode(text, validate=True)
    except (Base64Error, ValueError):
        raise ModelRefusedError("the artefact is not base64") from None
    if not packed.startswith(b"\xfd7zXZ\x00"):
        raise ModelRefusedError(f"the artefact is not packed with LZMA{_likely(packed)}")
    unpacker = lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=MAX_UNPACKING_BYTES)
    try:
        artefact = unpacker.decompress(packed, MAX_ARTEFACT_BYTES + 1)
    except (lzma.LZMAError, EOFError) as error:
        raise ModelRefusedError(f"the artefact cannot be unpacked: {error}") from None
    if len(artefact) > MAX_ARTEFACT_BYTES:
        raise ModelRefusedError(f"the artefact is longer than {MAX_ARTEFACT_BYTES} bytes")
    if not unpacker.eof:
        raise ModelRefusedError("the artefact ends in the middle")
    return artefact


def require_onnx(artefact: bytes) -> None:
    """Raises `ModelRefusedError` for what does not begin as ONNX does: nothing else is ever opened, least of all a pickle."""
    if not artefact.startswith(_ONNX_BEGINS):
        raise ModelRefusedError(f"the artefact is not ONNX{_likely(artefact)}")


def _likely(artefact: bytes) -> str:
    """What the bytes may be instead, by how they begin."""
    if artefact.startswith(b"PK\x03\x04"):
        return ": it begins like an archive, such as one of PyTorch or NumPy"
    if artefact[:1] == b"\x80" or artefact[-1:] == b".":
        return ": it looks like a pickle, which is never opened"
    return ""
