"""Packs the jobs for `flink run`, and compiles the modules that look at every row."""
