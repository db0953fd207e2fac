"""Reads from an outcome what would have suited: the one reading for training, live errors and comparison with a shadow."""

from models.predictions.kinds import PREDICTED
from models.predictions.targets import MAX_WORDS, MIN_TOLD_WORDS
from schemas.outcomes import Outcome

Truth = float | str
"""A number, or a label."""


def told_truth(outcome: Outcome, target: str, target_is_number: bool) -> Truth | None:
    """Returns what an outcome tells of `target`; None where it tells something else.

    A number is the value of the metric `target`. A label is what follows `target` and a dot in the metric's name, further dots
    included. A label with value 0 is denied: which other one would have suited is not known.

    >>> told_truth(Outcome(None, "s", None, 0, "preferred_tone.friendly", 1.0), "preferred_tone", False)
    'friendly'
    >>> told_truth(Outcome(None, "s", None, 0, "preferred_tone.friendly", 0.0), "preferred_tone", False) is None
    True
    """
    metric = outcome.metric or ""
    if target_is_number:
        return None if metric != target or outcome.value is None else float(outcome.value)
    label = metric.removeprefix(target + ".") if metric.startswith(target + ".") else ""
    return None if not label or outcome.value == 0.0 else label


def truth_of(kind: str, outcome: Outcome) -> Truth | None:
    """Returns what an outcome says would have suited a model of a kind: a length in words, or a tone. None where it says
    something else, or a length that training would leave out; and for kinds that predict nothing of the sort.

    >>> truth_of("length", Outcome(None, "s", None, 0, "preferred_content_length", -5.0)) is None
    True
    """
    predicted = PREDICTED.get(kind)
    truth = None if predicted is None else told_truth(outcome, predicted.target, predicted.is_number)
    return truth if not isinstance(truth, float) or MIN_TOLD_WORDS <= truth <= MAX_WORDS else None
