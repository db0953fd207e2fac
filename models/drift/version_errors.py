"""Keeps the errors of a model by version, and chooses those that a fresh version is compared with."""

from typing import Final, NamedTuple

MAX_ERRORS: Final = 1_000
"""Errors that are kept of a version, the newest."""

MAX_VERSIONS: Final = 4
"""Versions that are kept: the one that is live, and of those before it the newest, and the one that it is compared with."""


class Reference(NamedTuple):
    """The errors that a fresh version is compared with, and whose they are: of one version, or of several together."""

    versions: tuple[int, ...]
    errors: list[float]


class VersionErrors:
    """Versions stand in the order of their numbers, which is the order in which they come into force. One that is in force again
    takes the place it had: what came after it was taken back, and no later version is compared with that."""

    def __init__(self) -> None:
        self._errors: dict[int, list[float]] = {}

    @property
    def version(self) -> int | None:
        """The version whose errors are taken in; None before the first."""
        return next(reversed(self._errors), None)

    @property
    def errors(self) -> list[float]:
        """The errors of that version, oldest first."""
        version = self.version
        return [] if version is None else self._errors[version]

    @property
    def earlier(self) -> list[int]:
        """The versions before it of which errors are known, oldest first."""
        return list(self._errors)[:-1]

    def turn_to(self, version: int) -> None:
        """Takes in errors of this version from now on; of one that is in force again, after those it had."""
        before = self._errors
        self._errors = {each: errors for each, errors in before.items() if each < version}
        self._errors[version] = before.get(version, [])

    def add(self, error: float, min_errors: int) -> None:
        """Takes in an error. Forgets versions that nothing is compared with, where one has to have `min_errors` for that."""
        errors = self.errors
        errors.append(error)
        del errors[:-MAX_ERRORS]
        while len(self._errors) > MAX_VERSIONS:
            enough = [each for each in self.earlier if len(self._errors[each]) >= min_errors]
            del self._errors[next(each for each in self._errors if each not in enough[-1:])]

    def reference(self, min_errors: int) -> Reference | None:
        """Returns the errors of the newest earlier version that has so many, as one that was live for an hour may not; where none
        has, those of all earlier versions. None where these are too few as well."""
        earlier = self.earlier
        for version in reversed(earlier):
            if len(self._errors[version]) >= min_errors:
                return Reference((version,), self._errors[version])
        pooled = [error for version in earlier for error in self._errors[version]]
        return Reference(tuple(earlier), pooled) if len(pooled) >= min_errors else None
