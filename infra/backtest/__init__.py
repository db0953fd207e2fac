"""Back-test of rules: the job's own operators over recorded events, in this process, without Kafka and Flink."""
