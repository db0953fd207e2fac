"""alerts: the command that shows what a person should look at."""

from typing import Annotated, Any, get_args

import msgspec
import typer

from infra.cli.bootstrap import Bootstrap, resolve_kafka
from infra.cli.formatting import format_instant
from infra.cli.output import Json, errors, out, print_json
from infra.kafka.reading import TopicReader
from schemas.alerts import Alert, AlertKind
from schemas.topics import ALERTS
from schemas.unreadable import UNREADABLE

app = typer.Typer(no_args_is_help=True, help="Drift, refused models and retrainings that the system tells of.")


@app.callback()
def alerts() -> None:
    """Makes `list` a subcommand, though there is no other."""


@app.command("list")
def list_alerts(
    follow: Annotated[bool, typer.Option(help="Keep printing alerts as they come, until interrupted.")] = False,
    kind: Annotated[str, typer.Option(help="Show only alerts of this kind.")] = "",
    last: Annotated[int, typer.Option(min=1, help="Show at most this many of the newest alerts.")] = 50,
    bootstrap: Bootstrap = "",
    as_json: Json = False,
) -> None:
    """Show alerts with value, threshold and the page that says what to do. With --json, one object per line."""
    if kind and kind not in (kinds := get_args(AlertKind)):
        raise typer.BadParameter(f"{kind} is no kind; the kinds are {', '.join(kinds)}", param_hint="--kind")
    with errors():
        reader = TopicReader(resolve_kafka(bootstrap), ALERTS.name)

        def wanted(record: Any) -> Alert | None:
            try:
                alert = msgspec.json.decode(record.value or b"", type=Alert)
            except UNREADABLE:
                # Anybody may write to a topic.
                return None
            return alert if not kind or alert.kind == kind else None

        # Read again after a restart, the same rows raise the same alerts.
        newest = {found.alert_id: found for record in reader.read_to_end() if (found := wanted(record)) is not None}
        for alert in sorted(newest.values(), key=lambda each: each.at_ms)[-last:]:
            _print(alert, as_json)
        seen = set(newest)
        while follow:
            for record in reader.poll(1.0):
                if (found := wanted(record)) is not None and found.alert_id not in seen:
                    seen.add(found.alert_id)
                    _print(found, as_json)


def _print(alert: Alert, as_json: bool) -> None:
    if as_json:
        print_json(alert)
        return
    out.print("\n".join(as_lines(alert)), markup=False, soft_wrap=True)


def as_lines(alert: Alert) -> list[str]:
    """An alert in two lines: what happened, then where it says what to do."""
    return [
        f"{format_instant(alert.at_ms)}  {alert.severity:<8} {alert.kind}: {alert.text}",
        f"                         see {alert.runbook}",
    ]
