"""Checks at submission that Kafka lets a job in, and keeps secrets out of errors."""

import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TypeVar

from jobs.config import AdjustConfig, HeatmapConfig, kafka_client_options
from jobs.java.kafka_access import READ, WRITE, KafkaAccessError, check_access
from jobs.java.private_keys import with_readable_key
from schemas.kafka_security.errors import KafkaSecurityError
from schemas.kafka_security.settings import redacted

Config = TypeVar("Config", AdjustConfig, HeatmapConfig)


def adjust_needs(config: AdjustConfig) -> list[tuple[str, str]]:
    """Returns the topics of the adjust job with what it does to each."""
    written = [config.adjustments_topic, config.rejected_topic, config.late_topic, config.tally_topic]
    if config.proposals == "on":
        written.append(config.proposals_topic)
    if config.session_state == "on":
        written.append(config.session_state_topic)
    if config.feature_log == "on":
        written.append(config.features_topic)
    # A transactional sink asks for open transactions of its topic when it starts: that is a READ in Kafka.
    operations = (WRITE, READ) if config.delivery == "exactly-once" else (WRITE,)
    needs = [(topic, operation) for topic in written for operation in operations]
    needs.append((config.control_acks_topic, WRITE))
    if config.alerts == "on":
        needs.append((config.alerts_topic, WRITE))
    described = [(config.content_topic, READ)] if config.content != "off" else []
    announced = [(config.models_topic, READ)] if config.models == "on" else []
    if config.segments == "on":
        announced.append((config.segments_topic, READ))
    return [(config.events_topic, READ), (config.rules_topic, READ), *described, *announced, *needs]


def heatmap_needs(config: HeatmapConfig) -> list[tuple[str, str]]:
    """Returns the topics of the heatmap job with what it does to each."""
    return [(config.events_topic, READ), (config.heatmap_topic, WRITE)]


def with_kafka_checked(job: str, config: Config, needs: Sequence[tuple[str, str]]) -> Config:
    """Returns the configuration in a form that Java's client takes.

    Exits where Kafka would not let the job run: submitted, it would restart for ever.
    """
    try:
        config = replace(config, kafka_security=with_readable_key(config.kafka_security))
        warning = check_access(kafka_client_options(config), config.kafka_security.principal, needs)
    except (KafkaAccessError, KafkaSecurityError) as error:
        sys.exit(f"{job}: {redacted(str(error), config.kafka_security.secrets())}")
    if warning is not None:
        print(f"{job}: {warning}; the job goes on all the same", file=sys.stderr)
    return config


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
