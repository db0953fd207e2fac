"""Reads files of content items: one JSON object a line, a JSON array, or YAML; each item with the line where it begins."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml

from schemas.rule_yaml import AmbiguousValueError, load_yaml

_WHITESPACE: Final = " \t\r\n"
YAML_SUFFIXES: Final = (".yaml", ".yml")


class ContentFileError(ValueError):
    """Raised for a file that cannot be read as a whole; the message names the file and what was expected."""


class FileItem(NamedTuple):
    """An item as it stands in a file. `fault` says why it is no JSON, where it is none."""

    line: int
    value: Any
    fault: str = ""


def read_items(path: Path) -> list[FileItem]:
    """Returns the items of a file. Raises `ContentFileError`.

    The suffix says whether it is YAML; elsewhere a bracket begins an array, and all else is one item a line.
    """
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ContentFileError(f"{path} cannot be read: {error}") from None
    if path.suffix.lower() in YAML_SUFFIXES:
        return list(_of_yaml(text, path))
    return list(_of_array(text, path) if text.lstrip()[:1] == "[" else _of_lines(text))


def _of_lines(text: str) -> Iterator[FileItem]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            yield FileItem(number, json.loads(line))
        except (ValueError, RecursionError) as error:
            yield FileItem(number, None, f"not JSON: {error}")


def _of_array(text: str, path: Path) -> Iterator[FileItem]:
    """Reads item by item, to know where each begins."""
    decoder = json.JSONDecoder()
    at, line, counted = _next(text, text.index("[") + 1), 1, 0
    while text[at : at + 1] != "]":
        line, counted = line + text.count("\n", counted, at), at
        try:
            value, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            raise ContentFileError(f"{path}, line {line}: not JSON: {error}") from None
        yield FileItem(line, value)
        at = _next(text, at)
        if text[at : at + 1] not in (",", "]"):
            raise ContentFileError(f"{path}, line {line}: expected a comma or the end of the array after this item")
        at = _next(text, at + 1) if text[at] == "," else at
    if (end := _next(text, at + 1)) < len(text):
        raise ContentFileError(
            f"{path}, line {line + text.count(chr(10), counted, end)}: expected nothing after the array; join several into one"
        )


def _next(text: str, at: int) -> int:
    while at < len(text) and text[at] in _WHITESPACE:
        at += 1
    return at


def _of_yaml(text: str, path: Path) -> Iterator[FileItem]:
    """A list of items, or one under `content`."""
    try:
        document, root = load_yaml(text), yaml.compose(text, yaml.SafeLoader)
    except (AmbiguousValueError, yaml.YAMLError) as error:
        raise ContentFileError(f"{path} is not YAML: {error}") from None
    if isinstance(document, dict) and isinstance(root, yaml.MappingNode):
        document = document.get("content")
        root = next((value for key, value in root.value if key.value == "content"), None)
    if not isinstance(document, list) or not isinstance(root, yaml.SequenceNode):
        raise ContentFileError(f"{path}: expected a list of items, or one under `content`")
    for value, node in zip(document, root.value, strict=True):
        yield FileItem(node.start_mark.line + 1, value)
