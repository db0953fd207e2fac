"""The learner's step from rows of features.v1 to segments, alerts and retrainings, without Kafka and without Flink."""
