"""Builds the command line. Options: flag before environment (MICROADJUST_...) before the file that --config names."""

from pathlib import Path
from typing import Annotated

import typer

from infra.cli import (
    action_commands,
    alert_commands,
    content_commands,
    demo,
    gateway_commands,
    judge_commands,
    learn_command,
    model_commands,
    package_commands,
    projector_commands,
    proposal_commands,
    replay_commands,
    rule_commands,
    segment_commands,
    simulate_commands,
    stack_commands,
    stream_commands,
    topic_commands,
)
from infra.cli.help_texts import unwrap_help
from infra.cli.option_file import OptionFileError, read_option_file
from infra.version import package_version

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Real-time content micro-adjustments: reader events in, adjustment commands out.",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"microadjust {package_version()}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option(
            envvar="MICROADJUST_CLI_CONFIG", help="TOML file with a table of options per command.", exists=True
        ),
    ] = None,
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    if config is not None:
        try:
            context.default_map = read_option_file(config, context.command)
        except OptionFileError as error:
            raise typer.BadParameter(str(error)) from None


_PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True}
"""For commands that hand their further arguments to another program."""

app.command()(stack_commands.up)
app.command()(stack_commands.down)
app.command()(stack_commands.status)
app.command("submit", context_settings=_PASS_ON)(stack_commands.submit_job)
app.command()(stack_commands.cancel)
app.command("package")(package_commands.package_jobs)
app.command("jars")(package_commands.fetch_jars)
app.command()(simulate_commands.simulate)
app.command()(replay_commands.replay)
app.command()(judge_commands.judge)
app.command()(stream_commands.commands)
app.command()(stream_commands.explain)
app.command()(proposal_commands.proposals)
app.command()(stream_commands.rejected)
app.command()(gateway_commands.gateway)
app.command()(projector_commands.projector)
app.command()(learn_command.learn)
app.command()(demo.demo)
app.command(context_settings=_PASS_ON)(package_commands.bench)
app.add_typer(action_commands.app, name="actions")
app.add_typer(rule_commands.app, name="rules")
app.add_typer(content_commands.app, name="content")
app.add_typer(model_commands.app, name="models")
app.add_typer(topic_commands.app, name="topics")
app.add_typer(segment_commands.app, name="segments")
app.add_typer(alert_commands.app, name="alerts")
unwrap_help(app)


def main() -> None:
    app()


if __name__ == "__main__":
    main()
