"""The types of expressions, and how they agree with each other."""

from typing import Final, NamedTuple


class Type(NamedTuple):
    """A CEL type. `of` are the types of elements, or of keys and values; `of` of a parameter is empty."""

    name: str
    of: "tuple[Type, ...]" = ()

    def __str__(self) -> str:
        return f"{self.name}({', '.join(map(str, self.of))})" if self.of else self.name


BOOL: Final = Type("bool")
INT: Final = Type("int")
DOUBLE: Final = Type("double")
STRING: Final = Type("string")
NULL: Final = Type("null_type")
DYN: Final = Type("dyn")
"""Known only when it is evaluated."""

A: Final = Type("<A>")
B: Final = Type("<B>")
"""Parameters of the types of functions."""


def list_of(element: Type) -> Type:
    return Type("list", (element,))


def map_of(key: Type, value: Type) -> Type:
    return Type("map", (key, value))


def agree(wanted: Type, found: Type, bound: dict[str, Type]) -> bool:
    """Whether `found` can stand where `wanted` is asked for. Parameters take the first type that they meet; see `bound`.

    >>> agree(list_of(A), list_of(INT), {})
    True
    >>> agree(A, STRING, {"<A>": INT})
    False
    """
    if wanted.name.startswith("<"):
        known = bound.get(wanted.name)
        if known is None:
            bound[wanted.name] = found
            return True
        merged = merge(known, found)
        if merged is None:
            return False
        bound[wanted.name] = merged
        return True
    if wanted == DYN or found == DYN:
        return True
    return (
        wanted.name == found.name
        and len(wanted.of) == len(found.of)
        and all(agree(left, right, bound) for left, right in zip(wanted.of, found.of, strict=True))
    )


def merge(left: Type, right: Type) -> Type | None:
    """The more general of two types that agree, part by part, as the library has it; None where they do not.

    >>> str(merge(list_of(DYN), list_of(INT)))
    'list(dyn)'
    """
    if left == DYN or right == DYN:
        return DYN
    if left.name != right.name or len(left.of) != len(right.of):
        return None
    parts = []
    for one, other in zip(left.of, right.of, strict=True):
        merged = merge(one, other)
        if merged is None:
            return None
        parts.append(merged)
    return Type(left.name, tuple(parts))


def filled(pattern: Type, bound: dict[str, Type]) -> Type:
    """The type with its parameters replaced by what they met."""
    if pattern.name.startswith("<"):
        return bound.get(pattern.name, DYN)
    return Type(pattern.name, tuple(filled(each, bound) for each in pattern.of)) if pattern.of else pattern


def common(types: list[Type]) -> Type:
    """The element type of a list of such elements: dyn where they differ."""
    result: Type | None = None
    for each in types:
        result = each if result is None else merge(result, each)
        if result is None:
            return DYN
    return DYN if result is None else result
