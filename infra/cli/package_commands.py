"""package, jars, bench: what is built from the sources, and what is measured on them."""

import subprocess
from pathlib import Path
from typing import Annotated

import typer

from infra.cli.output import Json, err, errors, show
from infra.local import jars
from infra.local.home import IS_CHECKOUT, PROJECT
from infra.local.processes import StackError
from infra.packaging.archive import compiled_modules, write_archive
from infra.packaging.mypyc import CompilationError


def package_jobs(
    target: Annotated[Path, typer.Argument(help="Archive to write.")] = Path("microadjust.zip"),
    require_compiled: Annotated[
        bool, typer.Option("--require-compiled", help="Fail if the modules cannot be compiled.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Write the archive of the jobs for `flink run -pyfs`: sources, and compiled modules for this Python and platform."""
    with errors():
        try:
            write_archive(target, require_compiled)
        except CompilationError as error:
            raise StackError(f"the modules could not be compiled: {error}") from None
        compiled = len(compiled_modules(target))
        show([{"archive": str(target), "bytes": target.stat().st_size, "compiled_modules": compiled}], as_json, "")


def fetch_jars(
    target: Annotated[Path, typer.Argument(help="Folder to write the jars to; the local stack reads the default.")] = (
        jars.JARS
    ),
    as_json: Json = False,
) -> None:
    """Fetch the pinned jars of Kafka and of Flink's Kafka connector, and build the event format. Needs Maven and a JDK."""
    with errors():
        with err.status("fetching jars with Maven"):
            jars.fetch(target)
        rows = [
            {"folder": str(target / name), "jars": len([*(target / name).glob("*.jar")])} for name in ("flink", "kafka")
        ]
        show(rows, as_json, "")


def bench(context: typer.Context) -> None:
    """Run the benchmarks (about an hour) and write infra/bench/results.json. Options go to infra/bench/run.py."""
    with errors():
        if not IS_CHECKOUT:
            raise StackError("the benchmarks run from a checkout: clone the repository, then `make bench`")
    script = PROJECT / "infra" / "bench" / "run.sh"
    raise typer.Exit(subprocess.run([str(script), *context.args], check=False).returncode)
