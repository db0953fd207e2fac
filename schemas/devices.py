"""Kinds of devices: the texts that the gateway writes for `device`, and the words of senders that it turns into them."""

from typing import Final

DEVICE_BY_WORD: Final = {
    **dict.fromkeys(
        ("mobile", "phone", "smartphone", "iphone", "ipod", "ios", "android", "feature phone", "phablet"), "mobile"
    ),
    **dict.fromkeys(("tablet", "ipad", "ipados"), "tablet"),
    **dict.fromkeys(("desktop", "pc", "computer", "laptop", "mac", "macos", "windows", "linux", "web"), "desktop"),
    **dict.fromkeys(("tv", "smarttv", "smart tv", "smart-tv", "tvos", "television", "console"), "tv"),
    **dict.fromkeys(("bot", "crawler", "spider"), "bot"),
}
"""Words for kinds of devices, platforms included, which Segment's libraries send as `device.type`."""


def device_text(word: str) -> str:
    """Returns what the gateway writes for a sender's word; the word itself if it is none of those known.

    >>> device_text("phone"), device_text(" Desktop"), device_text("fridge")
    ('mobile', 'desktop', 'fridge')
    """
    return DEVICE_BY_WORD.get(word.strip().lower(), word)
