"""Messages from the operator that fits forests to the operators that score."""

import lzma
from base64 import b64decode
from typing import Literal

from msgspec import Struct

from models.features import FIRST_SESSION_NAMES


class RefitMessage(Struct):
    """State of one refit. `begins`: the next epoch that may have a forest; `fitted`: a forest; `skipped`: too few rows; `full`:
    as many types have a sample as may have one, no other will have a forest up to that epoch."""

    content_type: str
    epoch: int
    status: Literal["begins", "fitted", "skipped", "full"]
    threshold: float = 1.0
    model: str = ""
    features: tuple[str, ...] = FIRST_SESSION_NAMES
    """The columns that the forest was fitted on; release 0.2.0 did not name them."""

    def model_bytes(self) -> bytes:
        """Unpacks the ONNX model."""
        return lzma.decompress(b64decode(self.model))
