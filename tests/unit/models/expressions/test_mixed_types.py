"""Lists of several types: what the library leaves to the evaluation, the rules' checker leaves to it too."""

from typing import Final

import pytest

from models.rules.expressions.compilation import compile_expression
from models.rules.expressions.environment import mapping_environment
from models.rules.expressions.errors import ExpressionError
from models.rules.expressions.types import BOOL

ACCEPTED: Final = (
    "'a' in [true, dyn(1)]",
    "'a' in [dyn(1), true]",
    "'a' in [true] + [dyn(1)]",
    "'a' in [1, 'a'] + [true]",
    "'a' in (c ? [true] : [dyn(1)])",
    "'a' in [[dyn(1)], [true]][0]",
    "['a'] in [[1]] + [[1, 'a']]",
    "(c ? true : dyn(1)) == 'a'",
)
REFUSED: Final = ("'a' in [true] + [false]", "'a' in [[1]] + [[2]]", "['a'] in [[1]] + [[2]]")


def is_accepted(text: str) -> bool:
    try:
        compile_expression(text, mapping_environment({"c": BOOL}))
    except ExpressionError:
        return False
    return True


def test_a_list_with_a_value_of_unknown_type_takes_any_type() -> None:
    assert [text for text in ACCEPTED if not is_accepted(text)] == []
    assert [text for text in REFUSED if is_accepted(text)] == []


@pytest.mark.parametrize("text", [*ACCEPTED, *REFUSED])
def test_the_library_agrees(text: str) -> None:
    cel = pytest.importorskip("cel_expr_python.cel", reason="cel-expr-python is not installed")
    environment = cel.NewEnv(variables={"c": cel.Type.BOOL})
    try:
        environment.compile(text)
    except RuntimeError:
        assert not is_accepted(text)
    else:
        assert is_accepted(text)
