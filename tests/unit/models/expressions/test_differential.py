"""Random expressions: the evaluator against cel-expr-python, and the generated functions against the evaluator."""

from random import Random

from infra.bench.cel_expressions import VARIABLES, expression, value_of
from models.rules.expressions.compilation import compile_expression
from models.rules.expressions.environment import mapping_environment
from models.rules.expressions.errors import EvaluationError, ExpressionError
from models.rules.expressions.evaluator import UNKNOWN
from tests.support.cel_library import assert_same_values


def test_random_expressions_have_the_values_that_the_library_gives() -> None:
    """`tests/chaos/test_cel_differential.py` does it with fifty times as many."""
    assert_same_values(2_000, seed=11)


def test_generated_functions_agree_with_the_evaluator_where_values_are_unknown() -> None:
    random = Random(5)
    environment = mapping_environment(VARIABLES)
    unknown = 0
    for _ in range(2_000):
        text = expression(random, random.randint(1, 4))
        try:
            compiled, opposite = compile_expression(text, environment), compile_expression(f"!({text})", environment)
        except ExpressionError:
            continue
        subject = {name: value_of(random, type_) for name, type_ in VARIABLES.items() if random.random() < 0.6}
        try:
            wanted = compiled.value(subject)
        except EvaluationError:
            wanted = None
        unknown += wanted is UNKNOWN
        assert (compiled.holds(subject), opposite.holds(subject)) == (wanted is True, wanted is False), text
    assert unknown > 200
