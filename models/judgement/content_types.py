"""Is a reader suddenly opening pages of one content type? Counted in pages, not in time: each page is one choice."""

from collections.abc import Mapping
from math import log
from typing import Final, NamedTuple

MAX_TYPES: Final = 6
"""Types remembered per session; the one longest unseen makes room."""

MAX_PAGES: Final = 64
"""Pages after which all counts are halved, so that old choices fade."""

_BENT_SHARE: Final = 0.9
"""Share of pages that a captivated reader takes from one type."""

_USUAL_SHARE: Final = 0.5
"""A type that is opened so often anyway cannot be news."""

_MIN_SITE_SHARE: Final = 0.05
_UNKNOWN_SITE_SHARE: Final = 0.25


class TypeEvidence(NamedTuple):
    """Evidence that one content type has become the reader's subject."""

    content_type: str
    nats: float
    pages: int
    """Pages of the type since the evidence was last zero."""


class ContentTypeChoices:
    """Per content type, the evidence that the next page is of that type with probability 0.9.

    The alternative is the share that the reader's pages so far and the site's mix (counted as one page) give. Pages just
    opened count for "nothing has changed" as well, so that three in a row persuade only where they are rare. One-sided
    sequential likelihood ratio, kept at or above zero (Page 1954, Biometrika 41, 100-115).
    """

    __slots__ = ("pages", "types")

    def __init__(self, types: dict[str, tuple[int, float, int]] | None = None) -> None:
        self.types: dict[str, tuple[int, float, int]] = types or {}
        """Type -> pages, nats, pages since the nats were zero; longest unseen first."""
        self.pages = sum(known[0] for known in self.types.values())

    def on_page(self, content_type: str, site_shares: Mapping[str, float]) -> None:
        """Counts one opened page. `site_shares` is the site's mix of opened pages; empty where it is not known."""
        self.types.setdefault(content_type, (0, 0.0, 0))
        for name, (pages, nats, hits) in list(self.types.items()):
            prior = max(site_shares.get(name, 0.0), _MIN_SITE_SHARE) if site_shares else _UNKNOWN_SITE_SHARE
            share = (prior + pages) / (1.0 + self.pages)
            if share >= _USUAL_SHARE:
                nats = 0.0
            elif name == content_type:
                nats += log(_BENT_SHARE / share)
                hits += 1
            elif nats > 0.0:
                nats += log((1.0 - _BENT_SHARE) / (1.0 - share))
            # Rounded, so that text in state loses nothing.
            nats = round(nats, 3)
            self.types[name] = (pages, nats, hits) if nats > 0.0 else (pages, 0.0, 0)
        pages, nats, hits = self.types.pop(content_type)
        self.types[content_type] = (pages + 1, nats, hits)
        self.pages += 1
        if len(self.types) > MAX_TYPES:
            self.pages -= self.types.pop(next(iter(self.types)))[0]
        if self.pages >= MAX_PAGES:
            self.types = {name: (known[0] // 2, known[1], known[2]) for name, known in self.types.items()}
            self.pages = sum(known[0] for known in self.types.values())

    def newest(self) -> TypeEvidence | None:
        """Evidence for the type opened last; None before the first page."""
        if not self.types:
            return None
        name = next(reversed(self.types))
        _, nats, hits = self.types[name]
        return TypeEvidence(name, nats, hits)
