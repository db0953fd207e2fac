"""Refuses comparisons with a text that a variable never is, where all that it can be are known."""

from collections.abc import Iterator, Mapping

from models.rules.expressions.errors import PlacedError
from models.rules.expressions.syntax import Call, ListOf, Literal, Node, Read
from schemas.nearest_names import suggestion


def check_texts(node: Node, choices: Mapping[str, tuple[str, ...]]) -> None:
    """Raises `PlacedError`. `choices` has the texts that variables can be, by name."""
    for part in node.parts:
        check_texts(part, choices)
    if not isinstance(node, Call) or node.function not in ("_==_", "_!=_", "@in"):
        return
    for one, other in (node.parts, node.parts[::-1]):
        if isinstance(one, Read) and one.variable.name in choices:
            known = choices[one.variable.name]
            for written in _texts(other):
                if written.value not in known:
                    problem = f"{one.variable.name} is never {written.value!r}{suggestion(str(written.value), known)}"
                    raise PlacedError(problem, written.at)


def _texts(node: Node) -> Iterator[Literal]:
    for each in node.parts if isinstance(node, ListOf) else (node,):
        if isinstance(each, Literal):
            yield each
