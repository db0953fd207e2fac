"""The functions and operators of expressions, with the types that each takes and gives."""

from typing import Final, Literal, NamedTuple

from models.rules.expressions.types import BOOL, DOUBLE, DYN, INT, STRING, A, B, Type, list_of, map_of

Style = Literal["operator", "function", "method", "both"]


class Function(NamedTuple):
    """`overloads`: the types of the parameters, then that of the result. `text` says what it gives, `example` how to write it."""

    name: str
    style: Style
    overloads: tuple[tuple[tuple[Type, ...], Type], ...]
    text: str
    example: str


_LIST: Final = list_of(A)
_MAP: Final = map_of(A, B)


def _same(
    types: tuple[Type, ...], result: Type | None = None, count: int = 2
) -> tuple[tuple[tuple[Type, ...], Type], ...]:
    return tuple(((each,) * count, each if result is None else result) for each in types)


_NUMBERS: Final = (INT, DOUBLE)
_ORDERED: Final = (BOOL, INT, DOUBLE, STRING)
_TEXTS: Final = (((STRING, STRING), BOOL),)

FUNCTIONS: Final = {
    each.name: each
    for each in (
        Function(
            "_+_",
            "operator",
            (*_same((*_NUMBERS, STRING)), ((_LIST, _LIST), _LIST)),
            "sum; texts and lists joined",
            "clicks + pages",
        ),
        Function("_-_", "operator", _same(_NUMBERS), "difference", "clicks - recommended_clicks"),
        Function("_*_", "operator", _same(_NUMBERS), "product", "2.0 * pages"),
        Function("_/_", "operator", _same(_NUMBERS), "quotient; of ints, towards zero", "clicks / pages"),
        Function("_%_", "operator", _same((INT,)), "remainder, of ints", "int(pages) % 5"),
        Function("-_", "operator", _same(_NUMBERS, count=1), "the negative", "-z(clicks)"),
        Function("!_", "operator", (((BOOL,), BOOL),), "not", "!context.save_data"),
        Function("_<_", "operator", _same(_ORDERED, BOOL), "less", "pages < 3.0"),
        Function("_<=_", "operator", _same(_ORDERED, BOOL), "less or equal", "pages <= 3.0"),
        Function("_>_", "operator", _same(_ORDERED, BOOL), "greater", "pages > 3.0"),
        Function("_>=_", "operator", _same(_ORDERED, BOOL), "greater or equal", "pages >= 3.0"),
        Function("_==_", "operator", (((A, A), BOOL),), "equal", 'context.device == "mobile"'),
        Function("_!=_", "operator", (((A, A), BOOL),), "not equal", 'context.device != "mobile"'),
        Function(
            "@in",
            "operator",
            (((A, _LIST), BOOL), ((A, _MAP), BOOL)),
            "one of a list, or a key of a map",
            'context.country in ["SE", "NO"]',
        ),
        Function(
            "_[_]",
            "operator",
            (((_LIST, INT), A), ((_MAP, A), B)),
            "element of a list, value of a map",
            "[1.0, 2.0][0]",
        ),
        Function(
            "size",
            "both",
            (((STRING,), INT), ((_LIST,), INT), ((_MAP,), INT)),
            "characters, elements or keys",
            "size(page_url)",
        ),
        Function("startsWith", "method", _TEXTS, "whether a text begins so", 'page_url.startsWith("/pricing")'),
        Function("endsWith", "method", _TEXTS, "whether a text ends so", 'page_url.endsWith(".pdf")'),
        Function("contains", "method", _TEXTS, "whether a text has that part", 'element.contains("buy")'),
        Function(
            "matches",
            "both",
            _TEXTS,
            "whether some part of a text matches a regular expression (RE2's syntax, without \\\\b), written as a text",
            'page_url.matches("^/(buy|cart)/[0-9]+$")',
        ),
        Function(
            "int",
            "function",
            (((INT,), INT), ((DOUBLE,), INT), ((STRING,), INT)),
            "as an int; a fraction is cut off",
            "int(pages)",
        ),
        Function(
            "double",
            "function",
            (((DOUBLE,), DOUBLE), ((INT,), DOUBLE), ((STRING,), DOUBLE)),
            "as a double",
            "double(size(element))",
        ),
        Function(
            "string", "function", (((STRING,), STRING), ((BOOL,), STRING), ((INT,), STRING)), "as a text", "string(1)"
        ),
        Function("bool", "function", (((BOOL,), BOOL), ((STRING,), BOOL)), "as true or false", 'bool("true")'),
        Function(
            "dyn", "function", (((A,), DYN),), "the value, its type looked at only when evaluated", "dyn(1) == 1.0"
        ),
    )
}

MACROS: Final = {
    "has(m.key)": "whether a map has a key",
    "list.all(x, p)": "whether p is true for all elements",
    "list.exists(x, p)": "whether p is true for some element",
    "list.exists_one(x, p)": "whether p is true for exactly one",
    "list.filter(x, p)": "the elements for which p is true",
    "list.map(x, e)": "e of each element",
}
