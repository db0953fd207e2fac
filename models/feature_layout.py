"""The order of feature values in keyed state, by which state of one set of features is read by another."""

import re
from collections.abc import Iterable, Sequence
from typing import Final, TypeVar

T = TypeVar("T")

_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")
_DIFFERENCE: Final = re.compile(r"([+-])([a-z][a-z0-9_]*)")


class FeatureLayout:
    """Reads and writes the values of a set of features by name, without a name in state while the set is that of `first`.

    `header` says how the set differs from that of the first release, by names removed and added; it stands beside the values.
    `stored` is the order of the values: the features of the first release in their order, then later ones. State of a set
    with other features, or in another order, is read by name: what it lacks is missing, what is gone is left out.

    >>> layout = FeatureLayout(["clicks", "shares"], first=["pages", "clicks"])
    >>> layout.header, layout.stored
    ('-pages+shares', ('clicks', 'shares'))
    >>> layout.read([7.0, 3.0], header="", missing=None)
    [3.0, None]
    """

    def __init__(self, names: Iterable[str], first: Iterable[str]) -> None:
        self.names = tuple(names)
        self._first = tuple(first)
        if len(set(self.names)) != len(self.names) or not all(_NAME.fullmatch(name) for name in self.names):
            raise ValueError(f"names must be distinct words of a-z, 0-9 and _: {', '.join(self.names)}")
        removed = [name for name in self._first if name not in self.names]
        added = [name for name in self.names if name not in self._first]
        self.header = "".join(f"-{name}" for name in removed) + "".join(f"+{name}" for name in added)
        self.stored = self._stored(self.header)
        self._in_order = self.stored == self.names

    def _stored(self, header: str) -> tuple[str, ...]:
        differences = _DIFFERENCE.findall(header)
        removed = {name for sign, name in differences if sign == "-"}
        kept = (name for name in self._first if name not in removed)
        return (*kept, *(name for sign, name in differences if sign == "+"))

    def written(self, values: Sequence[T]) -> Sequence[T]:
        """`values`, which stand in the order of `names`, in the order of `stored`."""
        if self._in_order:
            return values
        by_name = dict(zip(self.names, values, strict=True))
        return [by_name[name] for name in self.stored]

    def size(self, header: str) -> int:
        """How many values stand beside `header`."""
        return len(self.stored if header == self.header else self._stored(header))

    def read(self, values: Sequence[T], header: str, missing: T) -> list[T]:
        """`values`, written beside `header`, in the order of `names`; `missing` for a feature that is not among them."""
        if header == self.header and self._in_order:
            return list(values)
        by_name = dict(zip(self._stored(header), values, strict=True))
        return [by_name.get(name, missing) for name in self.names]
