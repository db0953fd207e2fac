"""The command line. Options: flag before environment (MICROADJUST_...) before the file that --config names."""

import subprocess
import tomllib
from pathlib import Path
from typing import Annotated

import typer

from infra.cli import demo, gateway_commands, projector_commands, rule_commands, stack_commands, stream_commands
from infra.local.home import PROJECT

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Real-time content micro-adjustments: reader events in, adjustment commands out.",
)


@app.callback()
def options(
    context: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option(envvar="MICROADJUST_CLI_CONFIG", help="TOML file of options: a table per command.", exists=True),
    ] = None,
) -> None:
    if config is not None:
        try:
            context.default_map = tomllib.loads(config.read_text())
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise typer.BadParameter(f"{config}: {error}") from None


def bench(context: typer.Context) -> None:
    """Run the benchmarks (about an hour); options as infra/bench/run.py has them. Writes infra/bench/results.json."""
    script = PROJECT / "infra" / "bench" / "run.sh"
    raise typer.Exit(subprocess.run([str(script), *context.args], check=False).returncode)


app.command()(stack_commands.up)
app.command()(stack_commands.down)
app.command()(stack_commands.status)
app.command("submit", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(
    stack_commands.submit_job
)
app.command()(stack_commands.cancel)
app.command("package")(stack_commands.package_jobs)
app.command()(stream_commands.simulate)
app.command()(stream_commands.replay)
app.command()(stream_commands.commands)
app.command()(stream_commands.explain)
app.command()(stream_commands.rejected)
app.command()(gateway_commands.gateway)
app.command()(projector_commands.projector)
app.command()(demo.demo)
app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(bench)
app.add_typer(rule_commands.app, name="rules")
