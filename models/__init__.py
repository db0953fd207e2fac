"""The arithmetic and the models, without Flink."""
