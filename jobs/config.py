"""Configuration of the jobs: command-line flag before environment variable before file before default."""

import argparse
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields
from pathlib import Path
from typing import Any

from schemas.events import COUNTED_TYPES
from schemas.kafka_security.errors import KafkaSecurityError
from schemas.kafka_security.java_names import SHADED, java_properties
from schemas.kafka_security.reading import security_from_env
from schemas.kafka_security.settings import OPEN, KafkaSecurity

PREFIX = "MICROADJUST_"


class ConfigError(ValueError):
    """Raised for an option that cannot be used; the message names option, value and what was expected."""


def option(default: Any, about: str, choices: tuple[str, ...] = (), minimum: int | None = None) -> Any:
    """Declares an option. `about` is its help text."""
    return field(default=default, metadata={"about": about, "choices": choices, "minimum": minimum})


def options_of(cls: Any) -> list["Field[Any]"]:
    """Returns the fields that are options: how to log in to Kafka is none, so that no list of options shows a secret."""
    return [each for each in fields(cls) if "about" in each.metadata]


def kafka_client_options(config: "AdjustConfig | HeatmapConfig") -> dict[str, str]:
    """Returns what every Kafka client of a job is given: servers, encryption and login, by the Java client's names."""
    return {"bootstrap.servers": config.bootstrap, **java_properties(config.kafka_security, SHADED)}


@dataclass(frozen=True, slots=True)
class AdjustConfig:
    """Options of the adjust job."""

    bootstrap: str = option("127.0.0.1:19092", "bootstrap servers of Kafka")
    group_id: str = option("microadjust-adjust", "consumer group, and prefix of the transactional ids")
    events_topic: str = option("events.v1", "topic of reader events")
    adjustments_topic: str = option("adjustments.v1", "topic of commands")
    proposals_topic: str = option("proposals.v1", "topic of proposals: what was done, what not, and why")
    rejected_topic: str = option("rejected.v1", "topic of rejected records")
    late_topic: str = option("late.v1", "topic of events that came too late")
    tally_topic: str = option("tally.v1", "topic of event counts per window")
    session_state_topic: str = option("session-state.v1", "compacted topic of the state of each session")
    rules_topic: str = option("rules.v1", "compacted topic of rules")
    control_acks_topic: str = option("control-acks.v1", "compacted topic of acknowledgements of rules and models")
    content_topic: str = option("content.v1", "compacted topic of content items")
    models_topic: str = option("models.v1", "compacted topic of models")
    segments_topic: str = option("segments.v1", "compacted topic of segments")
    alerts_topic: str = option("alerts.v1", "topic of alerts")
    features_topic: str = option("features.v1", "topic of the feature log, from which models learn")
    startup: str = option(
        "committed", "where to start reading without a savepoint", choices=("committed", "earliest", "latest")
    )
    rules_file: str = option("", "YAML file of rules; empty for the rules that ship with the job")
    model_store: str = option("", "folder of the forest to begin with; empty for the one that ships with the job")
    lateness_ms: int = option(
        2000, "an event is late if it is received more than this long after it occurred", minimum=0
    )
    slack_ms: int = option(
        500,
        "largest expected difference between the clocks of several gateways, and how far one may be ahead of the broker's",
        minimum=0,
    )
    idle_timeout_ms: int = option(
        0,
        "time without records after which a partition no longer holds back the watermark (Flink's"
        " scan.watermark.idle-timeout); 0 for never, since every partition receives ticks",
        minimum=0,
    )
    window_s: int = option(60, "length of a window; 60 is all there is", minimum=1)
    slide_s: int = option(10, "time between the starts of two windows; 10 is all there is", minimum=1)
    deduplicate: str = option(
        "gestures",
        "which events are deduplicated by event_id: gestures (clicks, feedback and context) or all",
        choices=("gestures", "all"),
    )
    refit_min: int = option(30, "minutes of event time between two refits of a forest; 0 turns refits off", minimum=0)
    refit_lead_s: int = option(300, "seconds of event time between a refit and the first use of its forest", minimum=0)
    session_state: str = option(
        "on", "whether the state of each session is written to its topic", choices=("on", "off")
    )
    content: str = option(
        "known",
        "which changes need a variant that content.v1 names: known (of items that it describes), required (of all), or off,"
        " where the topic is not read",
        choices=("known", "required", "off"),
    )
    proposals: str = option("on", "whether what became of each proposal is written to its topic", choices=("on", "off"))
    models: str = option("on", "whether models are taken up from their topic while the job runs", choices=("on", "off"))
    segments: str = option("on", "whether readers are placed in the segments of their topic", choices=("on", "off"))
    alerts: str = option(
        "on",
        "whether minutes in which the whole site is out of the ordinary are written to the topic of alerts",
        choices=("on", "off"),
    )
    feature_log: str = option(
        "off",
        "whether what models read at each window is written to the topic of the feature log",
        choices=("on", "off"),
    )
    changes_per_minute: int = option(
        4,
        "most changes of a reader's page within a minute of event time, half of them for single events and half for windows;"
        " changes for access (save-data, slow network), reverts and renewals are not counted",
        minimum=2,
    )
    changes_per_session: int = option(60, "most changes within a session, likewise", minimum=2)
    delivery: str = option("exactly-once", "delivery guarantee of the sinks", choices=("exactly-once", "at-least-once"))
    transaction_timeout_ms: int = option(
        600_000,
        "timeout of Kafka transactions: longer than a checkpoint and a restart take, at most the broker's limit",
        minimum=1000,
    )
    checkpoint_ms: int = option(
        2000, "checkpoint interval; consumers that read committed records see commands this much later", minimum=10
    )
    execution_mode: str = option(
        "thread", "whether Python runs in a thread of the TaskManager or in a process", choices=("thread", "process")
    )
    pyflink_patches: str = option(
        "on",
        "whether PyFlink's thread mode is patched for speed; applies to PyFlink 2.3.0 only and to all jobs of a TaskManager",
        choices=("on", "off"),
    )
    fast_lane_slot: str = option(
        "shared",
        "whether the fast lane (clicks and other single events) shares the slot of the windows or has its own",
        choices=("shared", "own"),
    )
    counted_types: str = option(
        ",".join(COUNTED_TYPES),
        "types of events beside clicks, feedback and context that reach the fast lane, where rules count them or have them in a"
        " sequence; those of a type that is left out never hold, and without custom nobody is known to type",
    )
    parallelism: int = option(
        1,
        "subtasks of each operator; at most the number of partitions of events.v1, since a source without a partition"
        " holds back the watermark",
        minimum=1,
    )
    max_parallelism: int = option(128, "number of key groups; changing it discards the state", minimum=1)
    buffer_timeout_ms: int = option(
        5, "longest time a record may wait in an output buffer (Flink's execution.buffer-timeout)", minimum=0
    )
    jars: str = option("", "comma-separated jars to ship; empty where the cluster has them")
    bounded: str = option(
        "no", "whether the job ends at the end of the topic, for tests and benchmarks", choices=("no", "yes")
    )
    kafka_security: KafkaSecurity = OPEN

    def __post_init__(self) -> None:
        for each in options_of(self):
            check_option(each, getattr(self, each.name))
        for each_type in filter(None, self.counted_types.split(",")):
            if each_type not in COUNTED_TYPES:
                raise ConfigError(f"counted_types={self.counted_types!r}: expected some of {','.join(COUNTED_TYPES)}")
        if (self.window_s, self.slide_s) != (60, 10):
            raise ConfigError(
                f"window_s={self.window_s}, slide_s={self.slide_s}: habits are learned from slices of 10 s and minutes of 60 s;"
                " leave window_s at 60 and slide_s at 10"
            )

    @property
    def wait_ms(self) -> int:
        """How much later than another a session's event may come that happened before it: what the watermark waits for."""
        return self.lateness_ms + self.slack_ms

    @property
    def window_ms(self) -> int:
        return self.window_s * 1000

    @property
    def slide_ms(self) -> int:
        return self.slide_s * 1000

    @classmethod
    def load(cls, arguments: Sequence[str], environ: Mapping[str, str]) -> "AdjustConfig":
        """Reads flags (``--window-s 60``), environment (``MICROADJUST_WINDOW_S``) and the TOML file that
        ``--config`` or ``MICROADJUST_CONFIG`` names. Raises `ConfigError`."""
        return cls(**resolve_options(cls, "adjust", arguments, environ))


@dataclass(frozen=True, slots=True)
class HeatmapConfig:
    """Options of the heatmap job."""

    bootstrap: str = option("127.0.0.1:19092", "bootstrap servers of Kafka")
    group_id: str = option("microadjust-heatmap", "consumer group")
    events_topic: str = option("events.v1", "topic of reader events")
    heatmap_topic: str = option("heatmap.v1", "topic of heatmap cells")
    startup: str = option(
        "committed", "where to start reading without a savepoint", choices=("committed", "earliest", "latest")
    )
    period_min: int = option(60, "minutes of event time that one count covers", minimum=1)
    write_ms: int = option(1000, "shortest time between two records of a cell that changes", minimum=100)
    checkpoint_ms: int = option(10_000, "checkpoint interval", minimum=10)
    parallelism: int = option(1, "subtasks of each operator", minimum=1)
    jars: str = option("", "comma-separated jars to ship; empty where the cluster has them")
    bounded: str = option("no", "whether the job ends at the end of the topic, for tests", choices=("no", "yes"))
    kafka_security: KafkaSecurity = OPEN

    def __post_init__(self) -> None:
        for each in options_of(self):
            check_option(each, getattr(self, each.name))

    @classmethod
    def load(cls, arguments: Sequence[str], environ: Mapping[str, str]) -> "HeatmapConfig":
        """Reads options as `AdjustConfig.load` does. Raises `ConfigError`."""
        return cls(**resolve_options(cls, "heatmap", arguments, environ))


def resolve_options(cls: Any, job: str, arguments: Sequence[str], environ: Mapping[str, str]) -> dict[str, Any]:
    """Returns the options that were given, by field name: flag before environment before file. How to log in to Kafka comes
    from the environment alone: flags are seen by everyone on the machine."""
    parser = argparse.ArgumentParser(job, description=f"The {job} job.", allow_abbrev=False)
    parser.add_argument("--config", help="TOML file of options")
    for each in options_of(cls):
        parser.add_argument(
            "--" + each.name.replace("_", "-"),
            help=f"{each.metadata['about']} (default: {each.default or 'none'})",
        )
    flags = vars(parser.parse_args(arguments))
    path = flags.pop("config") or environ.get(PREFIX + "CONFIG")
    options = options_of(cls)
    given = _file(path, {each.name for each in options}) if path else {}
    for each in options:
        key = PREFIX + each.name.upper()
        if key in environ:
            given[each.name] = environ[key]
        if flags[each.name] is not None:
            given[each.name] = flags[each.name]
    try:
        security = security_from_env(environ)
    except KafkaSecurityError as error:
        raise ConfigError(str(error)) from None
    found = {each.name: _typed(each, given[each.name]) for each in options if each.name in given}
    return found | {"kafka_security": security}


def _file(path: str, known: set[str]) -> dict[str, Any]:
    try:
        given = tomllib.loads(Path(path).read_text())
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"the configuration file {path} cannot be read: {error}") from None
    unknown = sorted(given.keys() - known)
    if unknown:
        raise ConfigError(f"{path}: {unknown[0]} is not an option; the options are {', '.join(sorted(known))}")
    return given


def _typed(each: "Field[Any]", value: Any) -> Any:
    assert each.default is not MISSING
    if isinstance(each.default, int) and not isinstance(value, int):
        try:
            return int(value)
        except ValueError:
            raise ConfigError(f"{each.name}={value!r} is not a whole number") from None
    return value


def check_option(each: "Field[Any]", value: Any) -> None:
    """Raises `ConfigError` where the value has another type, is not one of the choices, or is below the minimum."""
    choices, minimum = each.metadata["choices"], each.metadata["minimum"]
    if type(value) is not type(each.default):
        raise ConfigError(f"{each.name}={value!r}: expected {type(each.default).__name__}")
    if choices and value not in choices:
        raise ConfigError(f"{each.name}={value!r}: expected one of {', '.join(choices)}")
    if minimum is not None and value < minimum:
        raise ConfigError(f"{each.name}={value}: expected at least {minimum}")
