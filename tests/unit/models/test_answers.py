"""A model is asked about one reader: its answer, or its silence in words."""

from typing import Any

import pytest

from models.announced.checking import check_record, check_stored
from models.announced.errors import ModelRefusedError
from models.announced.loading import LoadedModel, load
from models.features import FOREST_FEATURES
from models.predictions.answers import STRONGEST, answer
from tests.support.announced_models import (
    announced,
    announced_anomaly,
    announced_length,
    class_model,
    forest_announcement,
    length_card,
    length_model,
    tone_card,
)

CALM = dict.fromkeys(FOREST_FEATURES, 0.0)


def length(base: float = 400.0, **card: Any) -> LoadedModel:
    """`base` words, 10 less for each click, 100 more on a desktop; 80 words either way."""
    return load(check_record(*announced_length(base, **card)))


def tone(probabilities: list[float]) -> LoadedModel:
    artefact = class_model(probabilities)
    return load(check_record(*announced(tone_card(artefact), artefact)))


def test_a_length_has_its_interval_and_what_was_not_known() -> None:
    #  400 - 3 clicks of 10 words = 370, either way 80; the nearest step of 50 is 350
    found = answer(length(), {"clicks": 3.0}, {"device": "phone"})
    assert (found.value, found.confidence, found.low, found.high) == (350, 0.9, 290.0, 450.0)
    assert found.unknown == ["session_age_ms"]


def test_silence_is_told_in_words() -> None:
    model = length()
    assert answer(model, {"clicks": 21.0}, {}).silence == "outside the training range by clicks: 21, trained on 0 to 20"
    says = answer(model, {}, {"device": "fridge"}).silence
    assert says == "device is 'fridge', which it has not learned; it has phone, desktop"
    wide = answer(length(max_half_width=50.0), {"clicks": 3.0}, {"device": "phone"})
    assert wide.silence == "the interval is too wide: 80 words on either side of 370, 50 are allowed"
    assert wide.value is None
    short = answer(length(base=60.0, half_width=10.0), {"clicks": 3.0}, {"device": "phone"})
    assert short.silence == "the interval ends below 50 words, the shortest length: 30 words"
    vague = answer(tone([0.6, 0.4]), {"clicks": 1.0}, {})
    assert vague.silence == "not exactly one tone is at least 0.30 probable: friendly 0.60, formal 0.40"


def test_silence_gives_numbers_that_do_not_contradict_it() -> None:
    wide = length(ranges={"clicks": (5_100.0, 1_701_850.0)})
    says = answer(wide, {"clicks": 1_800_000.0}, {}).silence
    assert says == "outside the training range by clicks: 1,800,000, trained on 5100 to 1,701,850"
    beside = answer(wide, {"clicks": 1_701_850.25}, {}).silence
    assert beside == "outside the training range by clicks: 1701850.25, trained on 5100 to 1,701,850"
    # To two digits, 0.8457 and the limit are the same.
    artefact = class_model([0.8457, 0.1543])
    close = load(check_record(*announced(tone_card(artefact, min_probability=0.8468), artefact)))
    says = answer(close, {"clicks": 1.0}, {}).silence
    assert says == "not exactly one tone is at least 0.847 probable: friendly 0.846, formal 0.154"


def test_silence_about_what_is_unknown_names_it_and_what_training_had() -> None:
    shares = {"clicks": 0.001, "device": 0.25, "session_age_ms": 0.25}
    model = length(unknown_shares=shares, unknown_at_once=1, training_rows=2_000)
    found = answer(model, {"session_age_ms": 1.0}, {"device": "phone"})
    assert found.silence == "clicks is unknown; 2 of 2,000 training rows lacked it"
    assert (found.value, found.unknown) == (None, ["clicks"])
    found = answer(model, {"clicks": 3.0}, {})
    says = "device, session_age_ms are unknown at once, and in training hardly ever more than 1 were"
    assert found.silence == says
    #  an unknown device has the place -1: 370 - 100 = 270, the nearest step of 50 is 250
    assert answer(model, {"clicks": 3.0, "session_age_ms": 1.0}, {}).value == 250


def test_a_tone_has_its_probability() -> None:
    found = answer(tone([0.8, 0.2]), {"clicks": 1.0}, {})
    assert (found.value, found.silence) == ("friendly", None)
    assert found.confidence == pytest.approx(0.8)


@pytest.mark.parametrize("record", [forest_announcement(), announced_anomaly()], ids=["forest", "anomaly"])
def test_a_detector_names_its_score_and_the_strongest_features(record: tuple[str, str]) -> None:
    model = load(check_record(*record))
    odd = answer(model, CALM | {FOREST_FEATURES[0]: 1e6}, {})
    assert odd.score is not None
    assert odd.threshold == model.card.threshold
    assert odd.is_odd is (odd.score >= model.card.threshold)  # type: ignore[operator]
    parts = list(odd.strongest.values())
    assert len(parts) == STRONGEST
    assert parts == sorted(parts, reverse=True)
    assert set(odd.strongest) <= set(FOREST_FEATURES)


def test_the_combination_blames_the_feature_that_is_odd() -> None:
    model = load(check_record(*announced_anomaly()))
    odd = answer(model, CALM | {FOREST_FEATURES[0]: 1e6}, {})
    assert odd.is_odd
    assert next(iter(odd.strongest)) == FOREST_FEATURES[0]


def test_a_combination_that_knows_nothing_is_silent() -> None:
    found = answer(load(check_record(*announced_anomaly())), {}, {})
    assert (found.score, found.silence) == (None, "nothing is known of this window")
    assert found.unknown == list(FOREST_FEATURES)


def test_a_stored_model_is_checked_but_for_the_names_of_its_features() -> None:
    artefact = length_model()
    card = length_card(artefact)
    features = ["pages_printed", *card.features[1:]]
    renamed = length_card(artefact, features=features, ranges={"pages_printed": (0.0, 20.0)})
    assert answer(load(check_stored(renamed, artefact)), {"pages_printed": 3.0}, {"device": "phone"}).value == 350
    with pytest.raises(ModelRefusedError, match="a length needs half_width"):
        check_stored(length_card(artefact, half_width=None), artefact)
    with pytest.raises(ModelRefusedError, match="sha256"):
        check_stored(length_card(artefact, sha256="0" * 64), artefact)
