"""One reader's session as evidence sees it: presence, habits, silence and content types, slice by slice."""

from binascii import a2b_base64, b2a_base64
from collections.abc import Sequence
from struct import Struct
from typing import Final, NamedTuple

from models.judgement.content_types import ContentTypeChoices, TypeEvidence
from models.judgement.habit_numbers import pack_short, unpack_habits, unpack_short
from models.judgement.habits import MINUTE_MS, Habits
from models.judgement.layout import HABIT_KEYS, PLACES, SESSION_HABITS, lacking_keys
from models.judgement.presence import SLICE_MS, present_in_silent_slice, present_in_slice, visible_in_slice
from models.judgement.silence import reader_silence_ms
from models.judgement.site_card import SiteCard, SiteView
from models.judgement.site_statistics import SiteStatistics

RAPID_CLICKS: Final = 5
"""Clicks of one slice that no reader keeps up for half a minute."""

MAX_RAPID_SLICES: Final = 60
MIN_GAP_MS: Final = 10_000
LONG_GAP_MS: Final = 20_000
MAX_WATCHED_MS: Final = 1_800_000
"""Presence after which the count of long silences is halved, so that old ones fade."""

_SHORT: Final = "."
"""Ends the keys of a text whose whole numbers take the bytes that they need."""

_LONG_HEAD: Final = Struct("<qqqqqBBHHIII")
_CLICKS: Final = PLACES["clicks"]
_RECOMMENDED: Final = PLACES["recommended_clicks"]
_ENGAGED: Final = PLACES["engaged_ms"]


class SliceEvents(NamedTuple):
    """What one session did in ten seconds. Times in ms, -1 for never."""

    end_ms: int
    first_ms: int
    last_ms: int
    acted_first_ms: int
    """First event that the reader caused: no heartbeat, context or page_hide."""
    acted_last_ms: int
    hidden_ms: int
    """Last page_hide."""
    opened: Sequence[str]
    """Content types of the pages opened, in order."""
    depth: float
    """Deepest point of the page that is open at the end, 0..1; -1 unknown."""
    values: Sequence[int]
    """The sums that habits are formed of, in the order of the layout."""


class SessionJudgement:
    """Everything about one session that evidence needs. Text in state restores it exactly."""

    __slots__ = (
        "acted_ms",
        "depth",
        "first_ms",
        "gaps",
        "habits",
        "has_heartbeats",
        "hidden",
        "last_ms",
        "rapid_slices",
        "recommended_ms",
        "seen_ms",
        "types",
        "visible_ms",
        "watched_ms",
    )

    def __init__(self) -> None:
        self.habits = Habits(SESSION_HABITS)
        self.types = ContentTypeChoices()
        self.first_ms = self.last_ms = self.acted_ms = self.recommended_ms = self.seen_ms = -1
        self.hidden = False
        self.has_heartbeats = False
        """Whether the source tells of presence. Without heartbeats there are neither habits nor silences."""
        self.depth = 0.0
        self.rapid_slices = 0
        self.gaps = 0
        self.watched_ms = 0
        self.visible_ms = 0
        """How long the page was in view in the slice judged last; not kept in state."""

    def on_slice(
        self,
        end_ms: int,
        events: SliceEvents | None,
        view: SiteView,
        site: SiteStatistics | None = None,
        session: str = "",
    ) -> int:
        """Judges the slice that ends then; `events` is None where nothing came. Returns the present ms in it.

        `site` collects what the session teaches, under the name `session`.
        """
        self.seen_ms = end_ms
        if events is None:
            self.rapid_slices = 0
            self.visible_ms = 0 if self.hidden or self.last_ms < 0 else SLICE_MS
            values: Sequence[int] = _NOTHING
            present = present_in_silent_slice(end_ms, self.last_ms, self.hidden)
        else:
            present, values = self._take(events, view.card, site), events.values
        if present and self.has_heartbeats:
            self.watched_ms += present
            if self.watched_ms > MAX_WATCHED_MS:
                self.gaps, self.watched_ms = self.gaps // 2, self.watched_ms // 2
            if site is not None:
                site.add_slice(session, values, present, 0 if events is None else SLICE_MS)
            self.habits.on_slice(values, present, view, site)
        return present

    def _take(self, events: SliceEvents, card: SiteCard, site: SiteStatistics | None) -> int:
        seen = (events.end_ms, events.first_ms, events.last_ms, events.hidden_ms, self.last_ms, self.hidden)
        present, self.visible_ms = present_in_slice(*seen), visible_in_slice(*seen)
        values = events.values
        self.rapid_slices = min(self.rapid_slices + 1, MAX_RAPID_SLICES) if values[_CLICKS] >= RAPID_CLICKS else 0
        self.has_heartbeats = self.has_heartbeats or values[_ENGAGED] > 0
        if events.acted_first_ms >= 0:
            self._end_gap(events, site)
            self.acted_ms = events.acted_last_ms
        if self.first_ms < 0:
            self.first_ms = events.first_ms
        self.last_ms, self.hidden = events.last_ms, events.hidden_ms == events.last_ms
        if values[_RECOMMENDED]:
            self.recommended_ms = events.end_ms
        for content_type in events.opened:
            if site is not None:
                site.add_page(content_type)
            self.types.on_page(content_type, card.type_shares)
            self.depth = 0.0
        if events.depth > self.depth:
            self.depth = round(events.depth, 4)
        return present

    def _end_gap(self, events: SliceEvents, site: SiteStatistics | None) -> None:
        """Counts the silence that ends with this slice, where the page was in view for all of it."""
        quiet = events.acted_first_ms - self.acted_ms
        was_hidden = self.hidden or 0 <= events.hidden_ms < events.acted_first_ms
        if self.acted_ms < 0 or quiet < MIN_GAP_MS or not self.has_heartbeats or was_hidden:
            return
        self.gaps += quiet >= LONG_GAP_MS
        if site is not None:
            site.add_gap(quiet)

    def silence_bound_ms(self, card: SiteCard) -> float:
        """How long a silence must be to be unusual for this reader."""
        return reader_silence_ms(card.silence_ms, card.gaps_a_minute, self.gaps, self.watched_ms / MINUTE_MS)

    def newest_type(self) -> TypeEvidence | None:
        return self.types.newest()

    def to_text(self) -> str:
        """As text for keyed state: the habits' keys, numbers in base64, content types.

        Whole numbers take the bytes that they need, times by their distance from the slice judged last.
        """
        habits, seen_ms = self.habits, self.seen_ms
        others = (
            seen_ms + 1,
            _since(self.first_ms, seen_ms),
            _since(self.last_ms, seen_ms),
            _since(self.acted_ms, seen_ms),
            _since(self.recommended_ms, seen_ms),
            self.hidden + 2 * self.has_heartbeats,
            self.rapid_slices,
            round(self.depth * 10_000),
            self.gaps,
            self.watched_ms,
            habits.present_ms,
            habits.previous_ms,
        )
        encoded = b2a_base64(pack_short(habits, others), newline=False).decode("ascii")
        types = ",".join(
            f"{pages}/{nats:g}/{hits}/{_escaped(name)}" for name, (pages, nats, hits) in self.types.types.items()
        )
        return f"{HABIT_KEYS}{_SHORT} {encoded} {types}"

    @staticmethod
    def keys_of(text: str) -> str:
        """The keys of the habits that a text holds."""
        return text.partition(" ")[0].removesuffix(_SHORT)

    @classmethod
    def from_text(cls, text: str) -> "SessionJudgement":
        """What `to_text` wrote. A habit that the text does not know begins empty, one that is gone is dropped."""
        self = cls()
        keys, encoded, types = text.split(" ", 2)
        data = a2b_base64(encoded)
        if keys.endswith(_SHORT):
            self._restore(unpack_short(self.habits, SESSION_HABITS, keys.removesuffix(_SHORT), data))
        else:
            # Savepoints of before 2026-11-29.
            self._restore_long(data)
            unpack_habits(self.habits, SESSION_HABITS, keys, data, _LONG_HEAD.size)
        self.habits.begin_anew(lacking_keys(keys.removesuffix(_SHORT), HABIT_KEYS))
        known: dict[str, tuple[int, float, int]] = {}
        for part in types.split(",") if types else ():
            pages, nats, hits, name = part.split("/", 3)
            known[_unescaped(name)] = (int(pages), float(nats), int(hits))
        self.types = ContentTypeChoices(known)
        return self

    def _restore(self, others: Sequence[int]) -> None:
        """Takes the numbers beside the habits, in the order of `to_text`."""
        self.seen_ms = seen_ms = others[0] - 1
        self.first_ms, self.last_ms, self.acted_ms, self.recommended_ms = (_at(each, seen_ms) for each in others[1:5])
        self.hidden, self.has_heartbeats = bool(others[5] & 1), bool(others[5] & 2)
        self.rapid_slices, self.depth = others[6], others[7] / 10_000
        self.gaps, self.watched_ms, self.habits.present_ms, self.habits.previous_ms = others[8:12]

    def _restore_long(self, data: bytes) -> None:
        first_ms, last_ms, acted_ms, recommended_ms, seen_ms, *others = _LONG_HEAD.unpack_from(data)
        times = (_since(each, seen_ms) for each in (first_ms, last_ms, acted_ms, recommended_ms))
        self._restore((seen_ms + 1, *times, *others))


_NOTHING: Final = (0,) * len(SESSION_HABITS)


def _escaped(name: str) -> str:
    return name.replace("%", "%25").replace(",", "%2C").replace("\n", "%0A")


def _unescaped(name: str) -> str:
    return name.replace("%0A", "\n").replace("%2C", ",").replace("%25", "%")


def _since(at_ms: int, seen_ms: int) -> int:
    """A time as a number from zero on: 0 for never (-1), else by its distance from `seen_ms`, on either side of it."""
    if at_ms < 0:
        return 0
    distance = seen_ms - at_ms
    return 2 * distance + 1 if distance >= 0 else -2 * distance


def _at(since: int, seen_ms: int) -> int:
    """The time of which `_since` made a number."""
    if not since:
        return -1
    return seen_ms - since // 2 if since % 2 else seen_ms + since // 2
