"""Random expressions of another grammar than the bench's: precedence without parentheses, odd literals, comments, conversions."""

from collections.abc import Callable
from random import Random
from typing import Final

import pytest

from infra.bench.cel_expressions import VARIABLES, value_of
from models.rules.expressions.types import BOOL, DOUBLE, INT, STRING, Type

LITERALS: Final[dict[Type, tuple[str, ...]]] = {
    INT: ("0", "1", "-1", "- 1", "- -1", "0x1F", "-0xff", "9223372036854775807", "-9223372036854775808", "007"),
    DOUBLE: ("0.0", "-0.0", ".5", "1e3", "1.5E-2", "-2.5", "9.3e18", "0.30000000000000004", "4.9e-324", "1e308"),
    BOOL: ("true", "false", "!true"),
    STRING: (
        "'a'",
        "r'a\\b'",
        "'''a'b'''",
        "'\\x41\\u00e9\\101'",
        "'+1'",
        "' 7 '",
        "'0x1F'",
        "'INF'",
        "'TRUE'",
        "'１'",
    ),
}
SUMS: Final = {INT: "+-", DOUBLE: "+-", STRING: "+", BOOL: ""}
PRODUCTS: Final = {INT: "*/%", DOUBLE: "*/", STRING: "", BOOL: ""}
PATTERNS: Final = ("(?i)É", "$^", "^(?:a|)+?$", "[^\\W_]", "\\x{e9}|\\.", "(?P<n>a){0,2}b?$", "(?i)[à-ý]\\z")
SCALARS: Final = (INT, DOUBLE, STRING, BOOL)


class Writer:
    def __init__(self, random: Random) -> None:
        self._random = random

    def logic(self, depth: int) -> str:
        """A truth value: a chain of && and ||, in which && binds more tightly, or a choice."""
        parts = [self._test(depth - 1) for _ in range(self._random.randint(1, 4))]
        chain = "".join(part + self._random.choice((" && ", " || ", " // c\n&& ", "||\t")) for part in parts[:-1])
        text = chain + parts[-1]
        return f"{text} ? {self._test(depth - 1)} : {self.logic(depth - 1)}" if self._random.random() < 0.1 else text

    def _test(self, depth: int) -> str:
        type_ = self._random.choice(SCALARS)
        match self._random.randint(0, 5):
            case 0:
                return f"{self._sum(STRING, depth)}.matches(r'{self._random.choice(PATTERNS)}')".replace(" + ", "+")
            case 1:
                return f"{self._sum(type_, depth)} in [{self._sum(type_, depth)}, {self._sum(type_, depth)}]"
            case 2:
                return "!" * self._random.randint(1, 2) + self._primary(BOOL, depth)
        return f"{self._sum(type_, depth)} {self._random.choice(('<', '<=', '>', '>=', '==', '!='))} {self._sum(type_, depth)}"

    def _sum(self, type_: Type, depth: int) -> str:
        return self._chain(
            type_, depth, SUMS[type_], lambda: self._chain(type_, depth, PRODUCTS[type_], self._leaf(type_, depth))
        )

    def _chain(self, type_: Type, depth: int, signs: str, part: Callable[[], str]) -> str:
        count = self._random.randint(1, 3) if signs and depth > 0 else 1
        text = part()
        for _ in range(count - 1):
            text += f" {self._random.choice(signs)} {part()}"
        return text

    def _leaf(self, type_: Type, depth: int) -> Callable[[], str]:
        return lambda: self._primary(type_, depth)

    def _primary(self, type_: Type, depth: int) -> str:
        if depth > 0 and self._random.random() < 0.25:
            if type_ == BOOL:
                return f"({self.logic(depth - 1)})"
            other = self._random.choice([each for each in SCALARS if (type_, each) not in NO_CONVERSION])
            return f"{type_.name}({self._sum(other, depth - 1)})"
        names = [name for name, each in VARIABLES.items() if each == type_]
        return self._random.choice((*names, *names, *LITERALS[type_]))


NO_CONVERSION: Final = {(INT, BOOL), (DOUBLE, BOOL), (STRING, DOUBLE), (BOOL, INT), (BOOL, DOUBLE)}


@pytest.mark.parametrize("seed", [15, 16])
def test_the_library_gives_the_same_values(seed: int) -> None:
    pytest.importorskip("cel_expr_python", reason="cel-expr-python is not installed")
    from infra.bench.cel_differential import Comparison

    comparison, random = Comparison(), Random(seed)
    for _ in range(700):
        text = Writer(random).logic(random.randint(1, 3))
        values = [{name: value_of(random, type_) for name, type_ in VARIABLES.items()} for _ in range(2)]
        comparison.compare(text, values)
    assert comparison.differences == []
    assert comparison.outcomes["True"] > 200
    assert comparison.outcomes["False"] > 200
    assert comparison.outcomes["error"] > 50
