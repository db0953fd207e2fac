"""The table of kinds is whole, and agrees with the contract and with who has a list of its own."""

from typing import get_args

from models.feature_stream import live_models
from models.predictions.kinds import DETECTOR_KINDS, PREDICTED, PREDICTION_KINDS
from schemas.model_cards import ModelKind


def test_every_kind_that_predicts_has_a_row_and_is_a_kind_of_the_contract() -> None:
    assert tuple(PREDICTED) == PREDICTION_KINDS == live_models.KINDS
    assert {*PREDICTION_KINDS, *DETECTOR_KINDS} <= set(get_args(ModelKind))
    assert not set(PREDICTION_KINDS) & set(DETECTOR_KINDS)
    for each in PREDICTED.values():
        assert bool(each.unit) is each.is_number
