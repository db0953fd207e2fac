"""Reads Kafka topics and accounts for events."""
