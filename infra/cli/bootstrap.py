"""Decides which Kafka a command talks to, and checks that it listens there and takes the login."""

import os
import socket
from typing import Annotated, Final

import typer

from infra.kafka.connection import KafkaConnection
from infra.kafka.reading import KafkaRefusalError, StreamError
from infra.kafka.refusals import login_problem
from infra.local import stack
from infra.local.home import Home
from infra.local.processes import StackError
from infra.settings import read_security
from schemas.kafka_security.settings import OPEN

CONNECT_TIMEOUT_S: Final = 2.0
DEFAULT_PORT: Final = 9092

Bootstrap = Annotated[
    str,
    typer.Option(
        envvar="MICROADJUST_BOOTSTRAP", help="Bootstrap servers of Kafka, host:port,…; the local stack's by default."
    ),
]


def resolve_kafka(given: str) -> KafkaConnection:
    """Returns the given servers, else those of the running local stack, and how to log in.

    Raises `StreamError` where none listens or the login is refused: a client would try for half a minute before it gives up.
    """
    servers = given
    if not servers:
        try:
            servers = stack.running(Home.from_env()).bootstrap
        except StackError as error:
            raise StreamError(f"{error}, or give --bootstrap") from None
    if not any(_listens(server.strip()) for server in servers.split(",")):
        raise StreamError(f"no Kafka at {servers}: start one with `microadjust up`, or give --bootstrap")
    # The local stack's broker is open, whatever the settings say for another.
    kafka = KafkaConnection(servers, read_security(os.environ) if given else OPEN)
    if problem := login_problem(kafka):
        raise KafkaRefusalError(problem)
    return kafka


def _listens(server: str) -> bool:
    host, _, port = server.rpartition(":")
    if not port.isdigit():
        host, port = server, str(DEFAULT_PORT)
    try:
        with socket.create_connection((host.strip("[]"), int(port)), CONNECT_TIMEOUT_S):
            return True
    except (OSError, OverflowError, UnicodeError):
        return False
