"""Finds what each name stands for and the type of each part of an expression."""

from typing import Any, Final

from models.rules.expressions.environment import Environment
from models.rules.expressions.errors import PlacedError, unknown_name
from models.rules.expressions.functions import FUNCTIONS, Function
from models.rules.expressions.matching import compile_pattern
from models.rules.expressions.patterns import PatternError
from models.rules.expressions.syntax import Call, ListOf, Literal, Local, Macro, MapOf, Name, Node, Read, Select
from models.rules.expressions.types import (
    BOOL,
    DOUBLE,
    DYN,
    INT,
    STRING,
    Type,
    agree,
    common,
    filled,
    list_of,
    map_of,
    merge,
)

_KEYS: Final = (BOOL, INT, STRING, DYN)


def check(node: Node, environment: Environment) -> Node:
    """The tree with all names resolved and all types known. Raises `PlacedError`."""
    return _Checker(environment).typed(node, {})


class _Checker:
    def __init__(self, environment: Environment) -> None:
        self._environment = environment

    def typed(self, node: Node, local: dict[str, Type]) -> Node:
        match node:
            case Literal():
                return node
            case Name() | Select():
                return self._named(node, local)
            case Call():
                return self._call(node, local)
            case ListOf():
                made: Node = ListOf(node.at, tuple(self.typed(part, local) for part in node.parts))
                made.type = list_of(common([part.type for part in made.parts]))
                return made
            case MapOf():
                return self._map(node, local)
            case Macro():
                return self._macro(node, local)
        raise AssertionError(node)

    def _named(self, node: Node, local: dict[str, Type]) -> Node:
        path = _path(node)
        if path is not None:
            if path in local:
                return Local(node.at, path, local[path])
            if path.split(".")[0] not in local and path in self._environment.variables:
                return Read(_first(node).at, self._environment.variables[path])
        if isinstance(node, Select):
            return self._selected(node, path, local)
        raise self._unknown(path or "", node, local)

    def _selected(self, node: Select, path: str | None, local: dict[str, Type]) -> Node:
        first = path.split(".")[0] if path is not None else ""
        if (
            path is not None
            and first not in local
            and not any(path.startswith(f"{name}.") for name in self._environment.variables)
        ):
            raise self._unknown(path, node, local)
        operand = self.typed(node.operand, local)
        if operand.type.name not in ("map", "dyn"):
            raise PlacedError(f"a {operand.type} has no field {node.field}", node.at)
        made = Select(node.at, operand, node.field, node.is_test)
        if operand.type.name == "map" and operand.type.of[0] not in (STRING, DYN):
            raise PlacedError(f"a {operand.type} has no field {node.field}", node.at)
        value = operand.type.of[1] if operand.type.of else DYN
        made.type = BOOL if node.is_test else value
        return made

    def _unknown(self, path: str, node: Node, local: dict[str, Type]) -> PlacedError:
        environment = self._environment
        if path in environment.lookups:
            return PlacedError(f"{path} is a function; write {environment.lookups[path].signature}", node.at)
        at = _first(node).at
        if path in environment.hints:
            return PlacedError(f"the variable {path} is not known{environment.where}; {environment.hints[path]}", at)
        fields = [name for name in environment.variables if name.startswith(f"{path}.")]
        if fields:
            return PlacedError(f"{path} is no value itself; write one of {', '.join(sorted(fields))}", at)
        same = [name for name in sorted(environment.variables) if name.endswith(f".{path}")]
        if same:
            text = f"the variable {path} is not known{environment.where}; did you mean {' or '.join(same)}?"
            return PlacedError(text, at, same[0])
        problem = unknown_name("variable", path, (*environment.variables, *local), at, environment.where)
        if problem.nearest is None and path in FUNCTIONS:
            return PlacedError(f"{path} is a function; write {FUNCTIONS[path].example}", at)
        return problem

    def _call(self, node: Call, local: dict[str, Type]) -> Node:
        if node.function in self._environment.lookups and not node.is_method:
            return Read(node.at, self._environment.lookups[node.function].resolve(node, node.parts))
        if node.function in ("_&&_", "_||_"):
            return self._logic(node, local)
        made = Call(node.at, node.function, tuple(self.typed(part, local) for part in node.parts), node.is_method)
        if node.function == "_?_:_":
            return _conditional(made)
        function = FUNCTIONS.get(node.function)
        if function is None:
            known = [each for each in FUNCTIONS if each.isalpha()]
            raise unknown_name("function", node.function, (*known, *self._environment.lookups), node.at)
        if function.style != "both" and function.style != "operator" and (function.style == "method") != node.is_method:
            raise PlacedError(f"write {function.name} as in {function.example}", node.at)
        made.type = _result(made, function)
        if node.function == "matches":
            _check_pattern(made)
        return made

    def _logic(self, node: Call, local: dict[str, Type]) -> Node:
        parts = tuple(self.typed(part, local) for part in node.parts)
        for part in parts:
            if part.type not in (BOOL, DYN):
                sign = node.function.strip("_")
                raise PlacedError(f"{sign} takes true or false, found {part.type}", part.at)
        made = Call(node.at, node.function, parts)
        made.type = BOOL
        return made

    def _map(self, node: MapOf, local: dict[str, Type]) -> Node:
        made = MapOf(node.at, tuple(self.typed(part, local) for part in node.parts))
        for key in made.parts[::2]:
            if key.type not in _KEYS:
                raise PlacedError(f"a key is a text, an int or a bool; found {key.type}", key.at)
        keys, values = made.parts[::2], made.parts[1::2]
        made.type = map_of(common([key.type for key in keys]), common([value.type for value in values]))
        return made

    def _macro(self, node: Macro, local: dict[str, Type]) -> Node:
        over = self.typed(node.parts[0], local)
        if over.type.name not in ("list", "map", "dyn"):
            raise PlacedError(f"{node.function} goes through a list or a map, found {over.type}", node.at)
        inner = {**local, node.variable: over.type.of[0] if over.type.of else DYN}
        made = Macro(
            node.at, node.function, node.variable, (over, *(self.typed(part, inner) for part in node.parts[1:]))
        )
        predicates = made.parts[1:] if node.function != "map" else made.parts[1:-1]
        for part in predicates:
            if part.type not in (BOOL, DYN):
                raise PlacedError(f"{node.function} asks for true or false, found {part.type}", part.at)
        match node.function:
            case "map":
                made.type = list_of(made.parts[-1].type)
            case "filter":
                made.type = list_of(inner[node.variable])
            case _:
                made.type = BOOL
        return made


def _path(node: Node) -> str | None:
    """The dotted name, such as context.device."""
    match node:
        case Name():
            return node.name
        case Select(is_test=False):
            before = _path(node.operand)
            return None if before is None else f"{before}.{node.field}"
    return None


def _first(node: Node) -> Node:
    """Where a chain of fields begins in the text: a field stands at its dot."""
    while isinstance(node, Select) or (isinstance(node, Call) and node.is_method):
        node = node.parts[0]
    return node


def _conditional(node: Call) -> Node:
    asked, yes, no = node.parts
    if asked.type not in (BOOL, DYN):
        raise PlacedError(f"the question before ? is true or false, found {asked.type}", asked.at)
    result = merge(yes.type, no.type)
    if result is None:
        hint = _decimal_hint((yes, no))
        raise PlacedError(f"both sides of : have one type, found {yes.type} and {no.type}{hint}", node.at)
    node.type = result
    return node


def _result(node: Call, function: Function) -> Type:
    found: list[Type] = []
    for wanted, result in function.overloads:
        bound: dict[str, Type] = {}
        if len(wanted) == len(node.parts) and all(
            agree(one, part.type, bound) for one, part in zip(wanted, node.parts, strict=True)
        ):
            found.append(filled(result, bound))
    if found:
        return found[0] if all(each == found[0] for each in found) else DYN
    given = " and ".join(str(part.type) for part in node.parts) or "nothing"
    sign = function.name.strip("_").replace("_[_", "[ ]").lstrip("@") or function.name
    sign = "[ ]" if function.name == "_[_]" else sign
    raise PlacedError(f"{sign} does not take {given}{_decimal_hint(node.parts)}", node.at)


def _decimal_hint(parts: tuple[Node, ...]) -> str:
    """What to write where a double met a whole number."""
    types: list[Type] = [part.type for part in parts]
    if DOUBLE not in types and not any(each.of == (DOUBLE,) for each in types):
        return ""
    for part in parts:
        if isinstance(part, Literal) and part.type == INT:
            return f"; write {part.value}.0"
        if part.type == INT:
            return "; write double(…) around the int"
        if part.type == list_of(INT):
            return "; write the list with decimal points, as in [1.0, 2.0]"
        if part.type == BOOL:
            return "; a number is no truth value"
    return ""


def _check_pattern(node: Call) -> None:
    pattern: Any = node.parts[1]
    if not isinstance(pattern, Literal):
        raise PlacedError("matches takes a regular expression that is written as a text", _first(pattern).at)
    try:
        compile_pattern(pattern.value)
    except PatternError as error:
        raise PlacedError(f"the regular expression: {error}", pattern.at) from None
