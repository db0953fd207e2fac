"""Packages the jobs and submits them with `flink run`, as a user would to a cluster of their own."""

import re
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

from infra.local import flink
from infra.local.home import PROJECT
from infra.local.jars import flink_jars
from infra.local.processes import StackError
from infra.local.stack import Stack
from infra.packaging.mypyc import extensions

JOBS = ("adjust", "heatmap")
PACKAGES = ("jobs", "udfs", "models", "schemas")
SHIPPED = (".py", ".yaml", ".json", ".onnx")
SUBMITTED = re.compile(r"submitted with JobID ([0-9a-f]{32})")


def package(target: Path) -> Path:
    """Writes the four packages as one archive, compiled modules beside their sources."""
    target.parent.mkdir(parents=True, exist_ok=True)
    found = [path for name in PACKAGES for path in (PROJECT / name).rglob("*")]
    sources = [path for path in found if path.suffix in SHIPPED and "__pycache__" not in path.parts]
    members = [(str(path.relative_to(PROJECT)), path) for path in sources]
    members += extensions(path for path in sources if path.suffix == ".py")
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, path in sorted(members):
            archive.writestr(zipfile.ZipInfo(name), path.read_bytes(), zipfile.ZIP_DEFLATED)
    return target


def compiled_modules(archive: Path) -> list[str]:
    """Names of the extension modules in an archive of `package`."""
    with zipfile.ZipFile(archive) as packed:
        return [name for name in packed.namelist() if name.endswith(".so")]


def submit(
    stack: Stack, job: str, options: Sequence[str] = (), savepoint: str | None = None, new_features: bool = False
) -> str:
    """Starts `jobs/<job>.py` on the stack's cluster and returns the job's id. Raises `StackError` with Flink's words.

    With `new_features` the job may leave state of the savepoint unclaimed: that of windows with other features.
    """
    start: tuple[str, ...] = ("--fromSavepoint", savepoint) if savepoint else ()
    if savepoint and new_features:
        start += ("--allowNonRestoredState",)
    return run(stack, f"the job {job}", ("-pym", f"jobs.{job}", *start), options)


def run(stack: Stack, what: str, program: Sequence[str], options: Sequence[str]) -> str:
    """`flink run` with our packages and jars; `program` says which module or script. Returns the job's id."""
    archive = package(stack.home.folder("package") / "microadjust.zip")
    jars = ",".join(str(jar) for jar in flink_jars())
    argv = [
        str(flink.DISTRIBUTION / "bin" / "flink"),
        "run",
        "--detached",
        *("--jobmanager", f"127.0.0.1:{stack.rest_port}"),
        *("-pyexec", sys.executable),
        *("-pyclientexec", sys.executable),
        *("-pyfs", str(archive)),
        *program,
        *("--bootstrap", stack.bootstrap),
        *("--jars", jars),
        *options,
    ]
    done = subprocess.run(argv, env=flink.environment(stack.home), capture_output=True, text=True, check=False)
    found = SUBMITTED.search(done.stdout)
    if found is None:
        raise StackError(f"Flink refused {what}:\n{_last_words(done.stdout + done.stderr)}")
    return found.group(1)


def _last_words(output: str) -> str:
    """What a reader needs of Flink's output: the job's own message, or the causes of a stack trace."""
    lines = [line for line in output.splitlines() if line.strip()]
    telling = [line for line in lines if not line.lstrip().startswith(("at ", "...", "WARNING"))]
    return "\n".join(telling[-15:])
