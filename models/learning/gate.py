"""The gate: what a model must show on the later range before it may be announced."""

from collections.abc import Sequence
from datetime import UTC, datetime
from math import isfinite
from typing import Final

import numpy as np

from models.learning.answering import Answered
from models.learning.columns import Doubles
from models.learning.copies import MAX_COPIED_SHARE
from models.learning.evaluation import INCUMBENT, Check, Comparison
from models.learning.examples import MIN_SESSIONS
from models.learning.parity import MAX_DIFFERENCE, Parity

MIN_ANSWERED_SHARE: Final = 0.5
"""Share of the later rows that must lie inside of the training range. A convention: a model that is silent about most readers
of next week has learned of others than these, and what is measured on the rest says little of it."""

MIN_ACTING_SHARE: Final = 0.01
"""Share of the later rows inside of the training range for which the model must act: with fewer it never does."""


def check_copies(share: float) -> Check:
    """A later range that repeats the training range measures memory, not prediction."""
    text = f"{share:.1%} of the later rows are copies of training rows, {MAX_COPIED_SHARE:.0%} are allowed"
    if share > MAX_COPIED_SHARE:
        text += ": rows were repeated before the split, as by oversampling; train on the rows as they came"
    return Check("copies across the split", share <= MAX_COPIED_SHARE, text)


def check_answered(found: Answered, are_enough: bool) -> Check:
    """A model is silent where an input lies outside of its training range: about most readers it must not be.

    `are_enough`: whether the rows inside are of enough sessions to judge by.
    """
    passed = found.share >= MIN_ANSWERED_SHARE and are_enough
    text = f"the job would answer {found.share:.1%} of the later rows, {1.0 - found.share:.1%} are outside the training range"
    if found.outside:
        text += f", most by {_worst(found)}"
    if found.share < MIN_ANSWERED_SHARE:
        worst = _worst(found)
        text += (
            f"; {MIN_ANSWERED_SHARE:.0%} must be inside: leave {worst} out with --without {worst}, or train on rows that have "
            "what later readers have"
        )
    elif not are_enough:
        text += f"; the rows inside are of fewer than {MIN_SESSIONS} sessions: give a longer range"
    return Check("training range", passed, text)


def _worst(found: Answered) -> str:
    """The input that most rows are outside by; of several the first by name."""
    return min(found.outside, key=lambda name: (-found.outside[name], name))


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
    """The whole interval of the advantage over each rival must lie above 0. Where there is an incumbent, it is the one rival.

    An incumbent that is silent about most of these readers does little for them: a model that is not shown to be worse where the
    incumbent answers may take its place, if it beats the simple models as a first one.
    """
    rivals = [each for each in comparisons if each.name == INCUMBENT and not each.is_silent] or comparisons
    return [_check_advantage(each, loss) for each in rivals]


def check_not_compared(reason: str, withdrawn: str | None) -> Check:
    """An incumbent that cannot be asked is not beaten: else leaving out one column would let any model in.

    `reason` ends with what to give; `withdrawn` is the model that may be withdrawn instead, None where that would leave others
    without one.
    """
    text = f"cannot be compared with the {INCUMBENT}: {reason}"
    if withdrawn is not None:
        text += f", or withdraw the {INCUMBENT} first: microadjust models withdraw {withdrawn}"
    return Check(f"beats the {INCUMBENT}", False, text)


def check_newer_rows(name: str, rows: int, trained_until_ms: int) -> Check:
    """What an incumbent was trained on tells nothing of how well it does: rows after its training must be left."""
    until = datetime.fromtimestamp(trained_until_ms / 1_000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    text = (
        f"not judged: {name} was trained on rows until {until}, and {rows:,} later rows come after that, of fewer than "
        f"{MIN_SESSIONS} sessions: give newer data"
    )
    return Check(f"beats the {INCUMBENT}", False, text)


def _check_advantage(rival: Comparison, loss: str) -> Check:
    found = rival.advantage
    assert found.low is not None
    assert found.high is not None
    is_better = found.low > 0.0
    passed = found.high >= 0.0 if rival.is_silent else is_better
    says = "better" if is_better else ("worse" if found.high < 0.0 else "not shown to be better")
    text = (
        f"{says} than the {rival.name}: its {loss} minus the model's is {found.value:.4g} on the later range, "
        f"95 % interval {found.low:.4g} to {found.high:.4g}; "
    )
    if rival.is_silent:
        text += f"all of it {'must not lie' if passed else 'lies'} below 0"
    else:
        text += f"all of it {'lies' if passed else 'must lie'} above 0"
    if rival.name == INCUMBENT and rival.rows is not None and not rival.is_silent:
        text += f"; over {rival.rows:,} rows that both would answer"
    text += "".join(f"; {each}" for each in rival.notes)
    return Check(f"beats the {rival.name}", passed, text)


def check_width(half_widths: Doubles, limit: float | None, unit: str) -> Check:
    """A model whose interval is always too wide would hardly ever act."""
    middle = float(np.median(half_widths))
    if not isfinite(middle):
        return Check(
            "interval", False, "too few calibration rows for an interval at this coverage: give a longer range"
        )
    text = f"half-width of the interval {middle:.4g} {unit} in the middle"
    if limit is None:
        return Check("interval", True, f"{text}, no limit is set")
    share = float(np.mean(half_widths <= limit))
    text += f"; {share:.1%} of the later rows are within the limit of {limit:.4g}"
    return Check("interval", share >= MIN_ACTING_SHARE, text)


def check_decided(share: float) -> Check:
    """A model that can never tell one class from the others would hardly ever act."""
    return Check(
        "decided rows",
        share >= MIN_ACTING_SHARE,
        f"{share:.1%} of the later rows have exactly one class that cannot be ruled out",
    )
