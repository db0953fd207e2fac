"""What a job can be told: flag before environment before file before default."""

import argparse
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields
from pathlib import Path
from typing import Any

PREFIX = "MICROADJUST_"


class ConfigError(ValueError):
    """An option that cannot be used; the message names option, value and what was expected."""


def option(default: Any, about: str, among: tuple[str, ...] = (), least: int | None = None) -> Any:
    return field(default=default, metadata={"about": about, "among": among, "least": least})


@dataclass(frozen=True, slots=True)
class AdjustConfig:
    bootstrap: str = option("127.0.0.1:19092", "Kafka's bootstrap servers")
    group_id: str = option("microadjust-adjust", "consumer group and prefix of transactions")
    events_topic: str = option("events.v1", "topic of reader events")
    adjustments_topic: str = option("adjustments.v1", "topic of commands")
    rejected_topic: str = option("rejected.v1", "topic of refused records")
    late_topic: str = option("late.v1", "topic of events that came too late")
    tally_topic: str = option("tally.v1", "topic of counts")
    session_state_topic: str = option("session-state.v1", "compacted topic of what is known of each session")
    rules_topic: str = option("rules.v1", "compacted topic of rules")
    startup: str = option("committed", "where to begin without a savepoint", among=("committed", "earliest", "latest"))
    rules_file: str = option("", "YAML file of rules; empty for the rules that ship with the job")
    model_store: str = option("", "folder of models; empty for the model that ships with the job")
    lateness_ms: int = option(2000, "an event received later than this after it occurred is late", least=0)
    slack_ms: int = option(500, "how far the clocks of several gateways may disagree", least=0)
    idle_timeout_ms: int = option(
        0,
        "a partition without records for so long no longer holds time back; 0 for never, since ticks come to each",
        least=0,
    )
    window_s: int = option(60, "length of a window; a multiple of the slide", least=1)
    slide_s: int = option(10, "a window begins so often; a divisor of a minute", least=1)
    peers_min: int = option(15, "minutes that make up the peers' baseline", least=1)
    deduplicate: str = option(
        "gestures",
        "whose repeats are dropped by event_id: of clicks, feedback and context, or of all events",
        among=("gestures", "all"),
    )
    refit_min: int = option(30, "minutes of event time between two refits of a forest; 0 for none", least=0)
    refit_lead_s: int = option(300, "seconds of event time from a refit to its first use", least=0)
    session_state: str = option(
        "on", "whether what is known of each session is written to its topic", among=("on", "off")
    )
    delivery: str = option("exactly-once", "guarantee of the sinks", among=("exactly-once", "at-least-once"))
    transaction_timeout_ms: int = option(
        600_000, "longer than a checkpoint and a restart take; at most the broker's limit", least=1000
    )
    checkpoint_ms: int = option(2000, "checkpoint interval; read_committed sees commands so late", least=10)
    execution_mode: str = option("thread", "where Python runs", among=("thread", "process"))
    fast_lane_slot: str = option(
        "shared",
        "whether clicks are answered in the slot of the windows or in one of their own",
        among=("shared", "own"),
    )
    parallelism: int = option(
        1, "subtasks of each operator; at most the partitions of events.v1, or the spare ones hold time back", least=1
    )
    max_parallelism: int = option(128, "key groups; cannot change without losing state", least=1)
    buffer_timeout_ms: int = option(5, "a record waits at most so long for company", least=0)
    jars: str = option("", "jars to ship, comma separated; empty where the cluster has them")
    bounded: str = option("no", "end when the topic has been read: for tests and benchmarks", among=("no", "yes"))

    def __post_init__(self) -> None:
        for each in fields(self):
            check_option(each, getattr(self, each.name))
        if self.window_s % self.slide_s:
            raise ConfigError(
                f"window_s={self.window_s} is not a multiple of slide_s={self.slide_s}: choose one that is"
            )
        if 60 % self.slide_s:
            raise ConfigError(f"slide_s={self.slide_s} does not divide a minute: choose 5, 10, 12, 15, 20, 30 or 60")

    @property
    def window_ms(self) -> int:
        return self.window_s * 1000

    @property
    def slide_ms(self) -> int:
        return self.slide_s * 1000

    @classmethod
    def load(cls, arguments: Sequence[str], environ: Mapping[str, str]) -> "AdjustConfig":
        """From flags (``--window-s 60``), environment (``MICROADJUST_WINDOW_S``) and the TOML file that
        ``--config`` or ``MICROADJUST_CONFIG`` names. Raises `ConfigError`."""
        return cls(**given_options(cls, "adjust", arguments, environ))


def given_options(cls: Any, job: str, arguments: Sequence[str], environ: Mapping[str, str]) -> dict[str, Any]:
    """What a job was told, by name of its configuration's field: flag before environment before file."""
    parser = argparse.ArgumentParser(job, description=f"The {job} job.", allow_abbrev=False)
    parser.add_argument("--config", help="TOML file of options")
    for each in fields(cls):
        parser.add_argument(
            "--" + each.name.replace("_", "-"),
            help=f"{each.metadata['about']} (default: {each.default or 'none'})",
        )
    flags = vars(parser.parse_args(arguments))
    path = flags.pop("config") or environ.get(PREFIX + "CONFIG")
    given = _file(path, {each.name for each in fields(cls)}) if path else {}
    for each in fields(cls):
        key = PREFIX + each.name.upper()
        if key in environ:
            given[each.name] = environ[key]
        if flags[each.name] is not None:
            given[each.name] = flags[each.name]
    return {each.name: _typed(each, given[each.name]) for each in fields(cls) if each.name in given}


def _file(path: str, known: set[str]) -> dict[str, Any]:
    try:
        given = tomllib.loads(Path(path).read_text())
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"the configuration file {path} cannot be read: {error}") from None
    unknown = sorted(given.keys() - known)
    if unknown:
        raise ConfigError(f"{path}: {unknown[0]} is no option; there are {', '.join(sorted(known))}")
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
    """Raises `ConfigError` where the value has another type, is not among those there are, or is too small."""
    among, least = each.metadata["among"], each.metadata["least"]
    if type(value) is not type(each.default):
        raise ConfigError(f"{each.name}={value!r}: expected {type(each.default).__name__}")
    if among and value not in among:
        raise ConfigError(f"{each.name}={value!r}: expected one of {', '.join(among)}")
    if least is not None and value < least:
        raise ConfigError(f"{each.name}={value}: expected at least {least}")
