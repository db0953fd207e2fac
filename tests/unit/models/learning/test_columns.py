"""Training and the job read the same values as the same row."""

from typing import Final

import numpy as np

from models.learning.columns import Columns
from models.model_inputs import ModelInputs
from tests.support.announced_models import length_card, length_model

NUMBERS: Final = (0.0, -0.0, 3.0, 0.1, 16_777_217.0, 3.4e38, -3.5e38, 1e100, float("nan"), None)
TEXTS: Final = ("phone", "desktop", "fridge", "", None)


def test_the_matrix_of_training_holds_the_rows_of_the_job() -> None:
    card = length_card(length_model())
    columns = Columns(tuple(card.features), {name: tuple(texts) for name, texts in card.categories.items()})
    inputs = ModelInputs(card)
    given = [(number, text) for number in NUMBERS for text in TEXTS]
    numbers = np.array([np.nan if number is None else number for number, _ in given])
    texts = np.array([text for _, text in given], dtype=object)
    matrix = columns.matrix({"clicks": numbers, "session_age_ms": numbers, "device": texts})
    rows = [inputs.row({"clicks": each, "session_age_ms": each}, {"device": text}) for each, text in given]
    assert np.array_equal(matrix, np.concatenate(rows), equal_nan=True)
