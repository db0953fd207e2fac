"""The gate: what a model must show on the later range before it may be announced."""

from collections.abc import Sequence
from math import isfinite

import numpy as np

from models.learning.columns import Doubles
from models.learning.copies import MAX_COPIED_SHARE
from models.learning.evaluation import INCUMBENT, Check, Comparison
from models.learning.parity import MAX_DIFFERENCE, Parity


def check_copies(share: float) -> Check:
    """A later range that repeats the training range measures memory, not prediction."""
    text = f"{share:.1%} of the later rows are copies of training rows, {MAX_COPIED_SHARE:.0%} are allowed"
    if share > MAX_COPIED_SHARE:
        text += ": rows were repeated before the split, as by oversampling; train on the rows as they came"
    return Check("copies across the split", share <= MAX_COPIED_SHARE, text)


def check_truth(repeated: str | None) -> Check:
    """An input that is the truth in another guise is not known when the prediction is needed."""
    if repeated is None:
        return Check("truth among the inputs", True, "no input repeats what is to be predicted")
    text = f"input {repeated} repeats what is to be predicted: leave it out with --without {repeated}"
    return Check("truth among the inputs", False, text)


def check_parity(parity: Parity) -> Check:
    found = f"scikit-learn and ONNX differ by {parity.difference:.1e} at most over {parity.rows:,} rows"
    text = f"{found}, {MAX_DIFFERENCE:g} is allowed"
    return Check("parity", parity.holds, text)


def check_advantages(comparisons: Sequence[Comparison], loss: str) -> list[Check]:
    """The whole interval of the advantage over each rival must lie above 0. Where there is an incumbent, it is the one rival."""
    rivals = [each for each in comparisons if each.name == INCUMBENT] or comparisons
    return [_check_advantage(each, loss) for each in rivals]


def _check_advantage(rival: Comparison, loss: str) -> Check:
    found = rival.advantage
    assert found.low is not None
    assert found.high is not None
    passed = found.low > 0.0
    says = "better" if passed else ("worse" if found.high < 0.0 else "not shown to be better")
    text = (
        f"{says} than the {rival.name}: its {loss} minus the model's is {found.value:.4g} on the later range, "
        f"95 % interval {found.low:.4g} to {found.high:.4g}; all of it {'lies' if passed else 'must lie'} above 0"
    )
    return Check(f"beats the {rival.name}", passed, text)


def check_width(half_widths: Doubles, limit: float | None, unit: str) -> Check:
    """A model whose interval is always too wide would never act."""
    middle = float(np.median(half_widths))
    if not isfinite(middle):
        return Check(
            "interval", False, "too few calibration rows for an interval at this coverage: give a longer range"
        )
    text = f"half-width of the interval {middle:.4g} {unit} in the middle"
    if limit is None:
        return Check("interval", True, f"{text}, no limit is set")
    share = float(np.mean(half_widths <= limit))
    return Check("interval", share > 0.0, f"{text}; {share:.1%} of the later rows are within the limit of {limit:.4g}")


def check_decided(share: float) -> Check:
    """A model that can never tell one class from the others would never act."""
    return Check(
        "decided rows", share > 0.0, f"{share:.1%} of the later rows have exactly one class that cannot be ruled out"
    )
