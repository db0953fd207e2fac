"""Flink operators: thin, one per file. They restore, ask a model, persist and emit."""
