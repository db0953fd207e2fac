"""topics create, check: commands for the topics of the contract on a broker of one's own."""

from typing import Annotated

import msgspec
import typer

from infra.cli.bootstrap import Bootstrap, resolve_kafka
from infra.cli.output import Json, err, errors, print_json, show
from infra.kafka.topic_contracts import BROKER_DEFAULT, TopicContracts

app = typer.Typer(no_args_is_help=True, help="Create the topics on a broker, or compare them with their contract.")

Prefix = Annotated[
    str,
    typer.Option(envvar="MICROADJUST_GATEWAY_TOPICS_PREFIX", help="Text before the name of every topic."),
]


@app.command()
def create(
    replication_factor: Annotated[
        int | None, typer.Option(min=1, help="Copies of each partition; the broker's default if not given.")
    ] = None,
    prefix: Prefix = "",
    bootstrap: Bootstrap = "",
    as_json: Json = False,
) -> None:
    """Create the topics that are missing, with partitions and settings of the contract. Existing topics stay as they are."""
    with errors():
        contracts = TopicContracts(resolve_kafka(bootstrap), prefix=prefix)
        created = contracts.create(BROKER_DEFAULT if replication_factor is None else replication_factor)
        show([{"created": name} for name in created], as_json, "all topics exist; `topics check` compares them")


@app.command()
def check(
    replication_factor: Annotated[
        int | None, typer.Option(min=1, help="Least number of copies of each partition; not compared if not given.")
    ] = None,
    prefix: Prefix = "",
    bootstrap: Bootstrap = "",
    as_json: Json = False,
) -> None:
    """Compare the topics with their contract. Prints each difference with its fix; exit status 1 if there is one."""
    with errors():
        contracts = TopicContracts(resolve_kafka(bootstrap), prefix=prefix)
        differences = contracts.differences(replication_factor)
    if as_json:
        print_json([msgspec.to_builtins(each) for each in differences])
    else:
        show([msgspec.to_builtins(each) for each in differences], False, "all topics are as the contract says")
    if differences:
        err.print(f"microadjust: {len(differences)} differences from the contract", style="red", markup=False)
        raise typer.Exit(1)
