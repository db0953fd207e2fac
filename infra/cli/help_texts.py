"""Joins the lines of a docstring's paragraphs: typer keeps line breaks, which end in the middle of a narrow terminal's lines."""

import inspect
import re
from typing import Any


def unwrap_help(app: Any) -> None:
    """Sets the help of all commands of a typer application, and of its groups, to their unwrapped docstrings."""
    for command in app.registered_commands:
        command.help = unwrapped(command.help or command.callback.__doc__ or "")
    for group in app.registered_groups:
        unwrap_help(group.typer_instance)


def unwrapped(text: str) -> str:
    """
    >>> unwrapped("One line.\\n\\n    A paragraph of\\n    two lines.\\n\\n    * a list\\n    * stays")
    'One line.\\n\\nA paragraph of two lines.\\n\\n* a list\\n* stays'
    """
    return re.sub(r"(?<!\n)\n(?![\n*-])", " ", inspect.cleandoc(text))
