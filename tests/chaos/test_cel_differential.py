"""A hundred thousand random expressions have the values that cel-expr-python gives."""

import pytest

from tests.support.cel_library import assert_same_values

pytestmark = pytest.mark.chaos


@pytest.mark.timeout(1_200)
def test_a_hundred_thousand_random_expressions_have_the_values_that_the_library_gives() -> None:
    assert_same_values(100_000, seed=1)
