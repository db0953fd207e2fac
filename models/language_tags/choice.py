"""Chooses the version of a text for a reader: by lookup (RFC 4647), then by CLDR's distance."""

from collections.abc import Sequence
from typing import Final

from models.language_tags.distance import MAX_DISTANCE, closest, tag_distance
from models.language_tags.matching import WILDCARD, lookup

MAX_WANTED: Final = 16
"""Languages of a reader that are looked at."""

SAME_LANGUAGE: Final = 5
"""The greatest distance of the same language in another region, or in a script that its readers read as well."""


def choose_language(wanted: Sequence[str], available: Sequence[str]) -> str | None:
    """Returns the tag of `available` for a reader of the languages `wanted`, the most wanted first; None where none will do.

    Each language is looked up, and taken in another region's version where there is one, before the next is. What the reader
    has not named, but can probably read, comes last: Spanish for a reader of Catalan.

    >>> choose_language(["fr-CH", "de"], ["de", "fr"]), choose_language(["ca", "en"], ["es", "en"])
    ('fr', 'en')
    >>> choose_language(["ca"], ["es"])
    'es'
    """
    ranges = [each for each in wanted[:MAX_WANTED] if not each.startswith(WILDCARD)]
    for each in ranges:
        found = lookup((each,), available)
        # Cut at its end, zh-TW finds zh: another script, which CLDR holds for as good as foreign.
        if found is not None and (found.lower() == each.lower() or tag_distance(each, found) <= MAX_DISTANCE):
            return found
        if (near := closest(each, available, SAME_LANGUAGE)) is not None:
            return near[0]
    for each in ranges:
        if (near := closest(each, available)) is not None:
            return near[0]
    return None
