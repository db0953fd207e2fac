"""Records of models.v1 from the command line: checked as the job does, written, waited for, and told of."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.cli.output import err, print_json, print_table
from infra.kafka.connection import Kafka
from infra.learning.models_topic import announced_cards, write
from infra.rules.in_force import InForce
from infra.rules.rule_topics import RuleTopics
from infra.rules.waiting import AckWaiter
from models.model_store import ModelError
from models.model_versions import ModelVersions
from schemas.events import LATEST_MS
from schemas.model_cards import ModelMode, shadow_key

if TYPE_CHECKING:
    from infra.learning.announcing import Announcement

From = Annotated[
    int | None,
    typer.Option(
        "--from-ms",
        min=0,
        max=LATEST_MS,
        help="Event time in milliseconds from which windows are scored by the version; now by default.",
    ),
]


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


def end_shadow(kafka: Kafka, name: str, version: int) -> bool:
    """Deletes the announcement of the shadow if it is of this version: it would be compared with itself. Raises `StreamError`."""
    key = shadow_key(name)
    standing = announced_cards(kafka).get(key)
    if standing is None or standing.card.version != version:
        return False
    write(kafka, key, None)
    return True


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
