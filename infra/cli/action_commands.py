"""actions: the commands about the registry of actions."""

from html import escape
from pathlib import Path
from typing import Annotated, Any

import typer

from infra.cli.calibration_command import calibrate
from infra.cli.output import Json, errors, show
from infra.cli.output_files import write_file
from schemas.action_frequency import frequency_of
from schemas.actions import ACTIONS

app = typer.Typer(no_args_is_help=True, help="The actions that rules can ask for.")

_CELL = 104
_LEFT, _TOP = 60, 50


@app.command()
def matrix(
    as_json: Json = False,
    svg: Annotated[Path | None, typer.Option(help="Write the matrix to this file, as a picture.")] = None,
) -> None:
    """Show impact and complexity of each action, with the priority and the frequency that follow from them."""
    with errors():
        if svg is not None:
            write_file(svg, draw(), "--svg")
        show(rows(), as_json, "no actions")


def rows() -> list[dict[str, Any]]:
    """One row for each action, the greatest priority first."""
    ordered = sorted(ACTIONS.values(), key=lambda action: (-action.matrix_priority, action.name))
    return [
        {
            "action": action.name,
            "impact": action.impact,
            "complexity": action.complexity,
            "priority": action.matrix_priority,
            "cooldown_s": action.frequency.cooldown_s,
            "max_per_session": action.frequency.max_per_session,
            "exclusive_group": action.exclusive_group,
            "revertible": action.revertible,
        }
        for action in ordered
    ]


def draw() -> str:
    """The matrix as an SVG: complexity from left to right, impact upwards, each cell with its actions."""
    parts = []
    for impact in range(1, 6):
        for complexity in range(1, 6):
            x, y = _LEFT + (complexity - 1) * _CELL, _TOP + (5 - impact) * _CELL
            value = 4 * impact * (6 - complexity)
            parts.append(
                f'<rect x="{x}" y="{y}" width="{_CELL - 4}" height="{_CELL - 4}" rx="4" fill="#c2410c"'
                f' fill-opacity="{0.05 + 0.0045 * value:.2f}"/>'
                f'<text x="{x + 6}" y="{y + 16}" font-size="10" fill="#64748b">{value}</text>'
            )
            rest_s = frequency_of(impact, complexity).cooldown_s
            parts.append(
                f'<text x="{x + _CELL - 10}" y="{y + 16}" font-size="10" fill="#64748b" text-anchor="end">{rest_s} s</text>'
            )
            names = [each.name for each in ACTIONS.values() if (each.impact, each.complexity) == (impact, complexity)]
            parts += [
                f'<text x="{x + 6}" y="{y + 34 + 15 * line}" font-size="10">{escape(name)}</text>'
                for line, name in enumerate(names)
            ]
    ticks = "".join(
        f'<text x="{_LEFT + (number - 1) * _CELL + 44}" y="{_TOP + 5 * _CELL + 14}">{number}</text>'
        f'<text x="{_LEFT - 18}" y="{_TOP + (5 - number) * _CELL + 54}">{number}</text>'
        for number in range(1, 6)
    )
    width, height = _LEFT + 5 * _CELL + 16, _TOP + 5 * _CELL + 44
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        f' font-family="system-ui, sans-serif" font-size="12" fill="#334155"><rect width="100%" height="100%" fill="white"/>'
        f'<text x="{_LEFT}" y="26" font-size="15" font-weight="600">Actions by impact (up) and complexity (right),'
        f" with their priority and rest</text>{''.join(parts)}{ticks}</svg>\n"
    )


app.command()(calibrate)
