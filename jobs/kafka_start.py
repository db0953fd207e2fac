"""Checks at submission that Kafka lets a job in, and keeps secrets out of errors."""

import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from jobs.config import AdjustConfig, HeatmapConfig, kafka_client_options
from jobs.java.kafka_access import READ, WRITE, KafkaAccessError, check_access
from schemas.kafka_security.settings import redacted


def adjust_needs(config: AdjustConfig) -> list[tuple[str, str]]:
    """Returns the topics of the adjust job with what it does to each."""
    written = [config.adjustments_topic, config.rejected_topic, config.late_topic, config.tally_topic]
    if config.session_state == "on":
        written.append(config.session_state_topic)
    return [(config.events_topic, READ), (config.rules_topic, READ), *((topic, WRITE) for topic in written)]


def heatmap_needs(config: HeatmapConfig) -> list[tuple[str, str]]:
    """Returns the topics of the heatmap job with what it does to each."""
    return [(config.events_topic, READ), (config.heatmap_topic, WRITE)]


def check_kafka(job: str, config: AdjustConfig | HeatmapConfig, needs: Sequence[tuple[str, str]]) -> None:
    """Exits where Kafka would not let the job run: submitted, the job would restart for ever."""
    try:
        warning = check_access(kafka_client_options(config), config.kafka_security.principal, needs)
    except KafkaAccessError as error:
        sys.exit(f"{job}: {redacted(str(error), config.kafka_security.secrets())}")
    if warning is not None:
        print(f"{job}: {warning}; submitted all the same", file=sys.stderr)


@contextmanager
def hidden_secrets(config: AdjustConfig | HeatmapConfig) -> Iterator[None]:
    """Takes secrets out of the errors of Flink, which lists the options of a table that it cannot make."""
    try:
        yield
    except Exception:
        secrets = config.kafka_security.secrets()
        if not secrets:
            raise
        sys.exit(redacted(traceback.format_exc(), secrets))
