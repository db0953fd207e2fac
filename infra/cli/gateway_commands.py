"""gateway: the command that runs the gateway in the foreground."""

import os
from dataclasses import replace
from typing import Annotated

import typer

from infra.cli.output import err, errors
from infra.gateway.settings import Settings
from infra.local.home import Home, StackRecord
from infra.local.processes import StackError
from infra.settings import SettingsError


def gateway(
    host: Annotated[str, typer.Option(envvar="MICROADJUST_GATEWAY_HOST", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(envvar="MICROADJUST_GATEWAY_PORT", help="Port to listen on.")] = 8480,
    bootstrap: Annotated[
        str,
        typer.Option(envvar="MICROADJUST_BOOTSTRAP", help="Bootstrap servers of Kafka; the local stack's by default."),
    ] = "",
) -> None:
    """Run collector, push, REST API and console in one process, until interrupted.

    Further settings come from the environment: MICROADJUST_GATEWAY_…, and these secrets. The first three are random, for
    this run only, unless they are set.

    MICROADJUST_WRITE_KEYS=source:key,… – the public keys with which pages send events.

    MICROADJUST_PUSH_SECRETS=secret,older-secret – the first signs push tokens, all of them verify.

    MICROADJUST_GATEWAY_CONSOLE_TOKEN=token – opens the console and the REST API for operators.

    MICROADJUST_SERVER_KEYS=source:key,… – the secret keys of servers, which also read sessions of their source.

    MICROADJUST_SESSION_SECRET=secret – derives session ids from identities; without it the last push secret does.

    MICROADJUST_WEBHOOK_SECRETS=source=kind:secret|older-secret,… – accepts signed webhooks at POST /v1/webhooks/SOURCE;
    kind is standard, segment or pendo. If it is not set, webhooks are refused.
    """
    with errors():
        try:
            settings = replace(Settings.from_env(environment(bootstrap)), host=host, port=port)
        except SettingsError as error:
            raise StackError(str(error)) from None
        _tell(settings)
        # Here, since the other commands need not wait for the server's imports.
        from infra.gateway.server import serve

        serve(settings)


def environment(bootstrap: str) -> dict[str, str]:
    """Returns this process's environment, completed by the addresses of the local stack."""
    environ = dict(os.environ)
    services = StackRecord.read(Home.from_env()).services
    if bootstrap:
        environ["MICROADJUST_GATEWAY_BOOTSTRAP"] = bootstrap
    elif "kafka" in services:
        environ.setdefault("MICROADJUST_GATEWAY_BOOTSTRAP", f"127.0.0.1:{services['kafka'].ports['broker']}")
    if "redis" in services:
        environ.setdefault("MICROADJUST_GATEWAY_REDIS_URL", f"redis://127.0.0.1:{services['redis'].ports['redis']}/0")
    return environ


def _tell(settings: Settings) -> None:
    """Prints addresses, and the secrets that are random; secrets that were set are not shown."""
    err.print(f"gateway at http://{settings.host}:{settings.port}, Kafka at {settings.bootstrap}")
    if "write_keys" in settings.generated:
        err.print(f"write key for this run: {next(iter(settings.write_keys))} (set MICROADJUST_WRITE_KEYS)")
    if "console_token" in settings.generated:
        for page in ("console", "debug"):
            address = f"http://{settings.host}:{settings.port}/{page}/?token={settings.console_token}"
            err.print(f"{page} for this run: {address} (set MICROADJUST_GATEWAY_CONSOLE_TOKEN)", soft_wrap=True)
    if "token_secrets" in settings.generated:
        err.print("push tokens end with this run (set MICROADJUST_PUSH_SECRETS)")
