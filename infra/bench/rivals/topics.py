"""Counts the records of a topic."""

from confluent_kafka import Consumer, TopicPartition


def records_in(bootstrap: str, topic: str) -> int:
    """Records in a topic that nothing has been deleted from."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "bench-count"})
    numbers = consumer.list_topics(topic).topics[topic].partitions
    total = sum(consumer.get_watermark_offsets(TopicPartition(topic, number))[1] for number in numbers)
    consumer.close()
    return total
