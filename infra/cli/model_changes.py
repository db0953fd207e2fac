"""models promote, rollback, withdraw: commands that change which stored version is in force while the job runs."""

from typing import Annotated

import typer

from infra.cli import model_in_force
from infra.cli.bootstrap import Bootstrap
from infra.cli.device_notes import device_notes
from infra.cli.model_announcements import From
from infra.cli.model_in_force import Change
from infra.cli.model_options import Name, Store, require_known, store_at
from infra.cli.output import Json, errors, note
from infra.cli.rule_changes import Timeout, Wait
from infra.learning.incumbents import incumbent_name
from infra.learning.listing import evaluation_of
from models.learning.evaluation import Evaluation
from models.model_store import ModelError
from models.model_versions import ModelVersions
from models.model_versions import in_force as stack_of

Announce = Annotated[
    bool,
    typer.Option(
        "--announce/--no-announce",
        help="Write the model to models.v1. Without it only the store changes, after the same checks: later versions are judged "
        "against this one.",
    ),
]
Delete = Annotated[
    bool,
    typer.Option(
        "--announce/--no-announce",
        help="Delete the model's record on models.v1. Without it only the store changes: the job goes on with the version.",
    ),
]
IfInForce = Annotated[
    int | None,
    typer.Option(help="Change nothing unless this version is in force: it may have been taken back already."),
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
        for text in device_notes(versions.card(name, version).categories):
            note(text)
        change = Change(versions, name, announce, wait, timeout, bootstrap, as_json)
        model_in_force.put(change, version, "promote", from_ms)


def rollback(
    name: Name,
    if_in_force: IfInForce = None,
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
        require_known(versions, name)
        change = Change(versions, name, announce, wait, timeout, bootstrap, as_json)
        if model_in_force.leaves(change, "rollback", if_in_force):
            return
        if len(stack_of(versions.promotions(name))) == 1:
            model_in_force.withdraw(change)
        else:
            model_in_force.put(change, versions.before(name), "rollback", from_ms)


def withdraw(
    name: Name,
    if_in_force: IfInForce = None,
    announce: Delete = True,
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
        change = Change(store_at(store), name, announce, wait, timeout, bootstrap, as_json)
        if not model_in_force.leaves(change, "withdraw", if_in_force):
            model_in_force.withdraw(change)


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
