"""Rejects environment variables of this project that no program reads, with the name that was meant."""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from typing import Any, Final

from infra.settings import OTHER_VARIABLES, SettingsError

OURS: Final = "MICROADJUST_"

_OF_KUBERNETES: Final = re.compile(r"_(SERVICE_(HOST|PORT(_\w+)?)|PORT(_\d+_(TCP|UDP)(_(PROTO|PORT|ADDR))?)?)$")
"""What Kubernetes sets in every pod for a Service called microadjust-…"""


def check_names(environ: Iterable[str]) -> None:
    """Raises `SettingsError` that names every unknown variable and the known one nearest to it."""
    known = known_names()
    unknown = [each for each in sorted(environ) if each.startswith(OURS) and each not in known]
    problems = [_problem(each, known) for each in unknown if not _OF_KUBERNETES.search(each)]
    if problems:
        raise SettingsError("; ".join(problems))


def known_names() -> frozenset[str]:
    """Returns every variable that a program of this project reads, from where each is declared.

    A new setting needs no entry here: a field of a settings class, an option of a job and an option of the command line
    count by themselves. What is read in another way stands in `infra.settings.OTHER_VARIABLES`.
    """
    # Here, since the command line imports this module.
    from infra.gateway.settings import NOT_READ, variable
    from infra.gateway.settings import Settings as GatewaySettings
    from infra.local.stack import Ports
    from infra.projector.settings import VARIABLES as PROJECTOR
    from infra.redis.address import VARIABLES as REDIS
    from jobs.config import AdjustConfig, HeatmapConfig, options_of
    from schemas.kafka_security.reading import NAMES, PROPERTIES

    values = {variable(each.name) for each in fields(GatewaySettings) if each.name not in NOT_READ}
    values |= {*NAMES.values(), *REDIS}
    from_files = {f"{each}_FILE" for each in values if not each.endswith("_FILE")}
    jobs = {OURS + each.name.upper() for config in (AdjustConfig, HeatmapConfig) for each in options_of(config)}
    ports = {f"{OURS}{each.name.upper()}_PORT" for each in fields(Ports)}
    return frozenset(
        {
            *values,
            *from_files,
            PROPERTIES,
            *ports,
            *jobs,
            OURS + "CONFIG",
            *PROJECTOR,
            *_of_the_command_line(),
            *OTHER_VARIABLES,
        }
    )


def _of_the_command_line() -> Iterator[str]:
    import typer

    from infra.cli.main import app

    yield from _variables(typer.main.get_command(app))


def _variables(command: Any) -> Iterator[str]:
    for option in command.params:
        given = option.envvar or ()
        yield from (given,) if isinstance(given, str) else given
    commands: Mapping[str, Any] = getattr(command, "commands", {})
    for each in commands.values():
        yield from _variables(each)


def _problem(name: str, known: Iterable[str]) -> str:
    # Without what all have in common, or any name would resemble any other.
    rests = [each.removeprefix(OURS) for each in sorted(known)]
    near = difflib.get_close_matches(name.removeprefix(OURS), rests, n=1, cutoff=0.7)
    return f"{name}: unknown setting" + (f"; did you mean {OURS}{near[0]}?" if near else "; unset it")
