"""Which Kafka and which cluster a command talks to."""

from typing import Annotated

import typer

from infra.kafka.reading import StreamError
from infra.local import stack
from infra.local.home import Home
from infra.local.processes import StackError

Bootstrap = Annotated[
    str,
    typer.Option(envvar="MICROADJUST_BOOTSTRAP", help="Kafka's bootstrap servers; empty for those of the local stack."),
]


def bootstrap_of(given: str) -> str:
    """The given servers, else those of the local stack that is up."""
    if given:
        return given
    try:
        return stack.running(Home.from_env()).bootstrap
    except StackError as error:
        raise StreamError(f"{error}, or give --bootstrap") from None
