"""What outcomes tell is read alike by training, live errors and the comparison with a shadow."""

import pytest

from models.learning.told_windows import told_by
from models.predictions.told_truth import truth_of
from schemas.outcomes import Outcome


@pytest.mark.parametrize(
    ("kind", "metric", "value", "truth"),
    [
        ("tone", "preferred_tone.friendly", None, "friendly"),
        ("tone", "preferred_tone.friendly", 1.0, "friendly"),
        ("tone", "preferred_tone.friendly", 0.0, None),
        ("tone", "preferred_tone.v1.friendly", 1.0, "v1.friendly"),
        ("tone", "preferred_tone.", 1.0, None),
        ("tone", "preferred_tone", 1.0, None),
        ("tone", "preferred_tones.friendly", 1.0, None),
        ("tone", None, 1.0, None),
        ("tone", "preferred_content_length", 300.0, None),
        ("length", "preferred_content_length", 300.0, 300.0),
        ("length", "preferred_content_length", None, None),
        ("length", "preferred_tone.friendly", 1.0, None),
        ("anomaly", "anomalous", 1.0, None),
    ],
)
def test_what_suits_is_read_as_training_reads_it(
    kind: str, metric: str | None, value: float | None, truth: float | str | None
) -> None:
    outcome = Outcome(None, "a", None, 5, metric, value)
    target = {"length": "preferred_content_length", "tone": "preferred_tone"}.get(kind)

    assert truth_of(kind, outcome) == truth
    if target is not None:
        assert told_by([outcome], target, kind == "length")[0] == ([] if truth is None else [("a", 5, truth)])


@pytest.mark.parametrize("words", [-300.0, 0.0, 1e9])
def test_a_length_that_training_leaves_out_is_no_error_of_a_live_model(words: float) -> None:
    assert truth_of("length", Outcome(None, "a", None, 5, "preferred_content_length", words)) is None
