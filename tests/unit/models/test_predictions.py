"""Predictions: a number or a tone with a confidence, or silence and why; what stands is kept while it will do."""

from math import ceil
from typing import Any

import numpy as np
import pytest

from models.announced.checking import check_record
from models.announced.loading import LoadedModel, load
from models.arbitration.proposed_change import RENEW_AHEAD_MS
from models.logged_features import NUMBER_NAMES
from models.predictions.prediction import Prediction, Silence, predict
from models.predictions.proposing import MAX_EVIDENCE, to_change
from models.predictions.standing import EXPIRES_MS, MIN_CHANGE_MS, Due, PredictionState, due, remember
from models.rules.evaluation import Moment, Subject
from schemas.actions import ACTIONS, parameter_problem
from schemas.commands import Target
from tests.support.announced_models import (
    announced,
    announced_length,
    class_model,
    length_card,
    linear_model,
    tone_card,
)

KNOWN = ({"clicks": 3.0, "session_age_ms": 60_000.0}, {"device": "phone"})


def length(base: float = 400.0, **card: Any) -> LoadedModel:
    """`base` words, 10 less for each click, 100 more on a desktop; 80 words either way."""
    return load(check_record(*announced_length(base, **card)))


def tone(probabilities: list[float], **card: Any) -> LoadedModel:
    artefact = class_model(probabilities)
    return load(check_record(*announced(tone_card(artefact, **card), artefact)))


def predicted(found: Prediction | Silence) -> Prediction:
    assert isinstance(found, Prediction)
    return found


def test_a_length_is_asked_for_in_steps_with_its_interval() -> None:
    #  400 - 3 clicks of 10 words = 370, either way 80; the nearest step of 50 is 350
    found = predicted(predict(length(), *KNOWN))
    assert (found.action, found.parameters, found.low, found.high) == (
        "set_length",
        {"length_words": 350},
        290.0,
        450.0,
    )
    assert found.confidence == 0.9
    assert found.scores == {"length": 370.0, "length_half_width": 80.0}
    assert parameter_problem("set_length", found.parameters) is None


def test_no_length_is_shorter_than_the_shortest() -> None:
    assert predicted(predict(length(10.0), *KNOWN)).value == 50


@pytest.mark.parametrize(
    ("words", "half_width", "asked"),
    [
        (427.0, 9.5, 430),  # 417.5 to 436.5 holds no step of 50
        (423.0, 5.0, 420),
        (426.0, 3.0, 426),  # 423 to 429 holds no step of 10
        (426.4, 0.2, 426),  # holds no whole number
        (424.0, 25.0, 400),  # the next step, 450, is outside
        (426.0, 25.0, 450),
        (374.0, 24.5, 350),
        (20.0, 40.0, 50),
        (48.0, 3.0, 50),
    ],
)
def test_rounding_never_leaves_the_interval(words: float, half_width: float, asked: int) -> None:
    found = predicted(predict(length(words + 30.0, half_width=half_width), *KNOWN))
    assert found.value == asked
    assert found.low is not None
    assert found.high is not None
    assert found.low <= asked <= found.high
    assert found.low <= words - half_width + 1e-3
    assert found.high >= words + half_width - 1e-3


def test_a_length_outside_of_its_own_quantiles_is_moved_to_the_nearest_within() -> None:
    #  y = (400, 410, 430), 5 more on both sides: 405 to 435
    artefact = linear_model([[0.0, 0.0, 0.0]], [400.0, 410.0, 430.0])
    card = length_card(artefact, features=["clicks"], categories={}, half_width=5.0, max_half_width=100.0)
    found = predicted(predict(load(check_record(*announced(card, artefact))), {"clicks": 2.0}, {}))
    assert (found.low, found.value, found.high) == (405.0, 410, 435.0)


@pytest.mark.parametrize("end", [120_000.0, 1e30])
def test_an_interval_beyond_the_length_of_a_book_is_silence(end: float) -> None:
    artefact = linear_model([[0.0, 0.0, 0.0]], [500.0, end, end])
    card = length_card(artefact, features=["clicks"], categories={}, half_width=5.0, max_half_width=100.0)
    found = predict(load(check_record(*announced(card, artefact))), {"clicks": 2.0}, {})
    assert isinstance(found, Silence)
    assert found.reason == "unusable"


def test_an_interval_below_the_shortest_length_is_silence() -> None:
    found = predict(length(60.0, half_width=10.0), *KNOWN)
    assert isinstance(found, Silence)
    assert (found.reason, found.scores["length"]) == ("short", 30.0)


@pytest.mark.parametrize(("limit", "is_silent"), [(79.9, True), (80.0, False), (None, False)])
def test_an_interval_that_is_too_wide_is_silence(limit: float | None, is_silent: bool) -> None:
    found = predict(length(max_half_width=limit), *KNOWN)
    assert isinstance(found, Silence) == is_silent
    assert found.scores["length_half_width"] == 80.0
    if isinstance(found, Silence):
        assert found.reason == "wide"


@pytest.mark.parametrize(("clicks", "device", "about"), [(21.0, "phone", "clicks"), (3.0, "watch", "device")])
def test_what_the_model_has_not_seen_is_silence(clicks: float, device: str, about: str) -> None:
    found = predict(length(), {"clicks": clicks}, {"device": device})
    assert isinstance(found, Silence)
    assert (found.reason, found.about, found.scores) == ("outside", about, {})


def test_quantiles_give_each_reader_an_interval_of_his_own() -> None:
    #  y = (400, 400 - 20 clicks, 400 + 30 clicks), 10 more on both sides
    artefact = linear_model([[0.0, -20.0, 30.0]], [400.0, 400.0, 400.0])
    card = length_card(artefact, features=["clicks"], categories={}, half_width=10.0, max_half_width=100.0)
    model = load(check_record(*announced(card, artefact)))
    found = predicted(predict(model, {"clicks": 2.0}, {}))
    assert (found.low, found.high, found.scores["length_half_width"]) == (350.0, 470.0, 60.0)
    wide = predict(model, {"clicks": 6.0}, {})
    assert isinstance(wide, Silence)
    assert wide.reason == "wide"


@pytest.mark.parametrize(
    ("probabilities", "asked"),
    [([0.8, 0.2], "friendly"), ([0.2, 0.8], "formal"), ([0.55, 0.45], None), ([0.25, 0.25], None)],
)
def test_a_tone_is_asked_for_where_the_conformal_set_holds_one(probabilities: list[float], asked: str | None) -> None:
    found = predict(tone(probabilities), {"clicks": 1.0}, {})
    assert found.scores == pytest.approx({"tone_friendly": probabilities[0], "tone_formal": probabilities[1]})
    if isinstance(found, Silence):
        assert (found.reason, asked) == ("ambiguous", None)
    else:
        assert (found.action, found.parameters) == ("set_tone", {"tone": asked})
        assert found.confidence == pytest.approx(max(probabilities))
        assert parameter_problem("set_tone", found.parameters) is None


REFERENCE = [([0.7, 0.2, 0.1], [0]), ([0.4, 0.35, 0.25], [0, 1]), ([0.1, 0.1, 0.8], [2])]
"""Probabilities with the sets that MAPIE 1.6.0 gives for the quantile 0.65."""


@pytest.mark.parametrize(("probabilities", "expected"), REFERENCE)
def test_the_sets_are_those_of_the_reference(probabilities: list[float], expected: list[int]) -> None:
    """A class is in the set where one minus its probability is at most the quantile; also in float32, where 0.35 is less."""
    found = predict(tone(probabilities, classes=["a", "b", "c"], min_probability=1.0 - 0.65), {"clicks": 1.0}, {})
    asked_for = "abc".index(str(found.value)) if isinstance(found, Prediction) else None
    assert asked_for == (expected[0] if len(expected) == 1 else None)


# What stands.


def asked(state: PredictionState, at_ms: int, words: float) -> Due | None:
    """What is proposed for a length of so many words, either way 80; and enters it."""
    found = due(state, "length", predicted(predict(length(words + 30.0), *KNOWN)), at_ms)
    if found is not None:
        remember(state, "length", found, at_ms)
    return found


def test_a_length_is_asked_for_once_and_again_before_it_expires() -> None:
    state = PredictionState()
    minutes = [(at_ms, asked(state, at_ms, 370.0)) for at_ms in range(0, 2 * EXPIRES_MS, 60_000)]
    assert [(at_ms // 60_000, each.renews) for at_ms, each in minutes if each] == [(0, False), (9, True), (18, True)]
    assert RENEW_AHEAD_MS < EXPIRES_MS - 9 * 60_000 <= 60_000 + RENEW_AHEAD_MS, "a minute later might be too late"


def test_a_length_within_the_interval_changes_nothing_and_one_beyond_does_after_a_while() -> None:
    state = PredictionState()
    assert asked(state, 0, 370.0) == Due(350, False)
    assert asked(state, MIN_CHANGE_MS, 430.0) is None, "350 lies in 350 to 510"
    assert asked(state, MIN_CHANGE_MS - 60_000, 600.0) is None, "too soon"
    assert asked(state, MIN_CHANGE_MS, 600.0) == Due(600, False)


@pytest.mark.parametrize("half_width", [0.2, 3.0, 9.5, 80.0])
def test_the_same_prediction_is_renewed_however_narrow_its_interval(half_width: float) -> None:
    state, found = PredictionState(), predicted(predict(length(456.4, half_width=half_width), *KNOWN))
    asked_for = []
    for minute in range(30):
        if (each := due(state, "length", found, minute * 60_000)) is not None:
            remember(state, "length", each, minute * 60_000)
            asked_for.append((minute, each.renews))
    assert asked_for == [(0, False), (9, True), (18, True), (27, True)]


def test_the_value_that_stands_is_renewed_even_if_it_lies_outside_of_its_interval() -> None:
    # As a state of an earlier release may hold it, whose rounding left the interval.
    prediction = Prediction("set_length", 450, 0.9, 418.0, 437.0, {})
    state = PredictionState()
    remember(state, "length", Due(450, False), 0)
    assert due(state, "length", prediction, 540_000) == Due(450, True)


def test_what_expired_unseen_is_asked_for_anew() -> None:
    state = PredictionState()
    asked(state, 0, 370.0)
    assert asked(state, EXPIRES_MS, 370.0) == Due(350, False)


def test_renewals_do_not_count_as_changes() -> None:
    state = PredictionState()
    asked(state, 0, 370.0)
    assert asked(state, 540_000, 370.0) == Due(350, True)
    assert asked(state, 600_000, 900.0) == Due(900, False)


# Proposals.


def test_a_proposal_names_the_model_its_confidence_and_what_it_rests_on() -> None:
    model = length(version=7)
    found = predicted(predict(model, *KNOWN))
    subject = Subject(Target("session", "s1"), "s1", "anna", "news")
    change = to_change(model, found, Due(350, False), KNOWN, subject, Moment(120_000, "window:120000", 5), "typing")
    command = change.command
    assert (command.action, command.parameters) == ("set_length", {"length_words": 350})
    assert (command.source.kind, command.source.id, command.source.version) == ("model", "length", 7)
    assert command.priority == ACTIONS["set_length"].matrix_priority == 32
    assert (change.confidence, change.lane, change.quiet, change.session_since_ms) == (0.9, "window", "typing", 5)
    assert list(command.evidence) == ["length_words", "clicks", "device", "session_age_ms"]
    bounds = {each.bound: each.threshold for each in command.evidence["length_words"].bounds}
    assert bounds == {"low": 290.0, "high": 450.0}
    assert command.evidence["device"].value == "phone"
    assert (command.issued_at_ms, command.expires_at_ms) == (120_000, 120_000 + EXPIRES_MS)


def test_an_explanation_is_bounded() -> None:
    artefact = linear_model([[0.0]] * len(NUMBER_NAMES), [400.0])
    card = length_card(artefact, features=list(NUMBER_NAMES), categories={}, ranges={})
    model = load(check_record(*announced(card, artefact)))
    known: tuple[dict[str, float | None], dict[str, str | None]] = (dict.fromkeys(NUMBER_NAMES, 1.0), {})
    found = predicted(predict(model, *known))
    subject = Subject(Target("session", "s1"), "s1", None, None)
    change = to_change(model, found, Due(400, False), known, subject, Moment(0, "window:0", None), None)
    assert len(change.command.evidence) == MAX_EVIDENCE + 1


def test_the_interval_covers_what_it_promises() -> None:
    """Split conformal over 199 residuals of a known spread, then 20,000 others: 90 % lie within, to the noise of the sample."""
    random = np.random.default_rng(4)
    residuals = np.sort(np.abs(random.normal(0.0, 60.0, 199)))
    half_width = float(residuals[ceil(200 * 0.9) - 1])
    found = predicted(predict(length(half_width=half_width, max_half_width=None), *KNOWN))
    assert found.low is not None
    assert found.high is not None
    truth = 370.0 + random.normal(0.0, 60.0, 20_000)
    covered = float(((truth >= found.low) & (truth <= found.high)).mean())
    assert covered == pytest.approx(0.9, abs=0.05)
