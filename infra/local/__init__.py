"""Kafka, Flink and Redis on one machine, as real processes."""
