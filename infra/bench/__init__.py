"""Benchmarks: how fast the job is, beside what else one would use."""
