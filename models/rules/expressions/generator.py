"""Writes an expression as the source of one Python function: what is common in rules, evaluated in a fraction of a microsecond.

Two expressions are written for each part of the logic: one is true where the part is certainly true, the other where it is
certainly false. What is unknown is neither, so that no value beside true and false is needed. The parts that are not common,
such as macros, are calls of the evaluator. An error ends the function; the evaluator then decides about the whole.

No text of a user's reaches the source but through `repr` of literals; names are the generator's and the environment's own.
"""

from collections.abc import Sequence
from math import isfinite
from typing import Any, Final

from models.rules.expressions.evaluator import evaluation_of
from models.rules.expressions.matching import compile_pattern
from models.rules.expressions.shared_parts import SharedParts
from models.rules.expressions.syntax import Call, ListOf, Literal, Node, Read
from models.rules.expressions.types import BOOL, DOUBLE, INT, STRING
from models.rules.expressions.values import divide, divide_doubles, remainder, whole

_NAN: Final = float("nan")
_OPPOSITE: Final = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}
_TEXT_METHODS: Final = {"startsWith": "startswith", "endsWith": "endswith"}
_SCALARS: Final = (BOOL, INT, DOUBLE, STRING)


class NotCommonError(Exception):
    """A part that is left to the evaluator."""


class _Plain:
    """Source of a value, with the reads in it: (name of the temporary, source, variable)."""

    def __init__(self) -> None:
        self.reads: dict[str, tuple[str, Any]] = {}


class Generator:
    """Collects sources and the objects that they name, for one function.

    `may_fail` says whether evaluation can end with an error. With `is_memoised` the function computes costly reads at most once;
    it begins with `memo_statements`.
    """

    def __init__(self, is_memoised: bool = False) -> None:
        self._is_memoised = is_memoised
        self._memo: dict[str, str] = {}
        self.shared = SharedParts()
        self.may_fail = False
        self.names: dict[str, Any] = {
            "NAN": _NAN,
            "whole": whole,
            "divide": divide,
            "divide_doubles": divide_doubles,
            "remainder": remainder,
        }
        self._count = 0

    def memo_statements(self) -> list[str]:
        """What a function begins with that computes costly reads once."""
        return [f"{' = '.join(self._memo.values())} = None"] if self._memo else []

    def named(self, value: Any) -> str:
        """A name for an object that the source refers to."""
        self._count += 1
        self.names[f"g{self._count}"] = value
        return f"g{self._count}"

    def temporary(self) -> str:
        self._count += 1
        return f"t{self._count}"

    def when(self, node: Node, wanted: bool) -> str:
        """Source that is true where the node is certainly `wanted`."""
        if isinstance(node, Literal):
            return repr(node.value is wanted)
        if isinstance(node, Call):
            if node.function in ("_&&_", "_||_"):
                word = " and " if (node.function == "_&&_") is wanted else " or "
                # What costs least comes first: the order of the parts does not change the value, errors included.
                return "(" + word.join(self.when(part, wanted) for part in sorted(node.parts, key=cost_of)) + ")"
            if node.function == "!_":
                return self.when(node.parts[0], not wanted)
            if node.function == "_?_:_":
                return self._conditional(node, wanted)
        try:
            return self._shared_atom(node, wanted) if self._is_memoised else self._atom(node, wanted)
        except NotCommonError:
            self.may_fail = True
            return f"({self.named(evaluation_of(node))}(s, {{}}) is {wanted})"

    def parts_when(self, node: Node) -> list[str]:
        """Sources all of which are true where the node is certainly true, the cheapest first."""
        if isinstance(node, Call) and node.function == "_&&_":
            return [self.when(part, True) for part in sorted(node.parts, key=cost_of)]
        return [self.when(node, True)]

    def _shared_atom(self, node: Node, wanted: bool) -> str:
        """Marks a cheap part, which may stand in several expressions."""
        if cost_of(node):
            return self._atom(node, wanted)
        return self.shared.mark_of((_written(node), wanted), lambda: self._atom(node, wanted))

    def _conditional(self, node: Call, wanted: bool) -> str:
        asked, yes, no = node.parts
        self.may_fail = True
        name, evaluation = self.temporary(), self.named(evaluation_of(asked))
        return (
            f"({self.when(yes, wanted)} if ({name} := {evaluation}(s, {{}})) is True"
            f" else {name} is False and {self.when(no, wanted)})"
        )

    def _atom(self, node: Node, wanted: bool) -> str:
        if isinstance(node, Read) and node.type == BOOL:
            return f"({self._source(node)} is {wanted})"
        if not isinstance(node, Call):
            raise NotCommonError
        sign = node.function.strip("_")
        if sign in _OPPOSITE:
            return self._comparison(sign, node.parts[0], node.parts[1], wanted)
        plain = _Plain()
        if node.function == "@in":
            test = self._membership(node.parts, plain)
        elif node.function == "matches":
            pattern: Any = node.parts[1]
            found_in = self.named(compile_pattern(pattern.value).found_in)
            test = f"{found_in}({self._plain(node.parts[0], plain)})"
        elif node.function in _TEXT_METHODS and node.parts[0].type == node.parts[1].type == STRING:
            text, part = (self._plain(each, plain) for each in node.parts)
            test = f"{text}.{_TEXT_METHODS[node.function]}({part})"
        elif node.function == "contains" and node.parts[0].type == node.parts[1].type == STRING:
            text, part = (self._plain(each, plain) for each in node.parts)
            test = f"{part} in {text}"
        else:
            raise NotCommonError
        return self._guarded(plain, test if wanted else f"not {test}")

    def _comparison(self, sign: str, left: Node, right: Node, wanted: bool) -> str:
        if left.type != right.type or left.type not in _SCALARS:
            raise NotCommonError
        if left.type == DOUBLE and sign not in ("==", "!=") and _is_simple(left) and _is_simple(right):
            # Comparisons with NaN, which is unknown, are false.
            shown = sign if wanted else _OPPOSITE[sign]
            return f"({self._side(left, shown in ('>', '>='))} {shown} {self._side(right, shown in ('<', '<='))})"
        plain = _Plain()
        test = f"{self._plain(left, plain)} {sign} {self._plain(right, plain)}"
        return self._guarded(plain, test if wanted else f"not {test}")

    def _side(self, node: Node, is_larger: bool) -> str:
        if isinstance(node, Read):
            variable = node.variable
            if is_larger and variable.least_source is not None:
                return str(variable.least_source)
            return self._source(node)
        return self._literal(node)

    def _membership(self, parts: Sequence[Node], plain: _Plain) -> str:
        value, among = parts
        if not isinstance(among, ListOf) or value.type not in (STRING, INT, DOUBLE):
            raise NotCommonError
        if any(not isinstance(part, Literal) or part.type != value.type for part in among.parts):
            raise NotCommonError
        values = frozenset(part.value for part in among.parts if isinstance(part, Literal))
        return f"{self._plain(value, plain)} in {self.named(values)}"

    def _guarded(self, plain: _Plain, test: str) -> str:
        """The test, behind one for each read that its value is known."""
        known = [
            f"({name} := {source}) == {name}" if type_ == DOUBLE else f"({name} := {source}) is not None"
            for source, (name, type_) in plain.reads.items()
        ]
        return "(" + " and ".join([*known, test]) + ")"

    def _plain(self, node: Node, plain: _Plain) -> str:
        """Source of a value all of whose reads are known."""
        if isinstance(node, Literal):
            return self._literal(node)
        if isinstance(node, Read) and node.type in _SCALARS:
            source = self._source(node)
            if source not in plain.reads:
                plain.reads[source] = (self.temporary(), node.type)
            return plain.reads[source][0]
        if not isinstance(node, Call):
            raise NotCommonError
        types = {part.type for part in node.parts}
        if node.function == "size" and types == {STRING}:
            return f"len({self._plain(node.parts[0], plain)})"
        if node.function == "double" and types == {INT}:
            return f"float({self._plain(node.parts[0], plain)})"
        if types == {DOUBLE}:
            return self._arithmetic(node, plain, "", "divide_doubles")
        if types == {INT}:
            self.may_fail = True
            return self._arithmetic(node, plain, "whole", "divide")
        raise NotCommonError

    def _arithmetic(self, node: Call, plain: _Plain, around: str, divide_name: str) -> str:
        parts = [self._plain(part, plain) for part in node.parts]
        match node.function:
            case "_+_" | "_-_" | "_*_":
                return f"{around}({parts[0]} {node.function.strip('_')} {parts[1]})"
            case "-_":
                return f"{around}(-{parts[0]})"
            case "_/_":
                return f"{divide_name}({parts[0]}, {parts[1]})"
            case "_%_":
                return f"remainder({parts[0]}, {parts[1]})"
        raise NotCommonError

    def _literal(self, node: Node) -> str:
        if not isinstance(node, Literal) or node.type not in _SCALARS:
            raise NotCommonError
        if isinstance(node.value, float) and not isfinite(node.value):
            return self.named(node.value)
        return f"({node.value!r})" if isinstance(node.value, int | float) else repr(node.value)

    def _source(self, node: Read) -> str:
        variable = node.variable
        source: str | None = variable.source
        if source is None:
            read = self.named(variable.read)
            source = f"{self.named(_or_nan)}({read}(s))" if node.type == DOUBLE else f"{read}(s)"
        if not (self._is_memoised and node.type == DOUBLE and variable.is_costly):
            return source
        memo = self._memo.setdefault(variable.name, f"m{len(self._memo)}")
        return f"({memo} if {memo} is not None else ({memo} := {source}))"


def _written(node: Node) -> str:
    """Text that two parts share only where they are the same."""
    match node:
        case Read():
            # Not by name: rules may call different counters by the same.
            variable = node.variable
            return f"{variable.name}@{variable.source or id(variable.read)}"
        case Literal():
            return repr(node.value)
        case Call():
            return f"{node.function}({', '.join(map(_written, node.parts))})"
        case ListOf():
            return f"[{', '.join(map(_written, node.parts))}]"
    raise NotCommonError


def cost_of(node: Node) -> int:
    """A rank by what an evaluation takes: costly reads are last."""
    own = 0
    if isinstance(node, Read):
        own = node.variable.cost
    elif not isinstance(node, Literal | Call):
        own = 2
    return max([own, *map(cost_of, node.parts)])


def _is_simple(node: Node) -> bool:
    return isinstance(node, Read | Literal)


def _or_nan(value: float | None) -> float:
    return _NAN if value is None else value
