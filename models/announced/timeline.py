"""Versions of one thing by the event time from which each is in force."""

from typing import Final, Generic, TypeVar

T = TypeVar("T")

MAX_VERSIONS: Final = 3
"""Versions that are kept: the one in force, and those around it while event time has not come to the newest."""


class Timeline(Generic[T]):
    """Answers which version is in force at an event time.

    A version replaces all that would begin with it or later: what is announced last is what is meant. So going back to an older
    version is an announcement like any other.

    >>> timeline = Timeline[str]()
    >>> timeline.put(0, "one"), timeline.put(100, "two")
    ([], [])
    >>> timeline.at(99), timeline.at(100), timeline.newest
    ('one', 'two', 'two')
    >>> timeline.put(50, "three")
    [100]
    """

    __slots__ = ("_versions",)

    def __init__(self) -> None:
        self._versions: list[tuple[int, T]] = []

    def put(self, from_ms: int, version: T) -> list[int]:
        """Adds a version; returns the times of those that are forgotten, but for one of the same time."""
        gone = [each for each, _ in self._versions if each > from_ms]
        self._versions = [each for each in self._versions if each[0] < from_ms]
        self._versions.append((from_ms, version))
        gone += [each for each, _ in self._versions[:-MAX_VERSIONS]]
        self._versions = self._versions[-MAX_VERSIONS:]
        return gone

    def at(self, at_ms: int) -> T | None:
        """Returns the version in force; None before the first."""
        for from_ms, version in reversed(self._versions):
            if from_ms <= at_ms:
                return version
        return None

    @property
    def newest(self) -> T | None:
        """The version that was put last."""
        return self._versions[-1][1] if self._versions else None

    @property
    def versions(self) -> list[T]:
        """All that are kept, by the time from which each is in force."""
        return [version for _, version in self._versions]

    @property
    def times(self) -> list[int]:
        """From when each version is in force, in order."""
        return [from_ms for from_ms, _ in self._versions]
