"""Runs the demo's first half: a scripted reader visits the demo site, and its page changes."""

from pathlib import Path

from infra.cli.output import out
from infra.demo import http_visit
from infra.demo.demo_gateway import DemoGateway
from infra.demo.visit import NoBrowserError, Say, VisitResult
from infra.local.home import Home


def run_visit(home: Home, gateway: DemoGateway) -> VisitResult:
    """Visits in Chromium, or over HTTP where there is no browser, and prints what happens."""

    def say(line: str) -> None:
        out.print(f"  {line}", markup=False, soft_wrap=True)

    try:
        result = _visit_in_browser(home, gateway, say)
        gateway.publish_screenshot(Path(home.path / "page.png"))
    except NoBrowserError as error:
        say(f"{error}: the simulator reads instead, without pictures")
        result = http_visit.visit(gateway, say)
    if result.click_to_change_ms is not None:
        say(f"from the fifth click to the list in its new order: {result.click_to_change_ms:.0f} ms")
    return result


def _visit_in_browser(home: Home, gateway: DemoGateway, say: Say) -> VisitResult:
    try:
        # Here, since an installed package need not have selenium.
        from infra.demo import browser_visit
    except ModuleNotFoundError as error:
        raise NoBrowserError(f"{error.name} is not installed") from None
    return browser_visit.visit(gateway.site, home.path, say, gateway.console)


def print_pictures(result: VisitResult) -> None:
    """Prints where the screenshots are and what they show."""
    if result.before is None or result.after is None:
        return
    changes = ", ".join(result.changes) or "nothing that differs"
    out.print(f"before: {result.before}  (the demo site as it was written)", markup=False, soft_wrap=True)
    out.print(f"after:  {result.after}  (the same page for this reader: {changes})", markup=False, soft_wrap=True)
    if result.console is not None:
        out.print(f"        {result.console}  (that session's life in the console)", markup=False, soft_wrap=True)
