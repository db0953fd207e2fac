"""The readers of the benchmark's workload: who does what next, as bytes ready for Kafka."""

from random import Random
from typing import Any, Final

import orjson

PARTITIONS: Final = 4
BEGINNING_MS: Final = 1_760_000_000_000
TRAILING_S: Final = 90
"""Seconds of ticks after the last event: longer than window, slide and watermark delay together."""

_CONTENT_TYPES: Final = ("news", "sport", "culture", "science", "video")
CONTENTS: Final = tuple(
    (f"content-{n:03d}", _CONTENT_TYPES[n % len(_CONTENT_TYPES)], f"/articles/2025/content-{n:03d}") for n in range(200)
)
"""Id, type and page of what there is to read."""

RESENT_SHARE: Final = 0.01
"""Share of clicks that arrive twice: gateways resend what was not acknowledged."""

PAUSE_SHARE: Final = 0.1
"""Share of pages before which the reader is away for 20 to 60 s."""

_TYPES: Final = ("move",) * 40 + ("scroll",) * 26 + ("hover",) * 16 + ("heartbeat",) * 13 + ("click",) * 5
_BROWSERS: Final = ("Firefox 144", "Chrome 141", "Safari 26", "Edge 141")
_PLACES: Final = (
    ("DE", "Bavaria", "Munich", "de-DE", "Europe/Berlin"),
    ("GB", "England", "Manchester", "en-GB", "Europe/London"),
    ("FR", "Occitania", "Toulouse", "fr-FR", "Europe/Paris"),
    ("US", "Oregon", "Portland", "en-US", "America/Los_Angeles"),
)
_DEVICES: Final = (
    ("desktop", "Windows 11", 1920, 970),
    ("mobile", "Android 16", 412, 915),
    ("tablet", "iPadOS 26", 820, 1180),
)


class Reader:
    """One of the concurrent readers. After 10 to 20 minutes another session takes the place.

    `away_until_ms` is when the reader comes back from a pause; ask for no event before.
    """

    __slots__ = (
        "_content",
        "_context",
        "_count",
        "_depth",
        "_ends_ms",
        "_moves_on_ms",
        "_number",
        "_opened_ms",
        "_place",
        "_random",
        "_session",
        "_user",
        "away_until_ms",
        "key",
    )

    def __init__(self, place: int, random: Random, now_ms: int, first: bool) -> None:
        self._place, self._random = place, random
        self._number = self._count = 0
        self._begin(now_ms)
        if first:
            # At the start readers are in the middle of their sessions, or all would end within the same minutes.
            self._ends_ms = now_ms + random.uniform(0.0, 1_200_000.0)

    def _begin(self, now_ms: int) -> None:
        random = self._random
        self._number += 1
        self._user = f"user-{self._place:06d}-{self._number % 7}"
        self._session = f"session-{self._place:06d}-{self._number:04d}"
        self.key = self._session.encode()
        self._ends_ms = now_ms + random.uniform(600_000.0, 1_200_000.0)
        self._moves_on_ms = self.away_until_ms = 0.0
        self._context = orjson.Fragment(orjson.dumps(_context(random)))

    def next(self, now_ms: int) -> tuple[bytes, bool]:
        """What the reader does now, as JSON, and whether the gateway sends it twice."""
        random = self._random
        resent = False
        placement = element = x = y = None
        value: float | None
        if self._moves_on_ms == 0.0:
            kind, value = "page_view", None
            self._content = CONTENTS[int(random.random() * len(CONTENTS))]
            self._depth, self._opened_ms = 0.0, now_ms
            self._moves_on_ms = now_ms + random.uniform(20_000.0, 100_000.0)
        elif now_ms >= self._moves_on_ms:
            kind, value = "page_hide", now_ms - self._opened_ms
            self._moves_on_ms = 0.0
            if random.random() < PAUSE_SHARE:
                self.away_until_ms = now_ms + random.uniform(20_000.0, 60_000.0)
        else:
            kind = _TYPES[int(random.random() * 100)]
            chance = random.random()
            if kind == "move":
                value = round(chance * 900.0, 1)
                x, y = round(chance, 3), round(1.0 - chance, 3)
            elif kind == "scroll":
                self._depth = min(1.0, self._depth + chance * 0.05)
                value = round(self._depth, 4)
            elif kind == "hover":
                value = int(chance * 3000.0)
                element = "figure.lead"
            elif kind == "heartbeat":
                value = 5000
            else:
                value = None
                placement = "recommended" if chance < 0.3 else "body"
                element, resent = "a.teaser", random.random() < RESENT_SHARE
        self._count += 1
        content = self._content
        event = {
            "event_id": f"{self._place:06x}-{self._number:04x}-{self._count:08x}",
            "type": kind,
            "occurred_at_ms": now_ms,
            "received_at_ms": now_ms + 20,
            "session_id": self._session,
            "user_id": self._user,
            "content_id": content[0],
            "content_type": content[1],
            "page_url": content[2],
            "context": self._context,
        }
        if value is not None:
            event["value"] = value
        if element is not None:
            event["element"] = element
        if placement is not None:
            event["placement"] = placement
        if x is not None:
            event["x"], event["y"] = x, y
        raw = orjson.dumps(event)
        if kind == "page_hide" and now_ms >= self._ends_ms:
            self._begin(now_ms)
        return raw, resent


def _context(random: Random) -> dict[str, Any]:
    country, region, city, language, timezone = random.choice(_PLACES)
    device, system, width, height = random.choice(_DEVICES)
    return {
        "device": device,
        "os": system,
        "browser": random.choice(_BROWSERS),
        "country": country,
        "region": region,
        "city": city,
        "language": language,
        "timezone": timezone,
        "rtt_ms": random.randint(20, 180),
        "downlink_kbps": random.randint(2_000, 90_000),
        "save_data": random.random() < 0.1,
        "viewport_w": width,
        "viewport_h": height,
    }


def records(number: int, sessions: int, rate: float) -> int:
    """Records in a topic of so many events, `rate` of them per session and second: the ticks are records too."""
    last_ms = int((number - 1) * (1000.0 / (sessions * rate)))
    return number + PARTITIONS * (last_ms // 1000 + TRAILING_S)
