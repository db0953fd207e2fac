"""Stable ids: a new group inherits the id of the group that it shares most of its members with."""

from collections.abc import Collection, Hashable, Mapping
from typing import TypeVar

Old = TypeVar("Old", bound=Hashable)
New = TypeVar("New", bound=Hashable)


def jaccard(a: Collection[Hashable], b: Collection[Hashable]) -> float | None:
    """Common members by all members; None for two empty groups.

    >>> jaccard({1, 2, 3}, {2, 3, 4})
    0.5
    """
    either = len(set(a) | set(b))
    return len(set(a) & set(b)) / either if either else None


def heirs(old: Mapping[Old, Collection[Hashable]], new: Mapping[New, Collection[Hashable]]) -> dict[New, Old]:
    """The old id of each new group that has one: that with a Jaccard index of more than one half.

    Groups of one period are disjoint, so at most one partner can exceed one half: no assignment has to be solved. The others
    get ids that were never used.
    """
    found: dict[New, Old] = {}
    for new_id, new_members in new.items():
        for old_id, old_members in old.items():
            shared = jaccard(old_members, new_members)
            if shared is not None and shared > 0.5:
                found[new_id] = old_id
    return found
