"""gateway: the command that runs the gateway in the foreground."""

import os
import time
from dataclasses import replace
from typing import Annotated, Final

import typer

from infra.cli.output import err, errors, out
from infra.gateway.settings import Settings
from infra.kafka.access import missing_grants
from infra.kafka.connection import KafkaConnection
from infra.kafka.reading import KafkaRefusalError
from infra.kafka.refusals import login_problem
from infra.known_settings import check_names
from infra.local.home import Home, StackRecord
from infra.local.processes import StackError
from infra.logs import configure_logging
from infra.settings import SettingsError

START_PATIENCE_S: Final = 3.0
SECOND_TRY_S: Final = 1.0


def gateway(
    host: Annotated[str, typer.Option(envvar="MICROADJUST_GATEWAY_HOST", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(envvar="MICROADJUST_GATEWAY_PORT", help="Port to listen on.", min=1, max=65_535)
    ] = 8480,
    bootstrap: Annotated[
        str,
        typer.Option(envvar="MICROADJUST_BOOTSTRAP", help="Bootstrap servers of Kafka; the local stack's by default."),
    ] = "",
    check: Annotated[
        bool,
        typer.Option("--check", help="Check settings, Kafka, topics and Redis, and exit: 0 if the gateway can work."),
    ] = False,
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
        # Here, since the other commands need not wait for the server's imports.
        from infra.gateway.request_context import current_request
        from infra.gateway.settings_checks import require_safe

        environ = environment(bootstrap)
        try:
            check_names(environ)
            settings = replace(Settings.from_env(environ), host=host, port=port)
            require_safe(settings)
            if check:
                _check(settings)
                return
            require_login(settings.kafka)
            warn_of_grants(settings.kafka, "gateway", settings.topics_prefix)
            _tell(settings)
            from infra.gateway.server import serve

            configure_logging(settings.log_format, lambda: {"request_id": current_request().request_id})
            serve(settings)
        except SettingsError as error:
            raise StackError(str(error)) from None


def _check(settings: Settings) -> None:
    """Prints what was found; exits with status 1 if the gateway could not work."""
    from infra.gateway.settings_checks import findings

    found = list(findings(settings))
    for each in found:
        out.print(f"{'FAILED' if each.is_fatal else 'ok':6} {each.what}: {each.detail}", soft_wrap=True, markup=False)
    if any(each.is_fatal for each in found):
        raise typer.Exit(1)


def require_login(kafka: KafkaConnection) -> None:
    """Raises `KafkaRefusalError` where a secured Kafka refuses the login. One that does not answer may come later."""
    problem = login_problem(kafka, START_PATIENCE_S)
    if problem is not None and not kafka.security.is_open:
        # A broker that starts or stops cuts connections too.
        time.sleep(SECOND_TRY_S)
        problem = login_problem(kafka, START_PATIENCE_S)
        if problem is not None:
            raise KafkaRefusalError(problem)
    if problem is not None:
        err.print(f"microadjust: {problem}", style="yellow", markup=False, soft_wrap=True)


def warn_of_grants(kafka: KafkaConnection, component: str, prefix: str) -> None:
    """Prints which grants a component lacks. It starts all the same: they can be given while it runs."""
    for problem in missing_grants(kafka, component, prefix):
        err.print(f"microadjust: {problem}", style="yellow", markup=False, soft_wrap=True)


def environment(bootstrap: str) -> dict[str, str]:
    """Returns this process's environment, completed by the addresses of the local stack."""
    environ = dict(os.environ)
    home = Home.from_env()
    services = StackRecord.read(home).services
    if "MICROADJUST_MODELS_FILE" not in environ:
        environ.setdefault("MICROADJUST_MODELS", str(home.path / "models"))
    if bootstrap:
        environ["MICROADJUST_GATEWAY_BOOTSTRAP"] = bootstrap
    elif "kafka" in services:
        environ.setdefault("MICROADJUST_GATEWAY_BOOTSTRAP", f"127.0.0.1:{services['kafka'].ports['broker']}")
    if "redis" in services and "MICROADJUST_GATEWAY_REDIS_URL_FILE" not in environ:
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
