"""Judges whether a reader's habits have changed: evidence in nats from slices of ten seconds."""
