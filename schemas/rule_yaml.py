"""Reads YAML without the words that YAML 1.1 takes for something else: no, 010, 1:30 and the like are refused, not guessed."""

import re
from typing import Any, Final

import yaml

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


class AmbiguousValueError(ValueError):
    """A value that means something else to YAML than to people; the message says where, and what to write instead."""


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
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        _check(node, set())
        return loader.construct_document(node)
    finally:
        loader.dispose()


def _check(node: yaml.Node, seen: set[int]) -> None:
    # An alias leads to a node that was looked at already, and may lead to itself.
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.ScalarNode):
        for pattern, advice in _AMBIGUOUS:
            if node.style is None and pattern.match(node.value):
                line = node.start_mark.line + 1
                raise AmbiguousValueError(f"line {line}: {node.value}: {advice.format(text=node.value)}")
    elif isinstance(node, yaml.SequenceNode):
        for each in node.value:
            _check(each, seen)
    elif isinstance(node, yaml.MappingNode):
        names: set[str] = set()
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in names:
                    # YAML would silently take the last one.
                    raise AmbiguousValueError(f"line {key.start_mark.line + 1}: {key.value} stands twice")
                names.add(key.value)
            _check(key, seen)
            _check(value, seen)
