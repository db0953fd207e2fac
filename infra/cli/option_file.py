"""Reads the TOML file of options that --config names: a table for each command."""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from schemas.nearest_names import suggestion


class OptionFileError(ValueError):
    """Raised for a file that cannot be used; the message names the file, table and name."""


def read_option_file(path: Path, command: Any) -> dict[str, Any]:
    """Returns the options by command. `command` is click's for the whole program. Raises `OptionFileError`.

    What no command has is refused: click passes over it, and the command would run as if the option had not been written.
    """
    try:
        given = tomllib.loads(path.read_text("utf-8-sig"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise OptionFileError(f"{path}: {error}") from None
    if problems := list(_problems(given, command, "")):
        raise OptionFileError(f"{path}: {'; '.join(problems)}")
    return given


def _problems(given: Mapping[str, Any], command: Any, table: str) -> Iterator[str]:
    commands: Mapping[str, Any] | None = getattr(command, "commands", None)
    known = [each.name for each in command.params] if commands is None else list(commands)
    for name, value in given.items():
        where = f"[{table}] {name}" if table else name
        if name not in known:
            yield f"{where}: unknown {'option' if commands is None else 'command'}{suggestion(name, known)}"
        elif commands is not None and isinstance(value, dict):
            yield from _problems(value, commands[name], f"{table}.{name}" if table else name)
        elif commands is not None:
            yield f"{where}: expected a table of options, as [{where}]"
