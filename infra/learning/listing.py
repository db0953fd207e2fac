"""Lists models: those of a version store, those that stand on models.v1, and the forest that ships with the job."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Final

import msgspec
from msgspec import Struct

from infra.learning.models_topic import AnnouncedCard
from infra.rules.in_force import InForce, judge_acks
from models.learning.evaluation import Check, Comparison, Evaluation, Range
from models.model_store import BUNDLED, ModelError
from models.model_versions import EVALUATION, REPORT, ModelVersions, Promotion
from schemas.control_acks import ControlAck
from schemas.model_cards import SHADOW, MetricValue, ModelCard, model_id, shadow_key
from schemas.unreadable import UNREADABLE

MAX_VERSIONS: Final = 30
"""Versions of a model that are shown: the newest, and those in force."""

SHIPPED_ID: Final = model_id("isolation_forest")
Acks = Mapping[str, Mapping[int, ControlAck]]


class Live(Struct):
    """What is announced under a key, and what the job's subtasks say of it."""

    version: int
    from_ms: int
    state: str
    in_words: str
    refused: str | None
    acks: list[ControlAck]


class ModelEntry(Struct):
    """One model of the list. `origin` is `shipped` for the forest that a job begins with, until another is announced."""

    id: str
    kind: str
    segment: str | None
    origin: str
    live: Live | None
    shadow: Live | None
    """The version in shadow, which is asked beside the one in force."""
    promoted: int | None
    """The version in force by the store's own record."""
    versions: list[int]
    card: ModelCard | None
    """Of the live version, else of the newest."""
    problem: str | None = None


class VersionEntry(Struct):
    """One version of the store. `passed` is None where the gate was not asked; `problem` says why it cannot be used."""

    version: int
    card: ModelCard | None = None
    passed: bool | None = None
    loss: str | None = None
    checks: list[Check] = []
    comparisons: list[Comparison] = []
    ranges: list[Range] = []
    promotions: list[Promotion] = []
    has_report: bool = False
    problem: str | None = None


def list_models(store: ModelVersions | None, announced: Mapping[str, AnnouncedCard], acks: Acks) -> list[ModelEntry]:
    """Lists models by id. Raises `ModelError` for a store that cannot be read at all."""
    stored = [] if store is None else store.ids()
    names = sorted({*stored, *(key.removeprefix(SHADOW) for key in announced), SHIPPED_ID})
    return [_entry(name, store, announced, acks) for name in names]


def _entry(name: str, store: ModelVersions | None, announced: Mapping[str, AnnouncedCard], acks: Acks) -> ModelEntry:
    versions = [] if store is None or not _is_stored(name, store) else store.versions(name)
    live, shadow = (live_of(key, announced, acks) for key in (name, shadow_key(name)))
    known = announced.get(name) or announced.get(shadow_key(name))
    if known is None and not versions:
        shipped = shipped_forest()
        return ModelEntry(name, shipped.kind, None, "shipped", None, None, None, [], shipped)
    promoted: int | None = None
    card: ModelCard | None = None if known is None else known.card
    problem: str | None = None
    if store is not None and versions:
        try:
            promoted = store.promoted(name)
            card = card or store.card(name, promoted or versions[-1])
        except ModelError as error:
            problem = str(error)
    kind, _, segment = name.partition(".")
    return ModelEntry(name, kind, segment or None, "learnt", live, shadow, promoted, versions, card, problem)


def _is_stored(name: str, store: ModelVersions) -> bool:
    """Whether the name can be one of the store's; what stands on a topic may have any key."""
    try:
        return bool(store.versions(name))
    except ModelError:
        return False


def live_of(key: str, announced: Mapping[str, AnnouncedCard], acks: Acks) -> Live | None:
    """Judges what is announced under a key by the acknowledgements under it; None where nothing is."""
    record = announced.get(key)
    if record is None:
        return None
    version = record.card.version
    found: InForce = judge_acks(acks.get(key, {}).values(), version)
    return Live(version, record.from_ms, found.state, found.described(), found.refused, found.acks)


def describe_versions(store: ModelVersions, name: str, keep: Iterable[int | None] = ()) -> list[VersionEntry]:
    """Describes the newest versions, and those to `keep`, newest first. Raises `ModelError`."""
    versions = store.versions(name)
    chosen = {*versions[-MAX_VERSIONS:], *(each for each in keep if each in versions)}
    promotions = store.promotions(name)
    return [_version(store, name, each, promotions) for each in sorted(chosen, reverse=True)]


def _version(store: ModelVersions, name: str, version: int, promotions: list[Promotion]) -> VersionEntry:
    try:
        card, found = store.card(name, version), evaluation_of(store, name, version)
        has_report = store.read(name, version, REPORT) is not None
    except (ModelError, OSError) as error:
        return VersionEntry(version, problem=str(error))
    mine = [each for each in promotions if each.version == version]
    if found is None:
        return VersionEntry(version, card, promotions=mine, has_report=has_report)
    return VersionEntry(
        version, card, found.passed, found.loss, found.checks, found.comparisons, found.ranges, mine, has_report
    )


def check_rows(found: Evaluation) -> list[dict[str, str]]:
    """Returns the checks of the gate as rows of a table."""
    return [{"check": each.name, "passed": each.verdict, "finding": each.detail} for each in found.checks]


def evaluation_of(versions: ModelVersions, name: str, version: int) -> Evaluation | None:
    """Returns what the gate found; None where it was not asked. Raises `ModelError`."""
    text = versions.read(name, version, EVALUATION)
    try:
        return None if text is None else msgspec.json.decode(text, type=Evaluation)
    except UNREADABLE as error:
        raise ModelError(f"{versions.place(name, version, EVALUATION)} cannot be read: {error}") from None


@cache
def shipped_forest() -> ModelCard:
    """Returns the card of the forest that a job begins with."""
    return msgspec.json.decode((BUNDLED / "forest.json").read_bytes(), type=ModelCard)


def metric_text(value: MetricValue) -> str:
    """A metric with its interval.

    >>> metric_text(MetricValue(69.95, 65.8, 74.31)), metric_text(MetricValue(0.5))
    ('69.95 (65.8 to 74.31)', '0.5')
    """
    if value.low is None or value.high is None:
        return f"{value.value:.4g}"
    return f"{value.value:.4g} ({value.low:.4g} to {value.high:.4g})"
