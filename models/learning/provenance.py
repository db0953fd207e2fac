"""Says of what a model was made: the data by its hash, and the versions of what trained it."""

from hashlib import sha256
from importlib.metadata import version
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.learning.examples import Examples

LIBRARIES: Final = ("scikit-learn", "numpy", "onnx")
"""Whose other version may give other bytes."""


def library_versions() -> dict[str, str]:
    """Returns the installed version of each of the libraries, by the name of its package."""
    return {name: version(name) for name in LIBRARIES}


def data_hash(examples: Examples) -> str:
    """Returns the SHA-256, in hexadecimal digits, of all that is learnt from: columns by name, truth, times and sessions.

    Two files with the same rows in the same order have one hash, whatever they are called.
    """
    given: dict[str, NDArray[Any] | None] = {f"column {name}": each for name, each in examples.values.items()}
    given |= {"truth": examples.truth, "times": examples.at_ms, "sessions": examples.sessions}
    digest = sha256()
    for name in sorted(given):
        digest.update(msgspec.json.encode(name))
        values = given[name]
        if values is not None and values.dtype != object:
            # NaN has no form in JSON, and a number has one form here.
            digest.update(np.ascontiguousarray(values).astype(values.dtype.newbyteorder("<")).tobytes())
        else:
            digest.update(msgspec.json.encode(None if values is None else values.tolist()))
    return digest.hexdigest()
