"""Messages from the operators that follow the whole site to the operators that judge by what these found."""

from typing import Any, Literal

from msgspec import Struct

from models.judgement.layout import LAYOUT


class CardMessage(Struct):
    """State of one epoch. `begins`: the next epoch that will have cards; `made`: the cards, by the half that they judge."""

    epoch: int
    status: Literal["begins", "made"]
    cards: list[dict[str, Any]] = []
    layout: str = LAYOUT
    """Of the features that the cards were made for."""


class SiteScore(Struct):
    """How unlike the site's past the minute was that ends with an epoch; None where that cannot be told."""

    epoch: int
    score: float | None
    status: Literal["made"] = "made"
