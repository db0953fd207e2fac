"""What each component needs on a Kafka with ACLs: the source of the table in kafka-security.md and of the tests' ACLs."""

from dataclasses import dataclass
from typing import Final, Literal

from schemas.topics import (
    ADJUSTMENTS,
    ALERTS,
    CONTENT,
    CONTROL_ACKS,
    DRIFT,
    EVENTS,
    FEATURES,
    HEATMAP,
    LATE,
    MODELS,
    OUTCOMES,
    PROPOSALS,
    REJECTED,
    RULES,
    RULES_HISTORY,
    SEGMENTS,
    SESSION_STATE,
    TALLY,
    TOPICS,
    Topic,
)

Resource = Literal["topic", "group", "transactional id"]


@dataclass(frozen=True, slots=True)
class Grant:
    """Operations on one resource. `is_prefix`: on all whose names begin so. READ and WRITE include DESCRIBE, as in Kafka."""

    component: str
    resource: Resource
    name: str
    operations: tuple[str, ...]
    why: str
    is_prefix: bool = False


def _topics(component: str, operations: tuple[str, ...], why: str, *topics: Topic) -> tuple[Grant, ...]:
    return tuple(Grant(component, "topic", topic.name, operations, why) for topic in topics)


GRANTS: Final = (
    *_topics("adjust job", ("READ",), "source", EVENTS, RULES, CONTENT, MODELS, SEGMENTS),
    # Before it writes, a sink that starts again asks for the open transactions of its topics: that is a READ in Kafka.
    *_topics(
        "adjust job",
        ("READ", "WRITE"),
        "sink; READ to find transactions left open by an earlier attempt",
        ADJUSTMENTS,
        PROPOSALS,
        REJECTED,
        LATE,
        TALLY,
        SESSION_STATE,
        FEATURES,
    ),
    *_topics("adjust job", ("WRITE",), "sinks without transactions", CONTROL_ACKS, ALERTS),
    Grant(
        "adjust job",
        "group",
        "microadjust-adjust",
        ("READ",),
        "offsets; `--group-id`, and with `-rules`, `-content`, `-models` or `-segments`",
        True,
    ),
    Grant("adjust job", "transactional id", "microadjust-adjust", ("DESCRIBE", "WRITE"), "exactly-once sinks", True),
    *_topics("heatmap job", ("READ",), "source", EVENTS),
    *_topics("heatmap job", ("WRITE",), "sink", HEATMAP),
    Grant("heatmap job", "group", "microadjust-heatmap", ("READ",), "offsets"),
    *_topics(
        "gateway",
        ("WRITE",),
        "intake, outcomes, content, and erasure on session-state.v1",
        EVENTS,
        REJECTED,
        OUTCOMES,
        CONTENT,
        SESSION_STATE,
    ),
    *_topics("gateway", ("WRITE",), "the console's changes of rules", RULES, RULES_HISTORY),
    *_topics("gateway", ("READ",), "push, console and erasure", *TOPICS),
    Grant("gateway", "group", "microadjust-", ("DESCRIBE",), "lag on the console's health page", True),
    *_topics("projector", ("READ",), "what it projects", SESSION_STATE, ADJUSTMENTS),
    Grant("projector", "group", "microadjust-projector", ("READ",), "offsets"),
    *_topics("learn job", ("READ",), "what it learns from", FEATURES, OUTCOMES, CONTROL_ACKS),
    *_topics("learn job", ("READ",), "the models in force: since when, and trained on what", MODELS),
    *_topics("learn job", ("READ", "WRITE"), "segments; READ to go on where it stopped", SEGMENTS),
    Grant("learn job", "group", "microadjust-learn", ("READ",), "offsets"),
    *_topics("learn job", ("WRITE",), "alerts", ALERTS),
    *_topics(
        "learn job", ("READ", "WRITE"), "what each look at drift found; READ to know when readers drifted last", DRIFT
    ),
    *_topics("command line", ("WRITE",), "`replay`", EVENTS),
    *_topics("command line", ("READ", "WRITE"), "`rules`", RULES, RULES_HISTORY),
    *_topics("command line", ("READ", "WRITE"), "`content`; READ for `rules backtest --last` too", CONTENT),
    *_topics("command line", ("READ", "WRITE"), "`models`", MODELS),
    *_topics("command line", ("READ",), "`rules` and `models`: acknowledgements", CONTROL_ACKS),
    *_topics("command line", ("READ",), "`models train`", FEATURES),
    *_topics("command line", ("READ",), "`rules backtest --last`", EVENTS),
    *_topics("command line", ("READ",), "`actions calibrate`", OUTCOMES),
    *_topics(
        "command line",
        ("READ",),
        "all that shows something, `rules dry-run`, and the account of `replay`",
        ADJUSTMENTS,
        PROPOSALS,
        REJECTED,
        LATE,
        TALLY,
        SEGMENTS,
        ALERTS,
    ),
    *_topics("topics create, topics check", ("CREATE", "DESCRIBE", "DESCRIBE_CONFIGS"), "once, at setup", *TOPICS),
    *_topics("CMS", ("READ",), "commands; with a consumer group of its own: READ on that too", ADJUSTMENTS),
    *_topics("CMS", ("WRITE",), "outcomes, where it sends them itself", OUTCOMES),
    *_topics("CMS", ("WRITE",), "what its items are, where it sends them itself", CONTENT),
)
