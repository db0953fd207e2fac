"""projector: the command that runs the projector in the foreground."""

import logging
import signal
import threading
from typing import Annotated

import typer

from infra.cli.gateway_commands import environment, require_login, warn_of_grants
from infra.cli.output import err, errors
from infra.redis.address import shown


def projector(
    bootstrap: Annotated[
        str,
        typer.Option(envvar="MICROADJUST_BOOTSTRAP", help="Bootstrap servers of Kafka; the local stack's by default."),
    ] = "",
) -> None:
    """Project session-state.v1 and adjustments.v1 into Redis, until interrupted. Settings as for `gateway`."""
    # Here, since the other commands need not wait for the clients' imports.
    from infra.projector.projector import Projector
    from infra.projector.settings import Settings

    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with errors():
        settings = Settings.from_env(environment(bootstrap))
        require_login(settings.kafka)
        warn_of_grants(settings.kafka, "projector", settings.topics_prefix)
        running = Projector(settings)
        err.print(f"projecting from {settings.kafka} into {shown(settings.redis_url)}")
        running.run(stop)
    err.print(f"{running.written} records written, {running.unreadable} unreadable, {running.rewinds} rebuilds")
