"""The demo's first half: a reader reads the demo site, and the site changes."""

from pathlib import Path

from infra.cli.output import out
from infra.demo import browser_visit, http_visit
from infra.demo.browser import NoBrowser
from infra.demo.browser_visit import Reading
from infra.demo.demo_gateway import Edge
from infra.local.home import Home


def visit(home: Home, edge: Edge) -> Reading:
    """In Chromium, or by the simulator where there is none. Says what happens and where the pictures are."""

    def say(line: str) -> None:
        out.print(f"  {line}", markup=False, soft_wrap=True)

    try:
        told = browser_visit.read(edge.site, home.path, say, edge.console)
        edge.hang(Path(home.path / "page.png"))
    except NoBrowser as error:
        say(f"{error}: the simulator reads instead, without pictures")
        told = http_visit.read(edge, say)
    if told.click_to_change_ms is not None:
        say(f"from the fifth click to the list in its new order: {told.click_to_change_ms:.0f} ms")
    return told


def closing_note(told: Reading) -> None:
    """What is on the pictures."""
    if told.before is None or told.after is None:
        return
    changes = ", ".join(told.changes) or "nothing that differs"
    out.print(f"before: {told.before}  (the demo site as it was written)", markup=False, soft_wrap=True)
    out.print(f"after:  {told.after}  (the same page for this reader: {changes})", markup=False, soft_wrap=True)
    if told.console is not None:
        out.print(f"        {told.console}  (that session's life in the console)", markup=False, soft_wrap=True)
