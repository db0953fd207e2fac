"""Bounds what an evaluation can cost, before it is allowed: steps taken, and the size of what is made."""

from typing import Final, NamedTuple

from models.rules.expressions.errors import PlacedError
from models.rules.expressions.syntax import Call, ListOf, Literal, Local, Macro, MapOf, Node, Read, Select
from models.rules.expressions.values import MAX_TEXT

MAX_STEPS: Final = 10_000
"""Parts that one evaluation may evaluate, each round of a macro counted."""

READ_SIZE: Final = 2_048
"""Characters that a text which is read is taken to have, and elements with their characters of a list or map."""

READ_ELEMENTS: Final = 64


class Cost(NamedTuple):
    """`steps` to find a value, at most; `elements` of it, and its `size`: all characters and elements within."""

    steps: int
    elements: int
    size: int


def check_cost(node: Node) -> None:
    """Raises `PlacedError` where an evaluation might take too long or make something too large."""
    _cost(node, {})


def _cost(node: Node, local: dict[str, Cost]) -> Cost:
    found = _found(node, local)
    if found.steps > MAX_STEPS:
        raise PlacedError(f"may take {found.steps} steps; {MAX_STEPS} are allowed", node.at)
    if found.size > MAX_TEXT:
        raise PlacedError(f"may make {found.size} characters and elements; {MAX_TEXT} are allowed", node.at)
    return found


def _found(node: Node, local: dict[str, Cost]) -> Cost:
    match node:
        case Literal():
            return Cost(1, 0, len(node.value) if isinstance(node.value, str) else 1)
        case Local():
            return local[node.name]._replace(steps=1)
        case Read():
            is_large = node.type.name in ("string", "list", "map", "dyn")
            return Cost(1, READ_ELEMENTS if is_large else 0, READ_SIZE if is_large else 1)
        case Macro():
            return _macro(node, local)
    parts = [_cost(part, local) for part in node.parts]
    steps = 1 + sum(part.steps for part in parts)
    match node:
        case ListOf() | MapOf():
            return Cost(steps, len(parts), len(parts) + sum(part.size for part in parts))
        case Select():
            return parts[0]._replace(steps=steps)
        case Call(function="_+_"):
            return Cost(steps, sum(part.elements for part in parts), sum(part.size for part in parts))
        case Call(function="_?_:_"):
            return Cost(steps, max(part.elements for part in parts), max(part.size for part in parts))
        case Call(function="_[_]"):
            # An element may itself be a list of all the elements that there are.
            return Cost(steps, parts[0].size, parts[0].size)
        case Call(function="_==_" | "_!=_" | "@in"):
            return Cost(steps + max(part.elements for part in parts), 0, 1)
        case Call(function="dyn" | "string"):
            return Cost(steps, parts[0].elements, max(parts[0].size, 20))
    return Cost(steps, 0, 1)


def _macro(node: Macro, local: dict[str, Cost]) -> Cost:
    over = _cost(node.parts[0], local)
    inner = {**local, node.variable: Cost(1, over.size if over.elements else 0, over.size)}
    parts = [_cost(part, inner) for part in node.parts[1:]]
    steps = over.steps + over.elements * (1 + sum(part.steps for part in parts))
    if node.function == "filter":
        return Cost(steps, over.elements, over.size)
    if node.function == "map":
        return Cost(steps, over.elements, over.elements * (1 + parts[-1].size))
    return Cost(steps, 0, 1)
