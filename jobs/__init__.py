"""The Flink jobs: configuration and wiring."""
