"""Matches language ranges with language tags: lookup, basic and extended filtering of RFC 4647."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

WILDCARD: Final = "*"


def lookup(ranges: Iterable[str], tags: Iterable[str]) -> str | None:
    """Returns the tag that is most like the first range that is like any (RFC 4647, 3.4); None where there is none.

    A range is shortened from its end until a tag is equal to it. The wildcard stands for no tag: the default is the caller's.

    >>> lookup(["zh-Hant-CN-x-private1", "en"], ["en", "zh-Hant"]), lookup(["en-GB"], ["de"])
    ('zh-Hant', None)
    """
    by_lower = {tag.lower(): tag for tag in reversed(list(tags))}
    for each in ranges:
        subtags = [part for part in each.lower().split("-") if part != WILDCARD]
        while subtags:
            if (tag := by_lower.get("-".join(subtags))) is not None:
                return tag
            subtags.pop()
            # A single letter only introduces what has been removed.
            while subtags and len(subtags[-1]) == 1:
                subtags.pop()
    return None


def basic_filter(ranges: Iterable[str], tags: Sequence[str]) -> list[str]:
    """Returns the tags that begin with a range, in the order of the ranges (RFC 4647, 3.3.1).

    >>> basic_filter(["de-de"], ["de-DE-1996", "de-Latn-DE", "de"])
    ['de-DE-1996']
    """
    return list(_matching(ranges, tags, _begins_with))


def extended_filter(ranges: Iterable[str], tags: Sequence[str]) -> list[str]:
    """Returns the tags that hold a range's subtags in its order (RFC 4647, 3.3.2).

    >>> extended_filter(["de-*-DE"], ["de-DE", "de-Latn-DE", "de-x-DE", "de"])
    ['de-DE', 'de-Latn-DE']
    """
    return list(_matching(ranges, tags, _holds_in_order))


def _matching(ranges: Iterable[str], tags: Sequence[str], matches: Callable[[str, str], bool]) -> Iterator[str]:
    found = set()
    for each in ranges:
        for tag in tags:
            if tag not in found and matches(each.lower(), tag.lower()):
                found.add(tag)
                yield tag


def _begins_with(language_range: str, tag: str) -> bool:
    return language_range in (WILDCARD, tag) or tag.startswith(f"{language_range}-")


def _holds_in_order(language_range: str, tag: str) -> bool:
    wanted, given = language_range.split("-"), tag.split("-")
    if wanted[0] not in (WILDCARD, given[0]):
        return False
    at = 1
    for subtag in wanted[1:]:
        if subtag == WILDCARD:
            continue
        while at < len(given) and given[at] != subtag:
            # What a single letter introduces is not for a range to skip.
            if len(given[at]) == 1:
                return False
            at += 1
        if at == len(given):
            return False
        at += 1
    return True
