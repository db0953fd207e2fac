"""Submits the jobs to the local stack with `flink run`, as a user would to a cluster of their own."""

import os
import re
import subprocess
import sys
from collections.abc import Iterable, Sequence
from itertools import zip_longest
from typing import Final

from infra.local import flink
from infra.local.jars import flink_jars, oauth_jars
from infra.local.processes import StackError
from infra.local.stack import Stack
from infra.packaging.archive import write_archive
from schemas.kafka_security.reading import PREFIX, security_from_env
from schemas.kafka_security.settings import OAUTH
from schemas.topics import Topic

JOBS: Final = ("adjust", "heatmap")
_SUBMITTED: Final = re.compile(r"submitted with JobID ([0-9a-f]{32})")


def submit(
    stack: Stack, job: str, options: Sequence[str] = (), savepoint: str | None = None, new_features: bool = False
) -> str:
    """Starts `jobs/<job>.py` on the stack's cluster and returns the job's id. Raises `StackError` with Flink's message.

    With `new_features` the job may leave state of the savepoint unclaimed: that of windows with other features.
    """
    start: tuple[str, ...] = ("--fromSavepoint", savepoint) if savepoint else ()
    if savepoint and new_features:
        start += ("--allowNonRestoredState",)
    return run(stack, f"the job {job}", ("-pym", f"jobs.{job}", *start), options)


def run(stack: Stack, what: str, program: Sequence[str], options: Sequence[str]) -> str:
    """Runs `flink run` with our packages and jars. `program`: the flags that name module or script. Returns the job's id."""
    archive = write_archive(stack.home.folder("package") / "microadjust.zip")
    uses_oauth = bool(bootstrap_among(options)) and security_from_env(os.environ).sasl_mechanism == OAUTH
    jars = ",".join(str(jar) for jar in (*flink_jars(), *(oauth_jars() if uses_oauth else ())))
    argv = [
        str(flink.distribution() / "bin" / "flink"),
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
    environ = flink.environment(stack.home)
    if not bootstrap_among(options):
        # The stack's own broker is open, whatever the settings say for another.
        environ = {key: value for key, value in environ.items() if not key.startswith(PREFIX)}
    done = subprocess.run(argv, env=environ, capture_output=True, text=True, check=False)
    found = _SUBMITTED.search(done.stdout)
    if found is None:
        raise StackError(f"Flink refused {what}:\n{_cause(done.stdout + done.stderr)}")
    return found.group(1)


def topic_options(topics: Iterable[Topic], prefix: str = "") -> list[str]:
    """Returns the options that name a job's topics, with `prefix` before the name of each.

    >>> from schemas.topics import EVENTS
    >>> topic_options([EVENTS], "test-")
    ['--events-topic', 'test-events.v1']
    """
    return [part for topic in topics for part in (f"--{topic.name.rpartition('.')[0]}-topic", f"{prefix}{topic.name}")]


def bootstrap_among(options: Sequence[str]) -> str:
    """Returns the value of a job's own --bootstrap, the last one if there are several; empty if there is none.

    >>> bootstrap_among([]), bootstrap_among(["--window-s", "60"]), bootstrap_among(["--bootstrap", "a:1", "--bootstrap=b:2"])
    ('', '', 'b:2')
    """
    found = ""
    for option, following in zip_longest(options, options[1:], fillvalue=""):
        name, _, value = option.partition("=")
        if name == "--bootstrap":
            found = value or following
    return found


def _cause(output: str) -> str:
    """Cuts Flink's output down to the job's own message, or the causes of a stack trace."""
    lines = [line for line in output.splitlines() if line.strip()]
    causes = [line for line in lines if not line.lstrip().startswith(("at ", "...", "WARNING"))]
    return "\n".join(causes[-15:])
