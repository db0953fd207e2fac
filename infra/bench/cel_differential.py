"""Compares the rules' own evaluator with cel-expr-python on random expressions of the subset.

    python -m infra.bench.cel_differential --count 100000 --seed 1

Both must refuse an expression, or neither; both must fail on the same values, or give the same value. Ends with 1 where not.
"""

import argparse
import sys
from collections import Counter
from random import Random
from typing import Any, Final

from infra.bench.cel_expressions import VARIABLES, expression, value_of
from models.rules.expressions.compilation import CompiledExpression, compile_expression
from models.rules.expressions.environment import mapping_environment
from models.rules.expressions.errors import EvaluationError, ExpressionError
from models.rules.expressions.types import BOOL, Type

MAX_LEVELS: Final = 4
SUBJECTS: Final = 3
_HOLDS: Final = {"True": (True, False), "False": (False, True)}
_NEITHER: Final = (False, False)
"""What `holds` says of an expression, and of its opposite, by value."""

_NARROWER: Final = ("may take", "may make", "string does not take double")
"""How the problems begin that only the rules' own evaluator sees."""

_ENVIRONMENT: Final = mapping_environment(VARIABLES)


def _library_type(cel: Any, type_: Type) -> Any:
    if type_.name == "list":
        return cel.Type.List(_library_type(cel, type_.of[0]))
    if type_.name == "map":
        return cel.Type.Map(*(_library_type(cel, each) for each in type_.of))
    return getattr(cel.Type, type_.name.upper())


class Comparison:
    """`outcomes` counts what both did; `differences` holds (expression, values, what differs)."""

    def __init__(self) -> None:
        from cel_expr_python import cel

        self._library = cel.NewEnv(variables={name: _library_type(cel, each) for name, each in VARIABLES.items()})
        self.outcomes: Counter[str] = Counter()
        self.differences: list[tuple[str, Any, str]] = []

    def run(self, count: int, seed: int) -> None:
        random = Random(seed)
        for _ in range(count):
            text = expression(random, random.randint(1, MAX_LEVELS))
            self.compare(text, [self._values(random) for _ in range(SUBJECTS)])

    def _values(self, random: Random) -> dict[str, Any]:
        return {name: value_of(random, type_) for name, type_ in VARIABLES.items()}

    def compare(self, text: str, subjects: list[dict[str, Any]]) -> None:
        """Compares what both make of an expression, for each of the values of its variables."""
        library = self._library_compiled(text)
        try:
            own = compile_expression(text, _ENVIRONMENT, None)
        except ExpressionError as error:
            is_narrower = error.problem.startswith(_NARROWER)
            self.outcomes["not in the subset, or over its budget" if is_narrower else "refused"] += 1
            if library is not None and not is_narrower:
                self.differences.append((text, None, f"only the library accepts it: {error}"))
            return
        if library is None:
            self.differences.append((text, None, "only the rules' own evaluator accepts it"))
            return
        opposite = compile_expression(f"!({text})", _ENVIRONMENT) if own.type == BOOL else None
        for subject in subjects:
            wanted, found = _library_value(library, subject), _own_value(own, subject)
            if wanted != found:
                self.differences.append((text, subject, f"library {wanted}, own {found}"))
            elif opposite is not None and (own.holds(subject), opposite.holds(subject)) != _HOLDS.get(wanted, _NEITHER):
                self.differences.append((text, subject, f"{wanted}, but holds says otherwise"))
            self.outcomes[wanted if wanted in ("True", "False", "error") else "other values"] += 1

    def _library_compiled(self, text: str) -> Any:
        try:
            return self._library.compile(text)
        except RuntimeError:
            return None


def _library_value(compiled: Any, subject: dict[str, Any]) -> str:
    value = compiled.eval(data=subject)
    return "error" if value.type().name() == "ERROR" else str(value.plain_value())


def _own_value(compiled: CompiledExpression, subject: dict[str, Any]) -> str:
    try:
        return str(compiled.value(subject))
    except EvaluationError:
        return "error"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    comparison = Comparison()
    comparison.run(options.count, options.seed)
    for text, subject, difference in comparison.differences[:20]:
        print(f"{difference}\n  {text}\n  {subject}")
    print(f"{options.count} expressions, seed {options.seed}: {dict(comparison.outcomes.most_common())}")
    print(f"{len(comparison.differences)} differences")
    return 1 if comparison.differences else 0


if __name__ == "__main__":
    sys.exit(main())
