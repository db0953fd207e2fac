"""The registries of actions and bounds as Markdown tables, for the documentation."""

from collections.abc import Iterable
from typing import Final

from schemas.actions import ACTIONS, Parameter
from schemas.rule_conditions import BOUNDS

_ADAPTERS: Final = {"variant": "shows another variant", "own": "its own"}


def actions_table() -> str:
    """Every action, with its parameters (required ones in bold), in the order of the registry."""
    return _table(
        ("action", "what it does", "parameters", "group", "impact", "complexity", "revertible", "adapter"),
        (
            (
                f"`{action.name}`",
                action.text,
                ", ".join(map(_parameter, action.parameters)) or "none",
                action.exclusive_group or "none",
                str(action.impact),
                str(action.complexity),
                "yes" if action.revertible else "no",
                _ADAPTERS[action.adapter],
            )
            for action in ACTIONS.values()
        ),
    )


def bounds_table() -> str:
    """Every bound of a condition on a feature, in the order of the registry."""
    return _table(
        ("bound", "holds where", "lanes", "against", "unit of the threshold in the evidence"),
        (
            (
                f"`{bound.name}`",
                bound.text,
                ", ".join(f"`{lane}`" for lane in bound.lanes),
                ", ".join(f"`{scope}`" for scope in bound.scopes) or "nothing",
                "the feature's own" if bound.unit == "feature" else bound.unit,
            )
            for bound in BOUNDS.values()
        ),
    )


def _parameter(parameter: Parameter) -> str:
    example = parameter.example
    shown = ", ".join(example) if isinstance(example, tuple) else str(example).lower()
    name = f"`{parameter.name}`"
    return f"{f'**{name}**' if parameter.required else name} ({parameter.kind}: {shown})"


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [heads, tuple("---" for _ in heads), *rows]
    return "".join("| " + " | ".join(cells) + " |\n" for cells in lines)
