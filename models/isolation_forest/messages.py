"""A refit on its way from the operator that fits to the operators that score."""

import lzma
from base64 import b64decode
from typing import Literal

from msgspec import Struct


class Refit(Struct):
    """`begins`: the next epoch that may have a forest; `fitted`: a forest; `skipped`: too few rows for one."""

    content_type: str
    epoch: int
    status: Literal["begins", "fitted", "skipped"]
    threshold: float = 1.0
    model: str = ""
    layout: str = ""
    """`FeatureLayout.header` of the features that the forest was fitted on."""

    def model_bytes(self) -> bytes:
        return lzma.decompress(b64decode(self.model))
