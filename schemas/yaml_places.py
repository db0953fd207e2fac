"""Where the parts of a YAML document stand in its text."""

import re
from typing import Final

import yaml

from schemas.rule_errors import WithinText

_ESCAPED_DOUBLE: Final = re.compile(r"\\(?:x..|u.{4}|U.{8}|.)")
_ESCAPED_SINGLE: Final = re.compile("''")
_STEP: Final = re.compile(r"\[(\d+)\]|([^.\[\]]+)")


class Places:
    """The places of a document's values and keys. Lines and columns count from 1."""

    def __init__(self, root: yaml.Node | None, text: str) -> None:
        self._root = root
        self._text = text

    def of(self, path: str, within: WithinText | None = None) -> tuple[int, int] | None:
        """Where the value of a path such as ``rules[0].when[1].above`` stands, or as much of the path as there is.

        `within` is a place in that value, if it is a text. A last step that ends in ``!`` stands for the key itself.
        """
        node, mark = self._root, self._root.start_mark if self._root is not None else None
        if node is None or mark is None:
            return None
        for index, name in _STEP.findall(path):
            found = _below(node, index, name.removesuffix("!"))
            if found is None:
                return mark.line + 1, mark.column + 1
            key, node = found
            mark = key.start_mark if name.endswith("!") else node.start_mark
        if within is not None and isinstance(node, yaml.ScalarNode):
            return self._within(node, within)
        return mark.line + 1, mark.column + 1

    def _within(self, node: yaml.ScalarNode, within: WithinText) -> tuple[int, int]:
        line, column = node.start_mark.line + 1, node.start_mark.column + 1
        if node.style in ("|", ">"):
            lines = self._text.splitlines()[line:]
            first = next((each for each in lines if each.strip()), "")
            return line + within.line, len(first) - len(first.lstrip()) + within.column
        if within.line > 1 or node.end_mark.line != node.start_mark.line:
            return line, column
        if node.style is None:
            return line, column + within.column - 1
        written = self._text.splitlines()[node.start_mark.line][column:]
        return line, column + 1 + _chars_of(written, within.column - 1, node.style)


def _chars_of(written: str, count: int, quote: str) -> int:
    """How many characters of a quoted text stand for its first `count`: escapes are longer than what they mean.

    >>> _chars_of("a == ''b'' && c", 6, "'")
    7
    """
    pattern = _ESCAPED_DOUBLE if quote == '"' else _ESCAPED_SINGLE
    at = 0
    for _ in range(count):
        found = pattern.match(written, at)
        at = at + 1 if found is None else found.end()
    return at


def _below(node: yaml.Node, index: str, name: str) -> tuple[yaml.Node, yaml.Node] | None:
    if index and isinstance(node, yaml.SequenceNode) and int(index) < len(node.value):
        return node.value[int(index)], node.value[int(index)]
    if name and isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value == name:
                return key, value
    return None
