"""Reads fields of JSON whose types nobody has checked yet."""

from collections.abc import Mapping
from typing import Any, TypeGuard


def object_field(document: Any, name: str) -> Mapping[str, Any]:
    """Returns the object under that name, an empty one if there is none."""
    found = document.get(name) if type(document) is dict else None
    return found if type(found) is dict else {}


def is_safe_integer(value: Any) -> TypeGuard[int]:
    """Whether it is an integer that every JSON parser reads exactly, as JavaScript's Number.isSafeInteger."""
    return type(value) is int and abs(value) < 2**53
