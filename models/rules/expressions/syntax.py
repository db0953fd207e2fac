"""The syntax tree of expressions. `at` is the offset in the text; `depth` counts the levels below and including a node."""

from typing import Any, Final

from models.rules.expressions.types import DYN, Type

MAX_LENGTH: Final = 10_000
"""Characters of an expression."""

MAX_DEPTH: Final = 32
"""Levels of a syntax tree, and of parentheses. As many as the specification asks for."""

MAX_NODES: Final = 1_000


class Node:
    """`type` is what the checker found."""

    def __init__(self, at: int, parts: "tuple[Node, ...]" = ()) -> None:
        self.at = at
        self.parts = parts
        self.depth: int = 1 + max([part.depth for part in parts], default=0)
        self.type: Type = DYN


class Literal(Node):
    def __init__(self, at: int, value: Any, type_: Type) -> None:
        super().__init__(at)
        self.value = value
        self.type = type_


class Name(Node):
    """An identifier, before the checker has found what it stands for."""

    def __init__(self, at: int, name: str) -> None:
        super().__init__(at)
        self.name = name


class Local(Node):
    """The variable of a macro."""

    def __init__(self, at: int, name: str, type_: Type) -> None:
        super().__init__(at)
        self.name = name
        self.type = type_


class Read(Node):
    """A variable of the environment, or an answer of one of its functions on names, such as z(clicks)."""

    def __init__(self, at: int, variable: Any) -> None:
        super().__init__(at)
        self.variable = variable
        self.type = variable.type


class Select(Node):
    """`operand.field`; with `is_test` it is has(operand.field)."""

    def __init__(self, at: int, operand: Node, field: str, is_test: bool = False) -> None:
        super().__init__(at, (operand,))
        self.operand = operand
        self.field = field
        self.is_test = is_test


class Call(Node):
    """A function or operator on `parts`; a method's target is the first of them. Operators bear CEL's names, such as ``_+_``."""

    def __init__(self, at: int, function: str, parts: tuple[Node, ...], is_method: bool = False) -> None:
        super().__init__(at, parts)
        self.function = function
        self.is_method = is_method


class ListOf(Node):
    pass


class MapOf(Node):
    """`parts` are keys and values in turn."""


class Macro(Node):
    """A comprehension over `parts[0]`: `variable` stands for each element, or key, in the other parts."""

    def __init__(self, at: int, function: str, variable: str, parts: tuple[Node, ...]) -> None:
        super().__init__(at, parts)
        self.function = function
        self.variable = variable
