"""Every topic of the system: what stands on it, how it is keyed, kept and partitioned."""

from dataclasses import dataclass
from typing import Final

from msgspec import Struct

from schemas.alerts import Alert
from schemas.audit import LateEvent, WindowTally
from schemas.commands import AdjustmentCommand
from schemas.content import Content
from schemas.control_acks import ControlAck
from schemas.drift import DriftLook
from schemas.events import Event
from schemas.features import FeatureRow
from schemas.heatmap import HeatCell
from schemas.model_cards import ModelRecord
from schemas.outcomes import Outcome
from schemas.proposals import Proposal
from schemas.rejects import RejectedRecord
from schemas.rule_history import RuleChange
from schemas.rules import Rule
from schemas.segments import Segment
from schemas.session_state import SessionState

_DAY_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True)
class Topic:
    """`retention_ms` is None for a compacted topic: there the newest record of a key stays, and null deletes it.
    `max_message_bytes` is None where Kafka's own bound (1 MiB) will do. `compacted_retention_ms`: a compacted topic whose keys
    never come back deletes records that are older."""

    name: str
    record: type[Struct]
    key: str
    about: str
    partitions: int
    retention_ms: int | None
    writers: tuple[str, ...]
    readers: tuple[str, ...]
    max_message_bytes: int | None = None
    compacted_retention_ms: int | None = None
    stamped_by_broker: bool = False
    """Whether a record's time is when the broker wrote it down, and not what its producer's clock says."""

    @property
    def config(self) -> dict[str, str]:
        if self.retention_ms is None:
            config = {"cleanup.policy": "compact", "min.cleanable.dirty.ratio": "0.1"}
            if self.compacted_retention_ms is not None:
                config |= {
                    "cleanup.policy": "compact,delete",
                    "retention.ms": str(self.compacted_retention_ms),
                    # Only closed segments are cleaned, and Kafka closes one a week where little is written.
                    "segment.ms": str(self.compacted_retention_ms // 24),
                    # Flink stamps event time: a recording of last year would be gone within minutes.
                    "message.timestamp.type": "LogAppendTime",
                }
        else:
            config = {"cleanup.policy": "delete", "retention.ms": str(self.retention_ms)}
        if self.stamped_by_broker:
            config["message.timestamp.type"] = "LogAppendTime"
        if self.max_message_bytes is not None:
            config["max.message.bytes"] = str(self.max_message_bytes)
        return config


_GATEWAY, _REPLAY, _CMS, _CLI = "gateway", "replay", "CMS", "command line"
_ADJUST, _EXPERIMENTS, _PROJECTOR = "adjust job", "experiments job", "projector"
_HEATMAP = "heatmap job"
_LEARN = "learn job"

EVENTS: Final = Topic(
    "events.v1",
    Event,
    "session_id",
    "What readers did.",
    4,
    7 * _DAY_MS,
    (_GATEWAY, _REPLAY),
    (_ADJUST, _HEATMAP),
    # The job holds the clocks of gateways to it.
    stamped_by_broker=True,
)
ADJUSTMENTS: Final = Topic(
    "adjustments.v1",
    AdjustmentCommand,
    "target id",
    "What a CMS should change.",
    4,
    7 * _DAY_MS,
    (_ADJUST,),
    (_CMS, _GATEWAY),
)
REJECTED: Final = Topic(
    "rejected.v1",
    RejectedRecord,
    "reason",
    "Records that are no valid events.",
    1,
    30 * _DAY_MS,
    (_ADJUST, _GATEWAY),
    (_CLI,),
    # A rejected record of 2 MB is a third longer in base64.
    max_message_bytes=3 * 1024 * 1024,
)
LATE: Final = Topic(
    "late.v1", LateEvent, "session_id", "Events that came too late to be used.", 1, 7 * _DAY_MS, (_ADJUST,), (_CLI,)
)
TALLY: Final = Topic(
    "tally.v1", WindowTally, "window end", "How many events were used.", 1, 30 * _DAY_MS, (_ADJUST,), (_CLI,)
)
OUTCOMES: Final = Topic(
    "outcomes.v1",
    Outcome,
    "session_id",
    "What became of commands, and what readers did then.",
    4,
    30 * _DAY_MS,
    (_CMS, _GATEWAY),
    (_EXPERIMENTS, _LEARN),
)
RULES: Final = Topic(
    "rules.v1", Rule, "rule id", "Rules in force.", 1, None, (_CLI, _GATEWAY), (_ADJUST, _CLI, _GATEWAY)
)
RULES_HISTORY: Final = Topic(
    "rules-history.v1",
    RuleChange,
    "rule id",
    "Who changed which rule, when, and to what.",
    1,
    365 * _DAY_MS,
    (_CLI, _GATEWAY),
    (_CLI, _GATEWAY),
)
MODELS: Final = Topic(
    "models.v1", ModelRecord, "model id", "Models in force.", 1, None, (_CLI, _LEARN), (_ADJUST, _CLI, _GATEWAY, _LEARN)
)
FEATURES: Final = Topic(
    "features.v1",
    FeatureRow,
    "session_id",
    "What the job knew at each window of a session: models learn from it.",
    4,
    30 * _DAY_MS,
    (_ADJUST,),
    (_LEARN, _CLI),
)
SEGMENTS: Final = Topic(
    "segments.v1",
    Segment,
    "segment id",
    "Groups of readers that behave alike.",
    1,
    None,
    (_LEARN,),
    (_ADJUST, _CLI, _GATEWAY, _LEARN),
)
ALERTS: Final = Topic(
    "alerts.v1",
    Alert,
    "subject",
    "What a person should look at: drift, refused models, retraining, a site out of the ordinary.",
    1,
    30 * _DAY_MS,
    (_ADJUST, _LEARN, _CLI),
    (_CLI, _GATEWAY),
)
DRIFT: Final = Topic(
    "drift.v1",
    DriftLook,
    "watch",
    "How far features and scores were from their reference range, look after look.",
    1,
    30 * _DAY_MS,
    (_LEARN,),
    (_GATEWAY, _LEARN),
)
SESSION_STATE: Final = Topic(
    "session-state.v1",
    SessionState,
    "session_id",
    "What the system knows about each session.",
    4,
    None,
    # The gateway only ever deletes here: the erasure of a person's data.
    (_ADJUST, _GATEWAY),
    (_PROJECTOR,),
    compacted_retention_ms=2 * _DAY_MS,
)
HEATMAP: Final = Topic(
    "heatmap.v1",
    HeatCell,
    "cell and period",
    "Where on a page readers clicked, moved and how far they scrolled.",
    1,
    None,
    (_HEATMAP,),
    (_GATEWAY,),
    compacted_retention_ms=30 * _DAY_MS,
)

PROPOSALS: Final = Topic(
    "proposals.v1",
    Proposal,
    "target id",
    "What was proposed, and why it was done or not.",
    4,
    3 * _DAY_MS,
    (_ADJUST,),
    (_CLI, _GATEWAY),
)
CONTROL_ACKS: Final = Topic(
    "control-acks.v1",
    ControlAck,
    "kind:id:subtask",
    "Which rule or model version is in force in which subtask.",
    1,
    None,
    (_ADJUST,),
    (_CLI, _GATEWAY, _LEARN),
)
CONTENT: Final = Topic(
    "content.v1",
    Content,
    "content id",
    "What a CMS says of its items.",
    4,
    None,
    (_CMS, _GATEWAY, _CLI),
    (_ADJUST, _GATEWAY),
)

TOPICS: Final = (
    EVENTS,
    ADJUSTMENTS,
    PROPOSALS,
    REJECTED,
    LATE,
    TALLY,
    OUTCOMES,
    RULES,
    RULES_HISTORY,
    MODELS,
    FEATURES,
    SEGMENTS,
    ALERTS,
    DRIFT,
    CONTENT,
    CONTROL_ACKS,
    SESSION_STATE,
    HEATMAP,
)
