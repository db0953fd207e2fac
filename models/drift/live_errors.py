"""Follows the live errors of a model: have they grown, is a fresh version worse than an earlier one, do outcomes stay away?"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from models.drift import chi_square, kolmogorov_smirnov
from models.drift.adwin import Adwin
from models.drift.page_hinkley import PageHinkley
from models.drift.version_errors import VersionErrors

DELTA_SIGMAS: Final = 0.25
THRESHOLD_SIGMAS: Final = 20.0
"""Of Page-Hinkley: a million undrifted values raise 4 alarms if normal, 37 if exponential (`infra/bench/segments.py`)."""

ADWIN_DELTA: Final = 0.0001
"""Of ADWIN, the probability of a false alarm at a look; it holds for values between 0 and 1."""

LOOKS: Final = (50, 100, 200, 400)
"""Outcomes of a fresh version at which it is compared with an earlier one, which has to have as many as the first."""

LEVEL: Final = 0.001
"""Probability that a version that is no worse is called so, over all looks together."""

MAX_MEDIANS: Final = 8.0
"""Times the median error at which an error is cut. One that is cut is no drift by itself: 5 standard deviations of exponential
errors, 13 of narrow ones, against a threshold of 20. Of exponential errors one in 256 is cut."""

MIN_BOUNDING: Final = 30
"""Errors from which their median says what is far."""

ENDED_SESSIONS: Final = 200
"""Ended sessions with a prediction after which the share of those with an outcome is judged."""

Finding = Literal["error_drift", "worse_version", "not_compared", "missing_outcomes", "no_outcomes"]


@dataclass(frozen=True, slots=True)
class LiveFinding:
    """What was found of a version. `value` and `threshold` are mean errors, or for missing outcomes shares of sessions; of a
    version that cannot be compared, its outcomes and how many an earlier version should have. `against` are the versions that it
    was compared with, `method` is the test that told."""

    kind: Finding
    version: int
    value: float
    threshold: float
    outcomes: int
    against: tuple[int, ...] = ()
    method: str | None = None


class LiveErrors:
    """The errors of one model, version after version. Without outcomes nothing is said of a version, neither good nor bad: that
    they stay away is a finding of its own."""

    def __init__(self, is_bounded: bool = False) -> None:
        """`is_bounded`: errors lie between 0 and 1, as of probabilities. Their growth is told by ADWIN, which is made for them:
        where hardly any is large, three large ones in a row would be 20 standard deviations for Page-Hinkley."""
        self._is_bounded = is_bounded
        self.in_force: int | None = None
        """The version of the newest prediction."""
        self._errors = VersionErrors()
        self._test = self._new_test()
        self._told: set[str] = set()
        self._ended = self._answered = 0
        self._usual: tuple[int, int] | None = None
        """Sessions with an outcome and all, of the first range that had any."""

    def add(self, version: int, error: float) -> Iterator[LiveFinding]:
        """Takes in the error of a prediction of a version, of at least 0. Yields what follows."""
        if version != self._errors.version:
            if version != self.in_force and self._errors.version is not None:
                # Late outcomes of the version before are no errors of this one, nor those of one that was taken back.
                return
            self._turn_to(version)
        self._errors.add(error if self._is_bounded else self._cut(error), LOOKS[0])
        errors = self._errors.errors
        if self._test.update(errors[-1]) and "error_drift" not in self._told:
            lately, first = _mean(errors[-50:]), _mean(errors[: len(errors) // 2])
            # ADWIN cuts where errors have become smaller, too.
            if lately > first:
                self._told.add("error_drift")
                method = "adwin" if self._is_bounded else "page_hinkley"
                yield LiveFinding("error_drift", version, lately, first, len(errors), method=method)
        if len(errors) in LOOKS:
            yield from self._compare(version, errors)

    def ended(self, version: int, answered: bool) -> Iterator[LiveFinding]:
        """Takes in that a session with a prediction of the version is over. Yields a finding where far fewer sessions than usual
        have an outcome, or none has."""
        self._ended += 1
        self._answered += answered
        if self._ended < ENDED_SESSIONS:
            return
        answered_now, self._ended, self._answered = self._answered, 0, 0
        if self._usual is None:
            if answered_now:
                # Where outcomes begin later, these are what is usual: of none, none could ever be missing.
                self._usual = (answered_now, ENDED_SESSIONS)
            elif "no_outcomes" not in self._told:
                self._told.add("no_outcomes")
                yield LiveFinding("no_outcomes", version, 0.0, 1 / ENDED_SESSIONS, 0)
            return
        usual = self._usual[0] / self._usual[1]
        share = answered_now / ENDED_SESSIONS
        if share < usual / 2 and _differ(answered_now, ENDED_SESSIONS, *self._usual):
            if "missing_outcomes" not in self._told:
                self._told.add("missing_outcomes")
                yield LiveFinding("missing_outcomes", version, share, usual / 2, answered_now)
        else:
            self._told.discard("missing_outcomes")

    def _turn_to(self, version: int) -> None:
        self._errors.turn_to(version)
        self._test = self._new_test()
        self._told -= {"error_drift", "worse_version", "not_compared"}

    def _compare(self, version: int, errors: list[float]) -> Iterator[LiveFinding]:
        reference = self._errors.reference(LOOKS[0])
        if reference is None:
            if self._errors.earlier and "not_compared" not in self._told:
                self._told.add("not_compared")
                earlier = tuple(self._errors.earlier)
                yield LiveFinding("not_compared", version, len(errors), LOOKS[0], len(errors), earlier)
        elif "worse_version" not in self._told and _is_worse(reference.errors, errors):
            self._told.add("worse_version")
            before = _mean(reference.errors)
            yield LiveFinding("worse_version", version, _mean(errors), before, len(errors), reference.versions)

    def _cut(self, error: float) -> float:
        """Cuts an error far beyond all others: one of 1e9 would widen sigma so far that no later growth is found."""
        errors = self._errors.errors
        middle = float(np.median(errors)) if len(errors) >= MIN_BOUNDING else 0.0
        return min(error, MAX_MEDIANS * middle) if middle > 0.0 else error

    def _new_test(self) -> PageHinkley | Adwin:
        if self._is_bounded:
            return Adwin(ADWIN_DELTA)
        return PageHinkley(DELTA_SIGMAS, THRESHOLD_SIGMAS, alpha=1.0, mode="up", in_sigma=True)


def _is_worse(before: list[float], fresh: list[float]) -> bool:
    if _mean(fresh) <= _mean(before):
        return False
    distance = kolmogorov_smirnov.statistic(np.array(before), np.array(fresh))
    return kolmogorov_smirnov.p_value(distance, len(before), len(fresh)) < LEVEL / len(LOOKS)


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def _differ(first: int, first_all: int, second: int, second_all: int) -> bool:
    """Whether two shares differ, by Pearson's chi-square test of a table of four."""
    both, total = first + second, first_all + second_all
    if both in (0, total):
        return False
    expected = both / total
    spread = expected * (1.0 - expected) * (1.0 / first_all + 1.0 / second_all)
    return chi_square.tail((first / first_all - second / second_all) ** 2 / spread, 1) < LEVEL
