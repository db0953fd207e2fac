"""The errors of expressions: in their text, and while they are evaluated."""

from collections.abc import Iterable

from schemas.nearest_names import nearest, suggestion


class ExpressionError(ValueError):
    """An expression that cannot be used. `line` and `column` count from 1 within its text; `nearest` is a known name alike."""

    def __init__(self, problem: str, line: int = 1, column: int = 1, nearest: str | None = None) -> None:
        self.problem = problem
        self.line = line
        self.column = column
        self.nearest = nearest
        super().__init__(f"line {line}, column {column}: {problem}")


class PlacedError(Exception):
    """A problem at an offset of the text; the compilation makes an `ExpressionError` of it."""

    def __init__(self, problem: str, at: int, nearest: str | None = None) -> None:
        self.problem = problem
        self.at = at
        self.nearest = nearest
        super().__init__(problem)

    def in_text(self, text: str) -> ExpressionError:
        line = text.count("\n", 0, self.at) + 1
        return ExpressionError(self.problem, line, self.at - (text.rfind("\n", 0, self.at) + 1) + 1, self.nearest)


class EvaluationError(Exception):
    """A value that CEL calls an error, such as a division by zero. Never leaves `CompiledExpression.holds`."""


def unknown_name(what: str, name: str, known: Iterable[str], at: int, where: str = "") -> PlacedError:
    """A problem that says which known name comes nearest, else which there are.

    >>> str(unknown_name("function", "siz", ["size", "matches"], 0))
    'the function siz is not known; did you mean size?'
    """
    names = list(known)
    return PlacedError(f"the {what} {name} is not known{where}{suggestion(name, names)}", at, nearest(name, names))
