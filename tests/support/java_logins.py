"""Asks a broker with the Java client for each of several logins: `python -m tests.support.java_logins` reads and writes JSON.

A process of its own, since the Java client reads which OAuth servers it may ask when its JVM starts.
"""

import json
import sys
from typing import Any

from pyflink.util.java_utils import add_jars_to_context_class_loader

from infra.local.jars import flink_jars, oauth_jars
from jobs.config import AdjustConfig
from jobs.kafka_start import adjust_needs, with_kafka_checked


def outcome(environ: dict[str, Any]) -> str:
    """Returns why a job would be refused; empty if it would not."""
    config = AdjustConfig.load([], environ)
    try:
        with_kafka_checked("adjust", config, adjust_needs(config))
    except SystemExit as refused:
        return str(refused.code)
    return ""


def main() -> None:
    add_jars_to_context_class_loader([f"file://{path}" for path in (*flink_jars(), *oauth_jars())])
    json.dump({name: outcome(environ) for name, environ in json.load(sys.stdin).items()}, sys.stdout)


if __name__ == "__main__":
    main()
