"""Registry of the site's cards: which one judges a window of which session."""

from collections.abc import Sequence
from typing import Final

from models.epochs import NO_WATERMARK, EpochValues
from models.isolation_forest.schedule import RefitSchedule
from models.judgement.layout import stored_layout
from models.judgement.messages import CardMessage
from models.judgement.site_card import SiteCard, shipped_card
from models.judgement.site_sample import HALVES, half_of

LEAD_MS: Final = 60_000
"""Time after the end of an epoch from which its cards are in force: they take that long to arrive in a fast replay."""


class CardRegistry:
    """The cards in force, one per half of the sessions; the card that ships before the first."""

    def __init__(self, schedule: RefitSchedule) -> None:
        self._schedule = schedule
        default: Sequence[SiteCard] = [shipped_card()] * HALVES
        self._cards: EpochValues[Sequence[SiteCard]] = EpochValues(schedule, default)

    def on_message(self, message: CardMessage, watermark: int = NO_WATERMARK) -> None:
        """Registers the beginning of an epoch or its cards. Cards that no window after `watermark` needs are dropped."""
        if message.status == "begins":
            self._cards.begin(message.epoch)
        else:
            # Without a layout that can be read, the card that ships is in force until the next ones.
            stored = stored_layout(message.layout)
            cards = None if stored is None else [SiteCard.from_json(card, stored) for card in message.cards]
            self._cards.add(message.epoch, cards, watermark)

    def oldest_epoch(self, watermark: int) -> int:
        """Returns the oldest epoch that windows after that watermark may need."""
        return self._schedule.oldest_epoch(watermark)

    def is_pending(self, window_end_ms: int) -> bool:
        """Whether cards that may still judge that window are under way."""
        return self._cards.lookup(window_end_ms) == "pending"

    def resolve(self, session: str, window_end_ms: int) -> SiteCard:
        """Returns the card that judges that window, once no other can be under way."""
        return self._cards.resolve(window_end_ms)[half_of(session)]
