"""Tells an ONNX file from anything else by its first bytes, before a library opens it."""

from typing import Final

_IR_VERSION_FIELD: Final = 0x08
"""An ONNX file is a protobuf `ModelProto`, whose field 1, `ir_version`, writers put first: this tag, then a small number."""

MAX_IR_VERSION: Final = 31

_KNOWN: Final = (
    (b"PK\x03\x04", "a zip archive, as torch and numpy write them"),
    (b"\x93NUMPY", "a numpy array"),
    (b"\x1f\x8b", "gzip"),
    (b"\xfd7zXZ", "xz"),
    (b"x\x9c", "zlib, as joblib writes pickles"),
    (b"\x89HDF", "HDF5"),
)


class NotOnnxError(ValueError):
    """Bytes that are no ONNX file; nothing has opened them."""


def require_onnx(artefact: bytes) -> None:
    """Raises `NotOnnxError` unless the first bytes are those of an ONNX file. A pickle is refused unopened.

    >>> require_onnx(b"\\x08\\x08rest")
    >>> require_onnx(b"\\x80\\x04K\\x07.")
    Traceback (most recent call last):
    models.artefact_bytes.NotOnnxError: not an ONNX model but a pickle; only ONNX is ever loaded
    """
    if len(artefact) >= 2 and artefact[0] == _IR_VERSION_FIELD and 1 <= artefact[1] <= MAX_IR_VERSION:
        return
    raise NotOnnxError(f"not an ONNX model but {_described(artefact)}; only ONNX is ever loaded")


def _described(artefact: bytes) -> str:
    if not artefact:
        return "an empty file"
    if artefact[0] == 0x80:
        return "a pickle"
    return next(
        (text for start, text in _KNOWN if artefact.startswith(start)), f"bytes that begin {artefact[:4].hex()}"
    )
