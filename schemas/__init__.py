"""The contracts: what stands on each topic, and the one place that decides whether an event is valid."""
