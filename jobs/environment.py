"""The Flink environment of a job: execution mode, checkpoints, jars."""

from pyflink.common import Configuration
from pyflink.datastream import StreamExecutionEnvironment
from pyflink.table import StreamTableEnvironment

from jobs.config import AdjustConfig


def create_environment(config: AdjustConfig) -> tuple[StreamExecutionEnvironment, StreamTableEnvironment]:
    env = create_stream_environment(config)
    return env, StreamTableEnvironment.create(env)


def create_stream_environment(config: AdjustConfig) -> StreamExecutionEnvironment:
    """Returns the environment without tables: loading the planner for them takes half of a start."""
    settings = Configuration()
    for key, value in {
        "python.execution-mode": config.execution_mode,
        # In process mode a click would otherwise wait a second for a full bundle.
        "python.fn-execution.bundle.time": "10",
        "python.fn-execution.bundle.size": "1000",
        "python.state.cache-size": "50000",
        "pipeline.object-reuse": "true",
        "pipeline.auto-watermark-interval": "50 ms",
        "pipeline.max-parallelism": str(config.max_parallelism),
        "parallelism.default": str(config.parallelism),
        "execution.buffer-timeout.interval": f"{config.buffer_timeout_ms} ms",
        "execution.checkpointing.interval": f"{config.checkpoint_ms} ms",
        "execution.checkpointing.mode": "EXACTLY_ONCE",
        "execution.checkpointing.timeout": "10 min",
        "execution.checkpointing.snapshot-compression": "true",
        "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
        "table.local-time-zone": "UTC",
        "table.exec.uid.generation": "ALWAYS",
    }.items():
        settings.set_string(key, value)
    env = StreamExecutionEnvironment.get_execution_environment(settings)
    if config.jars:
        env.add_jars(*(f"file://{path}" for path in config.jars.split(",")))
    return env
