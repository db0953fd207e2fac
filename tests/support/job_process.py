"""The environment of a job that is started as a process of its own."""

import os
from collections.abc import Mapping

from infra.local.home import PROJECT


def job_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """This process's environment with `environ`, without what PyFlink leaves in it: a child would take it for its own JVM."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("PYFLINK_")}
    return {**inherited, "PYTHONPATH": str(PROJECT), **environ}
