"""Reference of the command line, from its own help."""

from typing import Any

import typer

from infra.cli.main import app
from infra.docs.reference.markdown import code, table


def commands() -> str:
    return "\n".join(_section(name, command) for name, command in leaves(typer.main.get_command(app), "microadjust"))


def leaves(command: Any, name: str) -> list[tuple[str, Any]]:
    """Every command below a group, with its full name."""
    if not hasattr(command, "commands"):
        return [(name, command)]
    return [leaf for word, inner in command.commands.items() for leaf in leaves(inner, f"{name} {word}")]


def _section(name: str, command: Any) -> str:
    rows = [(_name(each), each.help or "") for each in command.params if each.name != "help"]
    options = "\n" + table(("argument or option", "meaning"), rows) if rows else ""
    return f"### {name}\n\n{' '.join((command.help or '').split())}\n{options}"


def _name(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return code(parameter.name.upper())
    return ", ".join(code(each) for each in (*parameter.opts, *parameter.secondary_opts))
