"""Parses an expression to a syntax tree: recursive descent, as deep as `MAX_DEPTH` at most."""

from typing import Final

from models.rules.expressions.errors import PlacedError
from models.rules.expressions.syntax import (
    MAX_DEPTH,
    MAX_LENGTH,
    MAX_NODES,
    Call,
    ListOf,
    Literal,
    Macro,
    MapOf,
    Name,
    Node,
    Select,
)
from models.rules.expressions.tokens import RESERVED, Token, tokenized
from models.rules.expressions.types import BOOL, DOUBLE, INT, NULL, STRING

_RELATIONS: Final = ("<", "<=", ">", ">=", "==", "!=", "in")
_SUMS: Final = ("+", "-")
_PRODUCTS: Final = ("*", "/", "%")
_CONSTANTS: Final = {"true": (True, BOOL), "false": (False, BOOL), "null": (None, NULL)}
_MACROS: Final = {"all": (2,), "exists": (2,), "exists_one": (2,), "existsOne": (2,), "map": (2, 3), "filter": (2,)}
_SMALLEST: Final = -(2**63)
_LARGEST: Final = 2**63 - 1


def parse(text: str) -> Node:
    """Raises `PlacedError`."""
    if len(text) > MAX_LENGTH:
        raise PlacedError(f"the expression has {len(text)} characters; {MAX_LENGTH} are allowed", MAX_LENGTH)
    return _Parser(tokenized(text)).whole()


class _Parser:
    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._place = 0
        self._levels = 0
        self._nodes = 0

    def whole(self) -> Node:
        node = self._expression()
        if self._next.kind != "end":
            raise self._unexpected("an operator or the end")
        return node

    @property
    def _next(self) -> Token:
        return self._tokens[self._place]

    def _at_sign(self, *signs: str) -> bool:
        token = self._next
        return token.text in signs and (token.kind == "sign" or token.text == "in")

    def _take(self) -> Token:
        token = self._tokens[self._place]
        self._place += 1
        return token

    def _took(self, sign: str) -> bool:
        if self._next.kind == "sign" and self._next.text == sign:
            self._place += 1
            return True
        return False

    def _expect(self, sign: str) -> None:
        if not self._took(sign):
            raise self._unexpected(sign)

    def _unexpected(self, expected: str) -> PlacedError:
        token = self._next
        found = "the expression ends" if token.kind == "end" else f"found {token.text[:40]}"
        return PlacedError(f"expected {expected}, {found}", token.at)

    def _kept(self, node: Node) -> Node:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise PlacedError(f"the expression has more than {MAX_NODES} parts", node.at)
        if node.depth > MAX_DEPTH:
            raise PlacedError(f"the expression is nested more than {MAX_DEPTH} levels deep", node.at)
        return node

    def _expression(self) -> Node:
        self._levels += 1
        if self._levels > MAX_DEPTH + 1:
            raise PlacedError(f"the expression is nested more than {MAX_DEPTH} levels deep", self._next.at)
        node = self._logic("||")
        if self._next.text == "?" and self._next.kind == "sign":
            at = self._take().at
            yes = self._logic("||")
            self._expect(":")
            node = self._kept(Call(at, "_?_:_", (node, yes, self._expression())))
        self._levels -= 1
        return node

    def _logic(self, sign: str) -> Node:
        """A chain of one operator is one node, so that its length adds no depth."""
        parts = [self._logic("&&") if sign == "||" else self._chain(_RELATIONS)]
        at = self._next.at
        while self._took(sign):
            parts.append(self._logic("&&") if sign == "||" else self._chain(_RELATIONS))
        return parts[0] if len(parts) == 1 else self._kept(Call(at, f"_{sign}_", tuple(parts)))

    def _chain(self, signs: tuple[str, ...]) -> Node:
        left = self._operand(signs)
        while self._at_sign(*signs):
            token = self._take()
            function = "@in" if token.text == "in" else f"_{token.text}_"
            left = self._kept(Call(token.at, function, (left, self._operand(signs))))
        return left

    def _operand(self, signs: tuple[str, ...]) -> Node:
        if signs is _RELATIONS:
            return self._chain(_SUMS)
        return self._chain(_PRODUCTS) if signs is _SUMS else self._unary()

    def _unary(self) -> Node:
        token = self._next
        if token.kind != "sign" or token.text not in ("!", "-"):
            return self._member()
        count = 0
        while self._next.kind == "sign" and self._next.text == token.text:
            self._place += 1
            count += 1
        if token.text == "-" and count == 1 and self._next.kind in ("int", "double"):
            return self._member(negative_at=token.at)
        node = self._member()
        # Twice the same is nothing, as in Google's parsers.
        return self._kept(Call(token.at, f"{token.text}_", (node,))) if count % 2 else node

    def _member(self, negative_at: int | None = None) -> Node:
        node = self._primary() if negative_at is None else self._number(negative_at, is_negative=True)
        while True:
            at = self._next.at
            if self._took("."):
                node = self._selected(node, at)
            elif self._took("["):
                index = self._expression()
                self._expect("]")
                node = self._kept(Call(at, "_[_]", (node, index)))
            else:
                return node

    def _selected(self, node: Node, at: int) -> Node:
        name = self._take()
        if name.kind != "name" or name.text in ("in", *_CONSTANTS):
            self._place -= 1
            raise self._unexpected("a name after the dot")
        if not self._took("("):
            return self._kept(Select(at, node, name.text))
        arguments = self._list(")")
        if name.text in _MACROS:
            return self._kept(_macro(name, node, arguments))
        return self._kept(Call(name.at, name.text, (node, *arguments), is_method=True))

    def _primary(self) -> Node:
        token = self._take()
        if token.kind == "sign" and token.text == "-" and self._next.kind in ("int", "double"):
            return self._number(token.at, is_negative=True)
        if token.kind == "string":
            return self._kept(Literal(token.at, token.value, STRING))
        if token.kind in ("int", "double"):
            self._place -= 1
            return self._number(token.at)
        if token.kind == "name" and token.text != "in":
            return self._named(token)
        if token.text == "(" and token.kind == "sign":
            node = self._expression()
            self._expect(")")
            return node
        if token.text == "[" and token.kind == "sign":
            return self._kept(ListOf(token.at, self._list("]")))
        if token.text == "{" and token.kind == "sign":
            return self._kept(MapOf(token.at, self._entries()))
        self._place -= 1
        raise self._unexpected("a value")

    def _named(self, token: Token) -> Node:
        if token.text in _CONSTANTS:
            value, type_ = _CONSTANTS[token.text]
            return self._kept(Literal(token.at, value, type_))
        if token.text in RESERVED:
            raise PlacedError(f"{token.text} is a word that CEL keeps for itself", token.at)
        if not self._took("("):
            return self._kept(Name(token.at, token.text))
        arguments = self._list(")")
        if token.text != "has":
            return self._kept(Call(token.at, token.text, arguments))
        if len(arguments) != 1 or not isinstance(arguments[0], Select):
            raise PlacedError("has takes a field, as in has(m.key)", token.at)
        return self._kept(Select(token.at, arguments[0].operand, arguments[0].field, is_test=True))

    def _number(self, at: int, is_negative: bool = False) -> Node:
        token = self._take()
        value = -token.value if is_negative else token.value
        if token.kind == "int" and not _SMALLEST <= value <= _LARGEST:
            raise PlacedError(f"{token.text[:40]} does not fit into 64 bits", at)
        return self._kept(Literal(at, value, INT if token.kind == "int" else DOUBLE))

    def _list(self, closing: str) -> tuple[Node, ...]:
        parts: list[Node] = []
        while not self._took(closing):
            parts.append(self._expression())
            if not self._took(","):
                self._expect(closing)
                break
            if closing == ")" and self._at_sign(closing):
                raise self._unexpected("a value")
        return tuple(parts)

    def _entries(self) -> tuple[Node, ...]:
        parts: list[Node] = []
        while not self._took("}"):
            parts.append(self._expression())
            self._expect(":")
            parts.append(self._expression())
            if not self._took(","):
                self._expect("}")
                break
        return tuple(parts)


def _macro(name: Token, target: Node, arguments: tuple[Node, ...]) -> Node:
    if len(arguments) not in _MACROS[name.text]:
        raise PlacedError(f"{name.text} takes a name and an expression, as in list.{name.text}(x, x > 1.0)", name.at)
    if not isinstance(arguments[0], Name):
        raise PlacedError(f"{name.text} takes a plain name first", arguments[0].at)
    function = "exists_one" if name.text == "existsOne" else name.text
    return Macro(name.at, function, arguments[0].name, (target, *arguments[1:]))
