"""Reads YAML without the words that YAML 1.1 takes for something else: no, 010, 1:30 and the like are refused, not guessed."""

import re
from typing import Any, Final

import yaml

from schemas.yaml_places import Places

_AMBIGUOUS: Final = (
    (
        re.compile(r"^(y|n|yes|no|on|off)$", re.IGNORECASE),
        'quote it ("{text}") if it is a text, or write true or false',
    ),
    (re.compile(r"^[-+]?0[0-9_]+$"), "leave out the zero in front, or quote it if it is a text"),
    (
        re.compile(r"^[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?$"),
        "write seconds or milliseconds as one number, or quote it",
    ),
    (re.compile(r"^([-+]?\.inf|\.nan)$", re.IGNORECASE), "give a finite number"),
)
"""What is meant by each differs from what YAML 1.1 reads: false, an octal number, base 60, no number."""

MAX_LEVELS: Final = 60
"""Levels of lists and mappings; counted before anything is built of them."""


class AmbiguousValueError(ValueError):
    """A value that means something else to YAML than to people; the message says where, and what to write instead.

    `line` and `column` count from 1.
    """

    def __init__(self, problem: str, mark: Any) -> None:
        self.line: int = mark.line + 1
        self.column: int = mark.column + 1
        self.problem = problem
        super().__init__(f"line {self.line}: {problem}")


class _Loader(yaml.SafeLoader):
    """Refuses ambiguous plain scalars; a date is a text."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load_yaml(text: str) -> Any:
    """Returns the document; raises `AmbiguousValueError` or `yaml.YAMLError`.

    >>> load_yaml('{country: "NO", on_sale: true, day: 2026-11-28, above: 10}')
    {'country': 'NO', 'on_sale': True, 'day': '2026-11-28', 'above': 10}
    >>> load_yaml("country: NO")
    Traceback (most recent call last):
    schemas.rule_yaml.AmbiguousValueError: line 1: NO: quote it ("NO") if it is a text, or write true or false
    """
    return load_placed_yaml(text)[0]


def load_placed_yaml(text: str) -> tuple[Any, Places]:
    """Returns the document and where its parts stand; raises as `load_yaml` does."""
    _check_levels(text)
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None, Places(None, text)
        _check(node, set())
        return loader.construct_document(node), Places(node, text)
    finally:
        loader.dispose()


def _check_levels(text: str) -> None:
    """PyYAML's parser calls itself for each level."""
    level = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            level += 1
            if level > MAX_LEVELS:
                raise AmbiguousValueError(
                    f"nested too deep: lists and mappings have at most {MAX_LEVELS} levels", event.start_mark
                )
        elif isinstance(event, yaml.CollectionEndEvent):
            level -= 1


def _check(node: yaml.Node, seen: set[int]) -> None:
    # An alias leads to a node that was looked at already, and may lead to itself.
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.ScalarNode):
        for pattern, advice in _AMBIGUOUS:
            if node.style is None and pattern.match(node.value):
                raise AmbiguousValueError(f"{node.value}: {advice.format(text=node.value)}", node.start_mark)
    elif isinstance(node, yaml.SequenceNode):
        for each in node.value:
            _check(each, seen)
    elif isinstance(node, yaml.MappingNode):
        keys: set[str] = set()
        for key, value in node.value:
            _check(key, seen)
            if isinstance(key, yaml.ScalarNode):
                if key.value in keys and key.value != "<<":
                    raise AmbiguousValueError(f"{key.value} stands twice; the first would be lost", key.start_mark)
                keys.add(key.value)
            _check(value, seen)
