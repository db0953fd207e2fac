"""The gate lets in what is shown to be better, and says why it keeps anything else out; the same data give the same bytes."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest
from msgspec.structs import replace

from infra.simulate.preferences import CHOOSING, JUDGING, readers
from models.announced.checking import CheckedModel
from models.announced.loading import load
from models.learning.comparison import compare_models
from models.learning.errors import TrainingDataError
from models.learning.evaluation import INCUMBENT
from models.learning.examples import Examples
from models.learning.options import TrainingOptions
from models.learning.report import draw_report
from models.learning.rivals import Incumbent
from models.learning.training import Trained, train

LENGTH = TrainingOptions("length", "preferred_content_length", parity_rows=2_000)
TONE = TrainingOptions("tone", "tone", parity_rows=2_000)


def wishes(rows: int = 1_200, seed: int = 5) -> Examples:
    return readers(CHOOSING, "length", rows, seed)


@pytest.fixture(scope="module")
def first() -> Trained:
    return train(wishes(), LENGTH)


def failed(found: Trained) -> dict[str, str]:
    return {check.name: check.detail for check in found.evaluation.checks if not check.passed}


def test_the_card_says_what_the_job_needs_and_the_job_loads_the_model(first: Trained) -> None:
    card = first.card
    assert card.kind == card.id == "length"
    assert card.features == ["session_duration", "click_rate", "scroll_depth", "device_type", "user_expertise"]
    assert sorted(card.categories["device_type"]) == ["desktop", "mobile", "tablet"]
    assert set(card.ranges) == {"session_duration", "click_rate", "scroll_depth"}
    assert (card.coverage, card.max_half_width, card.seed) == (0.9, 200.0, 1)
    # Of 1,200 rows the first 768 are trained on and the next 192 calibrate.
    assert [each.rows for each in first.evaluation.ranges] == [768, 192, 240]
    assert card.trained_from_ms is not None
    assert card.trained_until_ms == card.trained_from_ms + 959 * 60_000
    seen = wishes().take(np.arange(768)).values["session_duration"]
    assert card.ranges["session_duration"] == (seen.min(), seen.max())
    assert card.settings == {
        "estimator": "GradientBoostingRegressor",
        "n_estimators": 100,
        "max_depth": 3,
        "learning_rate": 0.1,
        "min_samples_leaf": 10,
    }
    loaded = load(CheckedModel(card, first.artefact, 0))
    assert loaded.inputs.outside({"session_duration": 1e6}, {}) == "session_duration"
    known = {"session_duration": 300.0, "click_rate": 3.0, "scroll_depth": 0.5}
    assert loaded.inputs.outside(known, {"device_type": "fridge"}) == "device_type"


def test_the_same_rows_and_seed_give_the_same_model_and_report(first: Trained) -> None:
    again = train(wishes(), LENGTH)
    assert again.artefact == first.artefact
    assert again.card == first.card
    assert draw_report(again.evaluation, again.card) == draw_report(first.evaluation, first.card)


def test_noise_is_kept_out() -> None:
    given = wishes()
    noise = np.random.default_rng(6).normal(400.0, 50.0, len(given))
    found = train(Examples(given.values, noise, "noise", given.at_ms), LENGTH)
    assert not found.evaluation.passed
    assert "all of it must lie above 0" in failed(found)["beats the best constant"]


def test_a_straight_line_is_left_to_the_linear_model() -> None:
    given = wishes()
    line = 3.0 * given.values["session_duration"] + np.random.default_rng(7).normal(0.0, 20.0, len(given))
    found = train(Examples(given.values, line, "a line", given.at_ms), LENGTH)
    assert "worse than the linear model" in failed(found)["beats the linear model"]
    assert "beats the best constant" not in failed(found)


def test_a_model_must_beat_the_incumbent_and_it_alone(first: Trained) -> None:
    incumbent = Incumbent(first.card, first.artefact)
    again = train(wishes(), LENGTH, incumbent)
    assert list(failed(again)) == ["beats the incumbent"]
    assert again.evaluation.incumbent == "length@0"
    # The readers have changed: what was learned of the old ones is worse now.
    newer = train(readers(JUDGING, "length", 1_200, 9), LENGTH, incumbent)
    assert newer.evaluation.passed, newer.evaluation.reasons
    assert next(each for each in newer.evaluation.comparisons if each.name == INCUMBENT).advantage.value > 50.0


def test_an_interval_that_is_always_too_wide_keeps_a_model_out() -> None:
    narrow = TrainingOptions("length", "length", parity_rows=2_000, max_half_width=20.0)
    found = failed(train(wishes(), narrow))
    assert "0.0% of the later rows are within the limit of 20" in found["interval"]


def test_copies_and_repeated_truths_keep_a_model_out() -> None:
    given = wishes()
    repeated = given.take(np.random.default_rng(8).integers(0, 600, 1_200))
    found = failed(train(Examples(repeated.values, repeated.truth, "oversampled"), LENGTH))
    assert "repeated before the split" in found["copies across the split"]
    leaking = Examples({**given.values, "answer": given.truth * 2.0}, given.truth, "leaking", given.at_ms)
    assert "--without answer" in failed(train(leaking, LENGTH))["truth among the inputs"]


@pytest.mark.parametrize(
    ("truth", "options", "says"),
    [
        (
            np.full(1_200, 7.0),
            LENGTH,
            r"all 768 rows of preferred_content_length that come before the later range are 7: nothing can be learned",
        ),
        (np.full(1_200, "x", dtype=object), LENGTH, "what length predicts must be numbers"),
        (np.arange(1_200.0), TONE, "what tone predicts must be texts"),
        (np.array([f"t{place % 40}" for place in range(1_200)], dtype=object), TONE, "40 labels, 12 at most"),
        (
            np.array([f"t{place}" for place in range(1_200)], dtype=object),
            TONE,
            "all 1,200 rows have labels of fewer than 5",
        ),
        (np.full(1_200, 1e9), LENGTH, "all 1,200 rows have lengths outside 1 to 100,000 words"),
    ],
)
def test_what_cannot_be_learned_is_refused(truth: np.ndarray, options: TrainingOptions, says: str) -> None:  # type: ignore[type-arg]
    with pytest.raises(TrainingDataError, match=says):
        train(Examples(wishes().values, truth, "test"), options)


def test_two_models_are_compared_row_by_row(first: Trained) -> None:
    other = train(readers(JUDGING, "length", 1_200, 9), LENGTH)
    rows = readers(CHOOSING, "length", 600, 10)
    pair = (Incumbent(first.card, first.artefact), Incumbent(other.card, other.artefact))
    found = compare_models(*pair, rows, LENGTH)
    assert found.advantage.value == pytest.approx(found.second_metrics["mae"].value - found.first_metrics["mae"].value)
    assert found.verdict == "length@0 is better"
    assert compare_models(pair[0], pair[0], rows, LENGTH).verdict == "neither is shown to be better"


def test_the_report_is_one_page_without_anything_from_elsewhere(first: Trained) -> None:
    page = draw_report(first.evaluation, first.card).decode()
    assert not re.search(r"(?:src|href)\s*=|url\(|<script|@import|https?://", page)
    charts = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    # Ranges, two metrics, importances, predicted against true.
    assert len(charts) == 5
    for chart in charts:
        ElementTree.fromstring(chart)
    mae = first.evaluation.metrics["mae"]
    assert f"{mae.low:.4g} to {mae.high:.4g}" in page
    assert "Share of truths inside of the interval or set: 0.9 is wanted" in page
    assert "wanted 0.9</text>" in page
    assert f"Of all later rows: mean absolute error {first.evaluation.all_later['mae'].value:.4g}" in page
    assert first.card.sha256 in page
    for each in first.evaluation.inputs:
        assert each.name in page


def test_the_report_says_of_a_model_with_other_inputs_that_it_cannot_be_promoted(first: Trained) -> None:
    let_in = replace(first.evaluation, checks=[])
    page = draw_report(let_in, first.card).decode()
    assert "it may be promoted" not in page
    unknown = "session_duration, device_type"
    assert f"The job computes no {unknown}: the model can be compared and asked, not announced." in page
    known = replace(first.card, features=["click_rate"], categories={})
    assert "it may be promoted" in draw_report(let_in, known).decode()


def test_names_and_texts_of_the_data_are_escaped() -> None:
    given = wishes()
    values = {"<script>alert(1)</script>": given.values["session_duration"], "b": given.values["click_rate"]}
    found = train(Examples(values, given.truth, "<b>evil</b>.csv", given.at_ms), LENGTH)
    page = draw_report(found.evaluation, found.card).decode()
    assert "<script" not in page
    assert "<b>" not in page


def test_a_tone_comes_with_probabilities_and_a_threshold() -> None:
    found = train(readers(JUDGING, "tone", 1_200, 9), TONE)
    assert found.card.classes == ["formal", "friendly", "neutral"]
    assert found.card.min_probability is not None
    assert 0.0 < found.card.min_probability < 1.0
    assert found.evaluation.metrics["coverage"].value == pytest.approx(0.8, abs=0.08)
    load(CheckedModel(found.card, found.artefact, 0))
    assert b"probability of the class predicted" in draw_report(found.evaluation, found.card)


def test_texts_too_rare_to_learn_from_are_left_out_and_said_so() -> None:
    given = readers(JUDGING, "length", 1_000, 31)
    rare = np.array([f"reader {place}" for place in range(len(given))], dtype=object)
    found = train(
        Examples({**given.values, "city": rare}, given.truth, "test"),
        TrainingOptions("length", "preferred_content_length", parity_rows=200),
    )
    assert "city" not in found.card.features
    assert "city" not in found.card.categories
    assert found.evaluation.left_out == ["city"]
    assert b"no text stands in 5 rows: city" in draw_report(found.evaluation, found.card)
    with pytest.raises(TrainingDataError, match="no text of city stands in 5 rows"):
        train(Examples({"city": rare}, given.truth, "test"), TrainingOptions("length", "preferred_content_length"))
