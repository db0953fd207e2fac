"""A model is silent where an input is unknown that hardly any training row lacked; where enough did, its intervals hold."""

from dataclasses import replace
from typing import Final

import numpy as np
import pytest

from models.announced.checking import CheckedModel
from models.announced.loading import LoadedModel, load
from models.learning.answering import find_answered
from models.learning.examples import Examples
from models.learning.training import Trained, train
from models.predictions.prediction import Prediction, Silence, predict
from tests.support.planted_examples import LENGTH, planted


def lacking(examples: Examples, shares: dict[str, float], seed: int = 9) -> Examples:
    """The examples with these shares of unknown values, by input."""
    random, values = np.random.default_rng(seed), dict(examples.values)
    for name, share in shares.items():
        column = values[name].copy()
        column[random.random(len(column)) < share] = None if column.dtype == object else np.nan
        values[name] = column
    return replace(examples, values=values)


def loaded(found: Trained) -> LoadedModel:
    return load(CheckedModel(found.card, found.artefact, 0))


@pytest.fixture(scope="module")
def complete() -> Trained:
    """Trained on rows that lack nothing."""
    return train(planted(1_000, 1), LENGTH)


KNOWN: Final = ({"click_rate": 3.0, "pages": 4.0}, {"device": "phone"})


@pytest.mark.parametrize("name", ["click_rate", "device"])
def test_what_no_training_row_lacked_is_silence(complete: Trained, name: str) -> None:
    numbers, texts = KNOWN
    found = predict(loaded(complete), {**numbers, name: None}, {**texts, name: None})
    assert isinstance(found, Silence)
    assert (found.reason, found.about, found.scores) == ("unknown", name, {})
    assert isinstance(predict(loaded(complete), *KNOWN), Prediction)


def test_the_gate_counts_such_rows_as_unanswered(complete: Trained) -> None:
    later = lacking(planted(1_000, 2), {"click_rate": 0.3, "device": 0.2})
    lacks = np.isnan(later.values["click_rate"]) | np.array([each is None for each in later.values["device"]])
    found = find_answered(complete.card, later)
    assert found.rows[lacks].sum() == 0
    assert found.rows[~lacks].mean() > 0.98
    assert found.outside["click_rate"] >= 250


def test_the_card_tells_how_often_an_input_was_unknown() -> None:
    # 640 of the 1,000 rows train; of independent shares of a fifth, a 25th lacks both: 26 rows.
    card = train(lacking(planted(1_000, 1), {"click_rate": 0.2, "device": 0.2}), LENGTH).card
    assert card.training_rows == 640
    assert card.unknown_shares["click_rate"] == pytest.approx(0.2, abs=0.05)
    assert card.unknown_shares["pages"] == 0.0
    assert card.unknown_at_once == 2


@pytest.mark.parametrize("share", [0.02, 0.05, 0.2])
def test_where_enough_training_rows_lacked_it_the_interval_keeps_its_share(share: float) -> None:
    found = train(lacking(planted(3_000, 3), {"click_rate": share}), LENGTH)
    model, asked = loaded(found), planted(1_500, 4)
    inside, answered = 0, 0
    for pages, device, truth in zip(asked.values["pages"], asked.values["device"], asked.truth, strict=True):
        served = predict(model, {"click_rate": None, "pages": pages}, {"device": device})
        if isinstance(served, Prediction):
            assert served.low is not None
            assert served.high is not None
            answered += 1
            inside += served.low <= truth <= served.high
    assert answered > 1_400
    assert inside / answered > 0.82
