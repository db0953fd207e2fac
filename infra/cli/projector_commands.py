"""projector: the command that runs the projector in the foreground."""

import signal
import threading
from typing import Annotated

import typer

from infra.cli.gateway_commands import environment, require_login, warn_of_grants
from infra.cli.output import err, errors
from infra.known_settings import check_names
from infra.local.processes import StackError
from infra.logs import configure_logging
from infra.redis.address import shown
from infra.settings import SettingsError


def projector(
    bootstrap: Annotated[
        str,
        typer.Option(envvar="MICROADJUST_BOOTSTRAP", help="Bootstrap servers of Kafka; the local stack's by default."),
    ] = "",
) -> None:
    """Project session-state.v1 and adjustments.v1 into Redis, until interrupted. Settings as for `gateway`."""
    # Here, since the other commands need not wait for the clients' imports.
    from infra.projector.operation import operation_endpoints
    from infra.projector.projector import Projector
    from infra.projector.settings import Settings

    environ = environment(bootstrap)
    configure_logging(environ.get("MICROADJUST_GATEWAY_LOG_FORMAT") or "auto")
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with errors():
        try:
            check_names(environ)
            settings = Settings.from_env(environ)
        except SettingsError as error:
            raise StackError(str(error)) from None
        require_login(settings.kafka)
        warn_of_grants(settings.kafka, "projector", settings.topics_prefix)
        running = Projector(settings)
        err.print(f"projecting from {settings.kafka} into {shown(settings.redis_url)}")
        with operation_endpoints(running, settings.host, settings.port):
            running.run(stop)
    err.print(f"{running.written} records written, {running.unreadable} unreadable, {running.rewinds} rebuilds")
