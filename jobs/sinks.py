"""Kafka sinks: exactly-once by transactions, or at-least-once."""

from typing import Final

from pyflink.common.serialization import RowFieldExtractorSchema
from pyflink.datastream import DataStream
from pyflink.datastream.connectors.base import DeliveryGuarantee
from pyflink.datastream.connectors.kafka import KafkaRecordSerializationSchema, KafkaSink
from pyflink.java_gateway import get_gateway

from jobs.config import AdjustConfig, kafka_client_options

LINGER_MS: Final = 20
"""How long records wait for others to share a request, where nobody waits for them: a request of each would cost the producer and
the broker more than the record."""


def add_kafka_sink(
    stream: DataStream, topic: str, name: str, config: AdjustConfig, at_once: bool = False, linger_ms: int = LINGER_MS
) -> None:
    """Adds a sink that writes records (key, value) to `topic`. `name` is the sink's uid and part of its transactions' ids.

    `at_once`: at least once whatever the job's delivery guarantee, so that no record waits for a checkpoint.
    """
    exactly_once = config.delivery == "exactly-once" and not at_once
    builder = (
        KafkaSink.builder()
        .set_bootstrap_servers(config.bootstrap)
        .set_record_serializer(
            KafkaRecordSerializationSchema.builder()
            .set_topic(topic)
            .set_key_serialization_schema(RowFieldExtractorSchema(0))
            .set_value_serialization_schema(RowFieldExtractorSchema(1))
            .build()
        )
        .set_delivery_guarantee(DeliveryGuarantee.EXACTLY_ONCE if exactly_once else DeliveryGuarantee.AT_LEAST_ONCE)
        .set_property("linger.ms", str(linger_ms))
        .set_property("buffer.memory", "8388608")
        # A refused record of a megabyte is a third longer in base64.
        .set_property("max.request.size", "4194304")
        .set_property("acks", "all")
    )
    for key, value in kafka_client_options(config).items():
        builder.set_property(key, value)
    if exactly_once:
        builder.set_transactional_id_prefix(f"{config.group_id}-{name}")
        builder.set_property("transaction.timeout.ms", str(config.transaction_timeout_ms))
        # Reuses transaction ids; the default makes a new one per checkpoint, which the broker keeps for a week.
        naming = get_gateway().jvm.org.apache.flink.connector.kafka.sink.TransactionNamingStrategy.POOLING
        builder._j_builder.setTransactionNamingStrategy(naming)
    # Writer and committer stay chained: apart they are faster after a checkpoint, and a command was lost (decision 0008).
    stream.sink_to(builder.build()).name(name).uid(f"{name}-sink")
