"""models promote, rollback, withdraw: commands that change which stored version is in force while the job runs."""

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
import typer

from infra.cli.bootstrap import Bootstrap, resolve_kafka
from infra.cli.model_options import Name, Store, store_at
from infra.cli.output import Json, err, errors, note, print_json, print_table
from infra.cli.rule_changes import Timeout, Wait, author
from infra.kafka.compacted import newest_values
from infra.kafka.connection import Kafka
from infra.learning.incumbents import incumbent_name
from infra.learning.listing import evaluation_of
from infra.learning.models_topic import AnnouncedCard, announced_cards, write
from infra.rules.in_force import InForce
from infra.rules.rule_topics import RuleTopics
from infra.rules.waiting import AckWaiter
from models.learning.evaluation import Evaluation
from models.model_store import ModelError
from models.model_versions import ModelVersions, Promotion
from models.model_versions import in_force as stack_of
from schemas.events import LATEST_MS
from schemas.model_cards import ModelMode, shadow_key
from schemas.topics import MODELS

if TYPE_CHECKING:
    from infra.learning.announcing import Announcement

Announce = Annotated[
    bool,
    typer.Option(
        "--announce/--no-announce",
        help="Write the model to models.v1. Without it only the store changes, after the same checks: later versions are judged "
        "against this one.",
    ),
]
From = Annotated[
    int | None,
    typer.Option(
        "--from-ms",
        min=0,
        max=LATEST_MS,
        help="Event time in milliseconds from which windows are scored by the version; now by default.",
    ),
]


def promote(
    name: Name,
    version: Annotated[int, typer.Argument(help="Version that the gate let in.")],
    announce: Announce = True,
    from_ms: From = None,
    wait: Wait = True,
    timeout: Timeout = 30.0,
    store: Store = "",
    bootstrap: Bootstrap = "",
    as_json: Json = False,
) -> None:
    """Put a version in force: announce it on models.v1, and wait until every subtask of the job has loaded it.

    Refused for a version that the gate kept out, that it compared with another model than the one in force now, or that the job
    would not take: the model in force stays. Where the same version is in shadow, its shadow ends.
    """
    with errors():
        versions = store_at(store)
        found = evaluation_of(versions, name, version)
        if found is None:
            raise ModelError(f"model {name} version {version} was not judged by the gate: train it first")
        if not found.passed:
            raise ModelError(f"model {name} version {version}: the gate keeps it out: {'; '.join(found.reasons)}")
        _require_judged_against_incumbent(versions, name, version, found)
        _put(versions, name, version, "promote", announce, from_ms, wait, timeout, bootstrap, as_json)


def rollback(
    name: Name,
    if_in_force: Annotated[
        int | None,
        typer.Option(help="Change nothing unless this version is in force: it may have been rolled back already."),
    ] = None,
    announce: Announce = True,
    from_ms: From = None,
    wait: Wait = True,
    timeout: Timeout = 30.0,
    store: Store = "",
    bootstrap: Bootstrap = "",
    as_json: Json = False,
) -> None:
    """Put the version in force again that was in force before. The first one is withdrawn: the job goes on without."""
    with errors():
        versions = store_at(store)
        in_force = versions.promoted(name)
        if if_in_force is not None and in_force != if_in_force:
            row = {"model": name, "version": in_force, "before": in_force, "change": "rollback", "state": "unchanged"}
            report(row, "", None, timeout, as_json)
            return
        if in_force is not None and len(stack_of(versions.promotions(name))) == 1:
            _withdraw(versions, name, in_force, announce, wait, timeout, bootstrap, as_json)
            return
        _put(versions, name, versions.before(name), "rollback", announce, from_ms, wait, timeout, bootstrap, as_json)


def _require_judged_against_incumbent(versions: ModelVersions, name: str, version: int, found: Evaluation) -> None:
    """Raises `ModelError` for a verdict that is out of date. The version in force may be announced again."""
    now = incumbent_name(versions, name)
    if now in (found.incumbent, f"{name}@{version}"):
        return
    judged = "without an incumbent" if found.incumbent is None else f"against {found.incumbent}"
    raise ModelError(
        f"model {name} version {version} was judged {judged}, and {now or 'none'} is in force now: train it again on the same or "
        f"newer rows, which judges it against that: microadjust models train {name} …; `models rollback {name}` puts the version "
        "before in force"
    )


def withdraw(
    name: Name,
    if_in_force: Annotated[
        int | None, typer.Option(help="Change nothing unless this version is in force by the store.")
    ] = None,
    announce: Announce = True,
    wait: Wait = True,
    timeout: Timeout = 30.0,
    store: Store = "",
    bootstrap: Bootstrap = "",
    as_json: Json = False,
) -> None:
    """Take a model out of the job: delete its record on models.v1, so that no version is in force. The store keeps all versions.

    For a first version that does harm. Without its model the job proposes no lengths or tones; a forest gives way to the one that
    ships. Versions trained next are judged as a first one.
    """
    with errors():
        versions = store_at(store)
        in_force = versions.promoted(name)
        if if_in_force is not None and in_force != if_in_force:
            row = {"model": name, "version": in_force, "before": in_force, "change": "withdraw", "state": "unchanged"}
            report(row, "", None, timeout, as_json)
            return
        _withdraw(versions, name, in_force, announce, wait, timeout, bootstrap, as_json)


def _withdraw(
    versions: ModelVersions,
    name: str,
    in_force: int | None,
    announce: bool,
    wait: bool,
    timeout: float,
    bootstrap: str,
    as_json: bool,
) -> None:
    found = send(resolve_kafka(bootstrap), name, None, None, wait, timeout) if announce else None
    if in_force is not None:
        versions.record(name, Promotion(in_force, "withdraw", time.time_ns() // 1_000_000, author().by))
    row = {"model": name, "version": None, "before": in_force, "change": "withdraw"}
    row["state"] = "in the store only" if not announce else ("not waited for" if found is None else found.state)
    report(row, f"the withdrawal of model {name}", found, timeout, as_json)


def check_rows(found: Evaluation) -> list[dict[str, str]]:
    """Returns the checks of the gate as rows of a table."""
    return [{"check": each.name, "passed": each.verdict, "finding": each.detail} for each in found.checks]


def _put(
    versions: ModelVersions,
    name: str,
    version: int,
    kind: Literal["promote", "rollback"],
    announce: bool,
    from_ms: int | None,
    wait: bool,
    timeout: float,
    bootstrap: str,
    as_json: bool,
) -> None:
    before, now_ms = versions.promoted(name), time.time_ns() // 1_000_000
    found: InForce | None = None
    kafka: Kafka | None = None
    standing: bytes | None = None
    if announce:
        record = to_record(versions, name, version, now_ms if from_ms is None else from_ms)
        kafka = resolve_kafka(bootstrap)
        standing = newest_values(kafka, MODELS.name).get(name.encode())
        found = send(kafka, record.key, record.body, version, wait, timeout)
    elif kind == "promote":
        # What the job would refuse is in force nowhere.
        to_record(versions, name, version, now_ms)
    else:
        versions.load(name, version)
    shadow_ended, repeats = False, _repeats(versions, name, version, announce)
    put_back: str | None = None
    if kafka is not None and found is not None and found.state == "refused":
        body, put_back = _staying(versions, name, before, version, standing, now_ms)
        write(kafka, name, body)
    if found is None or found.state != "refused":
        if not repeats:
            versions.record(name, Promotion(version, kind, now_ms, author().by, announce))
        shadow_ended = kafka is not None and _end_shadow(kafka, name, version)
    state = "in the store only" if not announce else ("not waited for" if found is None else found.state)
    row = {"model": name, "version": version, "before": before, "change": kind, "state": state}
    if shadow_ended:
        row["shadow"] = "ended"
    if put_back is not None:
        row["on_the_topic"] = put_back
    if repeats and (found is None or found.state != "refused"):
        note(f"model {name} version {version} was in force before{', and is announced again' if announce else ''}")
    report(row, f"model {name} version {version}", found, timeout, as_json)


def _repeats(versions: ModelVersions, name: str, version: int, announce: bool) -> bool:
    """Whether the store's record would say nothing new: the version is in force, and announced if it is to be."""
    if versions.promoted(name) != version:
        return False
    return not announce or versions.promotions(name)[-1].announced is True


def _staying(
    versions: ModelVersions, name: str, before: int | None, refused: int, standing: bytes | None, now_ms: int
) -> tuple[bytes | None, str]:
    """Returns the record of the model that stays in force, and that in words; None to delete, where there is none.

    models.v1 keeps the newest record of a key alone: a job that starts without state would read what was refused, and no model.
    """
    version = None
    if standing:
        with suppress(msgspec.DecodeError):
            version = msgspec.json.decode(standing, type=AnnouncedCard).card.version
    if version is not None and version != refused and before in (None, version):
        return standing, f"version {version} again"
    if before is None:
        return None, "deleted"
    try:
        return to_record(versions, name, before, now_ms).body, f"version {before} again"
    except ModelError as error:
        return standing if version != refused else None, f"as before, since version {before} is damaged: {error}"


def _end_shadow(kafka: Kafka, name: str, version: int) -> bool:
    """Deletes the announcement of the shadow if it is of this version: it would be compared with itself. Raises `StreamError`."""
    key = shadow_key(name)
    standing = announced_cards(kafka).get(key)
    if standing is None or standing.card.version != version:
        return False
    write(kafka, key, None)
    return True


def to_record(
    versions: ModelVersions, name: str, version: int, from_ms: int, mode: ModelMode = "active"
) -> "Announcement":
    """Returns the announcement of a stored version, checked as the job does. Raises `ModelError`."""
    # What checks a model as the job does is not there where only the edge is installed.
    try:
        from infra.learning.announcing import announcement
    except ImportError as error:
        raise ModelError(f"announcing checks a model as the job does: install microadjust[job] ({error})") from None
    return announcement(versions.load(name, version), versions.address(name, version), from_ms, mode)


def send(
    kafka: Kafka, key: str, body: bytes | None, version: int | None, wait: bool, timeout_s: float
) -> InForce | None:
    """Writes a record of models.v1; returns what the job's subtasks say of it, None without waiting. Raises `StreamError`."""
    if not wait:
        write(kafka, key, body)
        return None
    with AckWaiter(RuleTopics(kafka), "model") as waiter, err.status("waiting for the job's subtasks"):
        write(kafka, key, body)
        return waiter.wait({key: version}, timeout_s)[key]


def report(row: dict[str, Any], what: str, found: InForce | None, timeout_s: float, as_json: bool) -> None:
    """Prints what became of a change; exits with status 1 where it is not in force in every subtask."""
    row["in_force"] = None if found is None else found.described()
    if as_json:
        print_json(row)
    else:
        print_table([row], "")
    if found is not None and found.state != "in_force":
        err.print(f"microadjust: {_problem(what, found, timeout_s)}", style="red", markup=False, soft_wrap=True)
        raise typer.Exit(1)


def _problem(what: str, found: InForce, timeout_s: float) -> str:
    if found.state == "refused":
        return f"{what} is refused, and the one before stays in force: {found.refused}"
    if found.state == "unknown":
        return (
            f"{what} was written, but no subtask has acknowledged it within {timeout_s:g} s: "
            "is the adjust job running? It takes the model up when it starts"
        )
    missing = ", ".join(map(str, found.missing))
    return f"{what}: no acknowledgement from subtask {missing} within {timeout_s:g} s"
