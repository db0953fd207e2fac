"""Reads YAML without the words that YAML 1.1 takes for something else: no, 010, 1:30 and the like are refused, not guessed."""

import json
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

MAX_ALIASED_VALUES: Final = 100_000
"""Values of a document with aliases, each counted as often as it is named: a few lines can name millions."""

_TAG: Final = "tag:yaml.org,2002:"


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

    def construct_object(self, node: Any, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except ValueError:
            # Python reads no whole number of more than 4300 digits.
            raise AmbiguousValueError(
                f"{str(node.value)[:40]}…: cannot be read; give a shorter number", node.start_mark
            ) from None


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
    text = _without_tabs(text)
    _check_events(text)
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None, Places(None, text)
        _check(node, {})
        return loader.construct_document(node), Places(node, text)
    finally:
        loader.dispose()


def _without_tabs(text: str) -> str:
    """JSON may be indented with tabs, which YAML does not allow; in its texts there are none."""
    if "\t" not in text or not text.lstrip().startswith("{"):
        return text
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return text
    return text.replace("\t", " ")


def _check_events(text: str) -> None:
    """Refuses tags, and too many levels: PyYAML's parser calls itself for each."""
    level = 0
    for event in yaml.parse(text, Loader=_Loader):
        tag = getattr(event, "tag", None)
        if tag is not None:
            shown = tag.replace(_TAG, "!!")[:80]
            raise AmbiguousValueError(
                f"{shown}: tags are not read; put a text that begins with ! in quotes", event.start_mark
            )
        if isinstance(event, yaml.CollectionStartEvent):
            level += 1
            if level > MAX_LEVELS:
                raise AmbiguousValueError(
                    f"nested too deep: lists and mappings have at most {MAX_LEVELS} levels", event.start_mark
                )
        elif isinstance(event, yaml.CollectionEndEvent):
            level -= 1


def _check(node: yaml.Node, counted: dict[int, int]) -> int:
    """Returns how many values there are. `counted` has those of the nodes seen already: an alias leads to one of them."""
    if id(node) in counted:
        if counted[id(node)] == 0:
            raise AmbiguousValueError("an alias (*) stands within what it names", node.start_mark)
        return counted[id(node)]
    counted[id(node)] = 0
    count = 1
    if isinstance(node, yaml.ScalarNode):
        for pattern, advice in _AMBIGUOUS:
            if node.style is None and pattern.match(node.value):
                raise AmbiguousValueError(f"{node.value}: {advice.format(text=node.value)}", node.start_mark)
    elif isinstance(node, yaml.SequenceNode):
        for each in node.value:
            count += _check(each, counted)
    elif isinstance(node, yaml.MappingNode):
        keys: set[str] = set()
        for key, value in node.value:
            _check(key, counted)
            if isinstance(key, yaml.ScalarNode):
                if key.value in keys and key.value != "<<":
                    raise AmbiguousValueError(f"{key.value} stands twice; the first would be lost", key.start_mark)
                keys.add(key.value)
            count += _check(value, counted)
    if count > MAX_ALIASED_VALUES and count > len(counted):
        raise AmbiguousValueError(f"aliases (*) make more than {MAX_ALIASED_VALUES} values of this", node.start_mark)
    counted[id(node)] = count
    return count
