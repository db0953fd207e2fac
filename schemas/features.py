"""The feature log contract (features.v1): what the job knew at a window of a session. Models learn from it."""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

MAX_LOGGED_NUMBER: Final = 1e100
"""Far beyond what any reader can do, and its square is still a number: who learns from rows forms sums of squares."""

Number = Annotated[float, Meta(ge=-MAX_LOGGED_NUMBER, le=MAX_LOGGED_NUMBER)]
FeatureRowKind = Literal["window", "session_end"]


class FeatureRow(Struct):
    """One window of a session in which something happened, or (`session_end`) what the whole session came to.

    `features` are the numbers of the window by name, null where unknown: the very numbers that the models scored. `context` holds
    the texts. In the row of a session's end a feature or score is its mean over the minutes in which it was known, and
    `window_end_ms` is when the session was found to be over. `models` names the version of each model whose score stands in
    `scores`; the names of models in shadow begin with `shadow_`. `segment_models` are those of `models` that are for readers of
    the segment alone: they have versions of their own.
    """

    session_id: str
    window_end_ms: int
    kind: FeatureRowKind
    features: dict[str, Number | None]
    context: dict[str, str | None]
    segment: str | None
    scores: dict[str, Number | None]
    content_id: str | None
    models: dict[str, int] = {}
    segment_models: list[str] = []


_encoder = msgspec.json.Encoder(order="sorted")
_decode = msgspec.json.Decoder(FeatureRow).decode


def encode_feature_row(row: FeatureRow) -> bytes:
    """The row as JSON. Field order is fixed, so that equal rows are equal bytes."""
    return _encoder.encode(row)


def decode_feature_row(text: bytes | str) -> FeatureRow:
    """The inverse of `encode_feature_row`. Raises what `UNREADABLE` names."""
    return _decode(text)
