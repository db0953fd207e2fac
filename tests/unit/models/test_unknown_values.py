"""What a card says of unknown values: where a model is asked without an input, and what a card may not say."""

from typing import Any, Final

import pytest

from models.announced.checking import check_record
from models.announced.errors import ModelRefusedError
from models.model_inputs import ModelInputs
from tests.support.announced_models import announced, length_card, length_model

LENGTH: Final = length_model()


@pytest.mark.parametrize(
    ("clicks", "age_ms", "device", "outside"),
    [
        (3.0, 60.0, "phone", None),
        (None, 60.0, "phone", "clicks"),
        (float("nan"), 60.0, "phone", "clicks"),
        (3.0, None, "phone", None),
        (3.0, 60.0, None, None),
        (3.0, None, None, "session_age_ms"),
    ],
)
def test_an_unknown_value_is_outside_where_training_hardly_ever_saw_the_input_or_so_many_unknown(
    clicks: float | None, age_ms: float | None, device: str | None, outside: str | None
) -> None:
    #  of 2,000 rows 19 lacked the clicks, 20 the age, 500 the device; hardly any lacked two of them
    shares = {"clicks": 19 / 2_000, "session_age_ms": 20 / 2_000, "device": 0.25}
    inputs = ModelInputs(length_card(LENGTH, unknown_shares=shares, unknown_at_once=1, training_rows=2_000))
    assert inputs.outside({"clicks": clicks, "session_age_ms": age_ms}, {"device": device}) == outside


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"unknown_shares": {"pages": 0.5}, "training_rows": 9}, "unknown_shares has 'pages'"),
        ({"unknown_shares": {"clicks": 1.5}, "training_rows": 9}, "unknown_shares has 'clicks'"),
        ({"unknown_shares": {"clicks": 0.5}}, "unknown_shares needs training_rows"),
        ({"unknown_shares": {"clicks": 0.5}, "training_rows": 0}, "training_rows is no number of rows"),
        ({"unknown_shares": {"clicks": 0.5}, "training_rows": 10**400}, "training_rows is no number of rows"),
        ({"unknown_at_once": -1}, "unknown_at_once is no number of features"),
    ],
)
def test_shares_of_unknown_values_are_checked(changed: dict[str, Any], says: str) -> None:
    with pytest.raises(ModelRefusedError, match=says):
        check_record(*announced(length_card(LENGTH, **changed), LENGTH))
