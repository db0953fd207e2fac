"""Changes which stored version of a model is in force: on models.v1, where it is announced, and in the store."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Literal, NamedTuple

import msgspec

from infra.cli.bootstrap import resolve_kafka
from infra.cli.model_announcements import end_shadow, report, send, to_record
from infra.cli.model_options import require_known
from infra.cli.output import note
from infra.cli.rule_changes import author
from infra.kafka.compacted import newest_values
from infra.kafka.connection import Kafka
from infra.kafka.reading import StreamError
from infra.learning.models_topic import AnnouncedCard, write
from infra.rules.in_force import InForce
from models.model_store import ModelError
from models.model_versions import ModelVersions, Promotion
from schemas.topics import MODELS
from schemas.unreadable import UNREADABLE


class Change(NamedTuple):
    """What the commands that change the version in force have in common: the model, and how it is done and told."""

    versions: ModelVersions
    name: str
    announce: bool
    """Whether models.v1 changes as well, or the store only."""
    wait: bool
    timeout_s: float
    bootstrap: str
    as_json: bool


def leaves(change: Change, kind: str, if_in_force: int | None) -> bool:
    """Whether another version than `if_in_force` is in force, so that nothing is to change; says so. Raises `ModelError` for a
    name that the store does not know."""
    if if_in_force is None:
        return False
    require_known(change.versions, change.name)
    in_force = change.versions.promoted(change.name)
    if in_force == if_in_force:
        return False
    row = {"model": change.name, "version": in_force, "before": in_force, "change": kind, "state": "unchanged"}
    report(row, "", None, change.timeout_s, change.as_json)
    return True


def withdraw(change: Change) -> None:
    """Deletes the record of the model, so that no version of it is in force. Raises `ModelError`, `StreamError`."""
    versions, name, in_force = change.versions, change.name, change.versions.promoted(change.name)
    taken = None if in_force is None else Promotion(in_force, "withdraw", time.time_ns() // 1_000_000, author().by)
    found = None
    if change.announce:
        kafka = resolve_kafka(change.bootstrap)
        standing = newest_values(kafka, MODELS.name).get(name.encode())
        if standing is None:
            require_known(versions, name)
        if taken is not None:
            versions.require_writable(name)
        with _putting_back(kafka, name, standing):
            found = send(kafka, name, None, None, change.wait, change.timeout_s)
            if taken is not None:
                versions.record(name, taken)
    else:
        require_known(versions, name)
        if taken is not None:
            versions.record(name, taken)
    row = {"model": name, "version": None, "before": in_force, "change": "withdraw", "state": _state(change, found)}
    report(row, f"the withdrawal of model {name}", found, change.timeout_s, change.as_json)


def put(change: Change, version: int, kind: Literal["promote", "rollback"], from_ms: int | None) -> None:
    """Puts a version in force from the event time `from_ms` on, now by default. Raises `ModelError`, `StreamError`.

    If a subtask refuses it, the store stays as it is and models.v1 gets back the record of the version in force. If the store
    cannot be written, models.v1 stays as it is, or gets back the record that stood there.
    """
    versions, name, now_ms = change.versions, change.name, time.time_ns() // 1_000_000
    before = versions.promoted(name)
    row = {"model": name, "version": version, "before": before, "change": kind}
    promotion = Promotion(version, kind, now_ms, author().by, change.announce)
    found: InForce | None = None
    if change.announce:
        record = to_record(versions, name, version, now_ms if from_ms is None else from_ms)
        if _is_news(change, promotion):
            versions.require_writable(name)
        kafka = resolve_kafka(change.bootstrap)
        standing = newest_values(kafka, MODELS.name).get(name.encode())
        with _putting_back(kafka, name, standing):
            found = send(kafka, record.key, record.body, version, change.wait, change.timeout_s)
            is_refused = found is not None and found.state == "refused"
            if not is_refused:
                _record(change, promotion)
        if is_refused:
            body, row["on_the_topic"] = _staying(versions, name, before, version, standing, now_ms)
            write(kafka, name, body)
        elif end_shadow(kafka, name, version):
            row["shadow"] = "ended"
    else:
        if kind == "promote":
            # What the job would refuse is in force nowhere.
            to_record(versions, name, version, now_ms)
        else:
            versions.load(name, version)
        _record(change, promotion)
    row["state"] = _state(change, found)
    report(row, f"model {name} version {version}", found, change.timeout_s, change.as_json)


def _state(change: Change, found: InForce | None) -> str:
    if not change.announce:
        return "in the store only"
    return "not waited for" if found is None else found.state


@contextmanager
def _putting_back(kafka: Kafka, name: str, standing: bytes | None) -> Iterator[None]:
    """Puts the record back that stood on models.v1 where what is done within fails: the job must not go on with a version of
    which the store knows nothing, since a rollback goes by the store."""
    try:
        yield
    except BaseException as error:
        stood = "models.v1 has the record again that stood there" if standing else "its record on models.v1 is deleted"
        try:
            write(kafka, name, standing)
        except StreamError as second:
            stood = (
                f"models.v1 may hold the new record, which could not be taken back: {second}; give the command again"
            )
        if not isinstance(error, ModelError | StreamError):
            note(f"model {name}: {stood}")
            raise
        raise type(error)(f"model {name} is not changed: {error}; {stood}") from None


def _is_news(change: Change, promotion: Promotion) -> bool:
    """Whether the store does not know of the promotion yet."""
    versions, name = change.versions, change.name
    if versions.promoted(name) != promotion.version:
        return True
    return change.announce and versions.promotions(name)[-1].announced is not True


def _record(change: Change, promotion: Promotion) -> None:
    """Writes the promotion into the store, unless it would say nothing new."""
    if _is_news(change, promotion):
        change.versions.record(change.name, promotion)
        return
    again = ", and is announced again" if change.announce else ""
    note(f"model {change.name} version {promotion.version} was in force before{again}")


def _staying(
    versions: ModelVersions, name: str, before: int | None, refused: int, standing: bytes | None, now_ms: int
) -> tuple[bytes | None, str]:
    """Returns the record of the model that stays in force, and that in words; None to delete, where there is none.

    models.v1 keeps the newest record of a key alone: a job that starts without state would read what was refused, and no model.
    """
    version = None
    if standing:
        with suppress(*UNREADABLE):
            version = msgspec.json.decode(standing, type=AnnouncedCard).card.version
    if version is not None and version != refused and before in (None, version):
        return standing, f"version {version} again"
    if before is None:
        return None, "deleted"
    try:
        return to_record(versions, name, before, now_ms).body, f"version {before} again"
    except ModelError as error:
        return standing if version != refused else None, f"as before, since version {before} is damaged: {error}"
