"""The gate of detectors, which nobody tells the truth: calibrated alarms on the later range, ranking where there are labels."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.learning.columns import Doubles
from models.learning.evaluation import INCUMBENT, Check, Comparison
from models.learning.losses import session_places
from models.proportion import wilson_interval
from schemas.model_cards import MetricValue

TOLERANCE: Final = 2.0
"""Times the wanted alarm rate, above or below, that the rate on the later range may be."""

MIN_LABELLED_SESSIONS: Final = 10
"""Sessions with a window labelled odd, and with one labelled ordinary, below which no ranking is judged. With ten odd ones 4 % of
detectors that rank by chance pass (nominal 2.5 %; 400 draws), with 20 it is 2.5 %; unjudged, all pass."""


def alarm_rate(scores: Doubles, threshold: float) -> MetricValue:
    """Returns the share of rows that alarm, with its 95 % interval."""
    alarms = int((scores >= threshold).sum())
    interval = wilson_interval(alarms, len(scores))
    assert interval is not None, "a later range has rows"
    return MetricValue(alarms / len(scores), *interval)


def check_alarm_rate(found: MetricValue, wanted: float, may_be_lower: bool) -> Check:
    """Too many alarms tire people; too few miss what the threshold promises. `may_be_lower`: the threshold is no quantile."""
    assert found.low is not None
    assert found.high is not None
    too_many, too_few = found.low > wanted * TOLERANCE, not may_be_lower and found.high < wanted / TOLERANCE
    says = "too many alarms" if too_many else "too few alarms" if too_few else "as wanted"
    text = (
        f"{says}: {found.value:.2%} of the later windows alarm (95 % interval {found.low:.2%} to {found.high:.2%}), "
        f"wanted {'at most ' if may_be_lower else ''}{wanted:.2%}, {TOLERANCE:g} times as "
        f"{'many' if may_be_lower else 'many or few'} are allowed"
    )
    return Check("alarm rate", not (too_many or too_few), text)


def can_rank(odd: NDArray[np.bool_], sessions: NDArray[Any] | None = None) -> bool:
    """Whether the labelled rows (rows,) are of enough sessions of either kind; without `sessions` each row is one."""
    which = np.arange(len(odd)) if sessions is None else session_places(sessions)
    return all(len(np.unique(which[kind])) >= MIN_LABELLED_SESSIONS for kind in (odd, ~odd))


def check_ranking(area: MetricValue | None) -> Check:
    """Where people have labelled windows, odd ones must score above ordinary ones."""
    if area is None:
        text = f"not judged: windows of fewer than {MIN_LABELLED_SESSIONS} later sessions are labelled odd, or ordinary"
        return Check("ranking", True, text)
    assert area.low is not None
    passed = area.low > 0.5
    text = (
        f"area under the ROC curve {area.value:.3f}, 95 % interval {area.low:.3f} to {area.high:.3f}; all of it "
        f"{'lies' if passed else 'must lie'} above 0.5"
    )
    return Check("ranking", passed, text)


def check_incumbent(rival: Comparison, wanted: float, may_be_lower: bool, has_labels: bool) -> Check:
    """By labels the new version must rank better; without, it may replace one whose alarms are no longer as wanted."""
    name = f"beats the {INCUMBENT}"
    if has_labels:
        found = rival.advantage
        assert found.low is not None
        says = "ranks better" if found.low > 0.0 else "is not shown to rank better"
        interval = f"95 % interval {found.low:.4f} to {found.high:.4f}"
        text = f"{says} than the {INCUMBENT}: its area is larger by {found.value:.4f}, {interval}"
        return Check(name, found.low > 0.0, "; ".join((text, *rival.notes)))
    kept = check_alarm_rate(rival.metrics["alarm_rate"], wanted, may_be_lower)
    if kept.passed:
        return Check(name, False, f"no labels tell which ranks better, and the {INCUMBENT}'s alarms are {kept.detail}")
    return Check(name, True, f"the {INCUMBENT} gives {kept.detail}")
