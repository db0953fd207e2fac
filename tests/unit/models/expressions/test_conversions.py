"""Conversions of texts to numbers and truth values: as cel-expr-python does them, odd spellings included."""

from math import inf, isnan
from typing import Any, Final

import pytest

from models.rules.expressions.compilation import compile_expression
from models.rules.expressions.conversions import CONVERSIONS
from models.rules.expressions.environment import mapping_environment
from models.rules.expressions.errors import EvaluationError, ExpressionError

WHOLE: Final = ("+1", " 1", "\t1\n", "007", "-007", "+0", "-0", "0" * 5000 + "1", "9223372036854775807")
NOT_WHOLE: Final = (
    "",
    "+",
    "-",
    "+-1",
    "- 1",
    "1_0",
    "1.0",
    "1e3",
    "0x1F",
    "１",
    "٣",
    "\u00a01",
    "9223372036854775808",
)
DECIMAL: Final = (
    " 1.5 ",
    "1.",
    ".5",
    "+.5",
    "1e400",
    "-1e400",
    "1e-400",
    "0x1F",
    "0x.8",
    "0X1p3",
    "-0x1P+2",
    "0x1p5000",
)
NOT_FINITE: Final = ("NaN", "nan", "-nan", "+NAN", "nan(1)", "nan()", "inf", "INF", "+Infinity", "-INFINITY", " nan ")
NOT_DECIMAL: Final = (
    "",
    "-.",
    "e5",
    "1e",
    "1e+",
    "0x",
    "0x.",
    "0x1p",
    "inf(1)",
    "nan(é)",
    "nan(a-b)",
    "1f",
    "1,5",
    "1_0",
)
TRUTH: Final = ("true", "TRUE", "True", "tRUE", "t", "T", "1", "0", "f", "F", "no", " true", "on", "")


def test_texts_become_whole_numbers() -> None:
    assert [CONVERSIONS["int"](each) for each in WHOLE] == [1, 1, 1, 7, -7, 0, 0, 1, 2**63 - 1]
    for text in NOT_WHOLE:
        with pytest.raises(EvaluationError):
            CONVERSIONS["int"](text)


def test_texts_become_doubles() -> None:
    assert [CONVERSIONS["double"](each) for each in DECIMAL] == [
        *(1.5, 1.0, 0.5, 0.5, inf, -inf, 0.0, 31.0, 0.5, 8.0, -4.0, inf)
    ]
    assert isnan(CONVERSIONS["double"]("nan(1)"))
    for text in NOT_DECIMAL:
        with pytest.raises(EvaluationError):
            CONVERSIONS["double"](text)


def test_the_library_converts_alike() -> None:
    cel = pytest.importorskip("cel_expr_python.cel", reason="cel-expr-python is not installed")
    environment = cel.NewEnv(variables={"s": cel.Type.STRING})

    def by_library(compiled: Any, text: str) -> str:
        value = compiled.eval(data={"s": text})
        return "error" if value.type().name() == "ERROR" else str(value.plain_value())

    def by_own(name: str, text: str) -> str:
        try:
            return str(CONVERSIONS[name](text))
        except EvaluationError:
            return "error"

    for name in ("int", "double", "bool"):
        compiled = environment.compile(f"{name}(s)")
        for text in (*WHOLE, *NOT_WHOLE, *DECIMAL, *NOT_FINITE, *NOT_DECIMAL, *TRUTH):
            assert by_own(name, text) == by_library(compiled, text), (name, text)


def test_the_smallest_number_takes_one_minus() -> None:
    environment = mapping_environment({})
    assert compile_expression("-9223372036854775808", environment, None).value({}) == -(2**63)
    assert compile_expression("---5", environment, None).value({}) == -5
    for text in ("--9223372036854775808", "---9223372036854775808"):
        with pytest.raises(ExpressionError, match="does not fit into 64 bits"):
            compile_expression(text, environment, None)


def test_a_value_of_unknown_type_becomes_what_the_library_makes_of_it() -> None:
    wanted = {
        **{"string(dyn(1234567.0))": "1.234567e+06", "string(dyn(100000.0))": "100000", "string(dyn(-0.0))": "-0"},
        **{"int(dyn(true))": 1, "!!-1.5 == -1.5 ? 1 : 2": 1},
    }
    cel = pytest.importorskip("cel_expr_python.cel", reason="cel-expr-python is not installed")
    for text, value in wanted.items():
        assert compile_expression(text, mapping_environment({}), None).value({}) == value
        assert cel.NewEnv(variables={}).compile(text).eval(data={}).plain_value() == value
