"""What an expression can read: variables, and functions that take the bare name of a variable."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from models.rules.expressions.syntax import Literal, Name, Node
from models.rules.expressions.types import DOUBLE, Type


class Variable(NamedTuple):
    """A named value of the subject that an expression is evaluated for.

    `read` gives the value; None, and NaN for a double, mean unknown. `source` is the same as Python source over ``s``, the
    subject, and the names of `Environment.prologue`; it may give NaN, or None for other types, but never fail. Neither may hold
    a user's text other than as `repr` writes it. `least` and `least_source` give a value that the true one is not below, where
    `read` gives None: with it "greater than" can be true. `detail` is for whoever made the variable. `cost`
    is 0 where a read takes less than remembering it would; of two parts the cheaper is evaluated first.
    """

    name: str
    type: Type
    read: Callable[[Any], Any]
    source: str | None = None
    least: Callable[[Any], Any] | None = None
    least_source: str | None = None
    detail: Any = None
    cost: int = 0

    @property
    def is_costly(self) -> bool:
        return self.cost > 0


class Lookup(NamedTuple):
    """A function whose arguments are written in the text and known at load, such as z(clicks) or score("isolation_forest").

    `resolve` gives the variable that it stands for, or raises `PlacedError`. `signature` shows how to write it.
    """

    name: str
    signature: str
    text: str
    resolve: Callable[[Node, Sequence[Node]], Variable]


class Environment(NamedTuple):
    """`prologue` holds the names that a generated function sets first, with their sources. `where` says where the variables are
    known, in the sentence that one is not, and `hints` what is said of names known elsewhere, or not yet."""

    variables: Mapping[str, Variable]
    lookups: Mapping[str, Lookup] = {}
    prologue: Mapping[str, str] = {}
    where: str = ""
    hints: Mapping[str, str] = {}


def written_name(node: Node) -> str | None:
    """The bare name that an argument is."""
    return node.name if isinstance(node, Name) else None


def written_text(node: Node) -> str | None:
    """The text that an argument is written as."""
    return node.value if isinstance(node, Literal) and isinstance(node.value, str) else None


def mapping_environment(types: Mapping[str, Type]) -> Environment:
    """Variables that are the keys of a mapping, such as the fields of an event. A missing key is unknown."""
    return Environment({name: _entry(name, type_) for name, type_ in types.items()})


def _entry(name: str, type_: Type) -> Variable:
    source = f"s.get({name!r}, NAN)" if type_ == DOUBLE else f"s.get({name!r})"
    return Variable(name, type_, lambda subject: subject.get(name), source if type_ != DOUBLE else None)
