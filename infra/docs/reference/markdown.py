"""Formats tables in Markdown."""

from collections.abc import Iterable, Sequence


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    r"""Formats rows as a Markdown table. Line breaks and pipes inside a cell are replaced: they would end it.

    >>> print(table(("a", "b"), [("1", "x|y")]), end="")
    | a | b |
    |---|---|
    | 1 | x\|y |
    """
    lines = [header, ["---"] * len(header), *rows]
    return "".join(_line(cells, rule=number == 1) for number, cells in enumerate(lines))


def _line(cells: Sequence[str], rule: bool) -> str:
    if rule:
        return "|" + "|".join(cells) + "|\n"
    return "| " + " | ".join(" ".join(cell.replace("|", "\\|").split()) for cell in cells) + " |\n"


def code(text: object) -> str:
    """Formats a text as code; an empty text stays empty.

    >>> code("window_s"), code("")
    ('`window_s`', '')
    """
    return f"`{text}`" if text != "" else ""
