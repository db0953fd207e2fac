"""Random expressions of the rules' CEL, well-typed for the most part, and random values for their variables."""

from random import Random
from typing import Any, Final

from models.rules.expressions.types import BOOL, DOUBLE, INT, STRING, Type, list_of, map_of

VARIABLES: Final[dict[str, Type]] = {
    "x": DOUBLE,
    "y": DOUBLE,
    "i": INT,
    "j": INT,
    "s": STRING,
    "t": STRING,
    "b": BOOL,
    "c": BOOL,
    "names": list_of(STRING),
    "numbers": list_of(DOUBLE),
    "counts": map_of(STRING, INT),
}

_INTS: Final = (0, 1, -1, 2, 3, 7, 60, -5, 2**31, 2**63 - 1, -(2**63), 2**62)
_DOUBLES: Final = (0.0, -0.0, 1.0, -1.0, 0.5, 2.5, 3.0, 1e-9, 1e300, -1e300, 9007199254740993.0, 9223372036854775808.0)
_STRINGS: Final = ("", "a", "ab", "/pricing", "/pricing/teams", "é", "😀b", "true", "12", "A", "a\nb", "'\"\\")
_PATTERNS: Final = (
    "a",
    "^a",
    "b$",
    "^$",
    "^/[a-z]+(/[a-z]+)*$",
    "(a|b)+c?",
    "[^a-c]",
    "\\d+",
    "\\w\\W",
    ".b",
    "a{2,3}",
    "(a+)+$",
    "(?i)A",
    "\\.",
    "x*",
    "[\\w/]+$",
    "é|😀",
    "^(?:a.)?b",
)


def value_of(random: Random, type_: Type) -> Any:
    """A known value of the type: those at the edges come often."""
    if type_ == INT:
        return random.choice(_INTS) if random.random() < 0.7 else random.randint(-100, 100)
    if type_ == DOUBLE:
        return random.choice(_DOUBLES) if random.random() < 0.7 else random.uniform(-100, 100)
    if type_ == STRING:
        return random.choice(_STRINGS)
    if type_ == BOOL:
        return random.random() < 0.5
    if type_.name == "list":
        return [value_of(random, type_.of[0]) for _ in range(random.randint(0, 3))]
    return {value_of(random, type_.of[0]): value_of(random, type_.of[1]) for _ in range(random.randint(0, 3))}


def expression(random: Random, depth: int) -> str:
    """An expression of type bool."""
    return _Writer(random).of(BOOL, depth, {})


class _Writer:
    def __init__(self, random: Random) -> None:
        self._random = random
        self._locals = 0

    def of(self, type_: Type, depth: int, local: dict[str, Type]) -> str:
        if depth <= 0:
            return self._leaf(type_, local)
        if self._random.random() < 0.02:
            # Now and then what does not fit: both must refuse it, or neither.
            type_ = self._random.choice((INT, DOUBLE, STRING, BOOL))
        if self._random.random() < 0.08:
            yes, no = self.of(type_, depth - 1, local), self.of(type_, depth - 1, local)
            return f"({self.of(BOOL, depth - 1, local)} ? {yes} : {no})"
        if type_ == BOOL:
            return self._bool(depth - 1, local)
        if type_ in (INT, DOUBLE):
            return self._number(type_, depth - 1, local)
        if type_ == STRING:
            return self._string(depth - 1, local)
        return self._list(type_, depth - 1, local) if type_.name == "list" else self._leaf(type_, local)

    def _leaf(self, type_: Type, local: dict[str, Type]) -> str:
        names = [name for name, each in (*VARIABLES.items(), *local.items()) if each == type_]
        if names and self._random.random() < 0.6:
            return self._random.choice(names)
        if type_.name == "list":
            # Never empty: of an empty list's elements the library finds a type later, and the rules' checker does not.
            return "[" + ", ".join(self._leaf(type_.of[0], local) for _ in range(self._random.randint(1, 3))) + "]"
        if type_.name == "map":
            return (
                "{"
                + ", ".join(f"'k{n}': {self._leaf(type_.of[1], local)}" for n in range(self._random.randint(0, 2)))
                + "}"
            )
        return literal(value_of(self._random, type_))

    def _bool(self, depth: int, local: dict[str, Type]) -> str:
        pick, of = self._random.choice, self.of
        match self._random.randint(0, 11):
            case 0 | 1 | 2:
                count = self._random.randint(2, 3)
                return "(" + pick((" && ", " || ")).join(of(BOOL, depth, local) for _ in range(count)) + ")"
            case 3:
                return f"!{of(BOOL, depth, local)}" if depth < 1 else f"!({of(BOOL, depth, local)})"
            case 4 | 5 | 6:
                type_ = pick((INT, DOUBLE, DOUBLE, STRING, BOOL))
                return (
                    f"({of(type_, depth, local)} {pick(('<', '<=', '>', '>=', '==', '!='))} {of(type_, depth, local)})"
                )
            case 7:
                type_ = pick((INT, DOUBLE, STRING))
                return f"({of(type_, depth, local)} in {of(list_of(type_), depth, local)})"
            case 8:
                method = pick(("startsWith", "endsWith", "contains"))
                return f"({of(STRING, depth, local)}).{method}({of(STRING, depth, local)})"
            case 9:
                return f"({of(STRING, depth, local)}).matches(r{literal(pick(_PATTERNS))})".replace("\\\\", "\\")
            case 10:
                return self._quantified(depth, local)
        return pick(
            (
                f"has(counts.{pick(('a', 'ab'))})",
                f"(dyn({of(INT, depth, local)}) {pick(('==', '<', '>='))} {of(DOUBLE, depth, local)})",
            )
        )

    def _quantified(self, depth: int, local: dict[str, Type]) -> str:
        type_ = self._random.choice((INT, DOUBLE, STRING))
        self._locals += 1
        name = f"v{self._locals}"
        macro = self._random.choice(("all", "exists", "exists_one"))
        over = self.of(list_of(type_), depth, local)
        return f"{over}.{macro}({name}, {self.of(BOOL, depth, {**local, name: type_})})"

    def _number(self, type_: Type, depth: int, local: dict[str, Type]) -> str:
        of = self.of
        match self._random.randint(0, 6):
            case 0 | 1 | 2:
                sign = self._random.choice(("+", "-", "*", "/", "%") if type_ == INT else ("+", "-", "*", "/"))
                return f"({of(type_, depth, local)} {sign} {of(type_, depth, local)})"
            case 3:
                return f"-({of(type_, depth, local)})"
            case 4:
                other = self._random.choice((INT, DOUBLE, STRING) if type_ == INT else (INT, DOUBLE))
                return f"{type_.name}({of(other, depth, local)})"
            case 5:
                return f"{of(list_of(type_), depth, local)}[{self._random.randint(0, 2)}]"
        if type_ == INT:
            return self._random.choice(
                (f"size({of(STRING, depth, local)})", "counts['a']", f"size({of(list_of(DOUBLE), depth, local)})")
            )
        return self._leaf(type_, local)

    def _string(self, depth: int, local: dict[str, Type]) -> str:
        match self._random.randint(0, 3):
            case 0:
                return f"({self.of(STRING, depth, local)} + {self.of(STRING, depth, local)})"
            case 1:
                return f"string({self.of(self._random.choice((INT, BOOL)), depth, local)})"
            case 2:
                return f"{self.of(list_of(STRING), depth, local)}[{self._random.randint(0, 2)}]"
        return self._leaf(STRING, local)

    def _list(self, type_: Type, depth: int, local: dict[str, Type]) -> str:
        element = type_.of[0]
        match self._random.randint(0, 4):
            case 0:
                return f"({self.of(type_, depth, local)} + {self.of(type_, depth, local)})"
            case 1 | 2:
                self._locals += 1
                name = f"v{self._locals}"
                inner = {**local, name: element}
                if self._random.random() < 0.5:
                    return f"{self.of(type_, depth, local)}.filter({name}, {self.of(BOOL, depth, inner)})"
                return f"{self.of(type_, depth, local)}.map({name}, {self.of(element, depth, inner)})"
        return "[" + ", ".join(self.of(element, depth, local) for _ in range(self._random.randint(1, 3))) + "]"


def literal(value: Any) -> str:
    """As it is written in CEL."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n") + "'"
    if isinstance(value, float) and "e" in repr(value) and "." not in repr(value):
        return repr(value).replace("e", ".0e")
    return repr(value)
