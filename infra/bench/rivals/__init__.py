"""Contenders of the throughput benchmark: the same windows, written with other tools."""
