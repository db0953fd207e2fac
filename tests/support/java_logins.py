"""Asks a broker with the Java client for each of several logins: `python -m tests.support.java_logins` reads and writes JSON.

A process of its own, since the Java client reads which OAuth servers it may ask when its JVM starts.
"""

import json
import sys
from typing import Any

from pyflink.util.java_utils import add_jars_to_context_class_loader

from infra.local.jars import flink_jars
from jobs.config import AdjustConfig, kafka_client_options
from jobs.java.kafka_access import KafkaAccessError, check_access
from jobs.kafka_start import adjust_needs


def outcome(environ: dict[str, Any]) -> str:
    """Returns the problem or warning; empty if there is none."""
    config = AdjustConfig.load([], environ)
    try:
        options = kafka_client_options(config)
        return check_access(options, config.kafka_security.principal, adjust_needs(config)) or ""
    except KafkaAccessError as error:
        return str(error)


def main() -> None:
    add_jars_to_context_class_loader([f"file://{path}" for path in flink_jars()])
    json.dump({name: outcome(environ) for name, environ in json.load(sys.stdin).items()}, sys.stdout)


if __name__ == "__main__":
    main()
