"""models shadow: has a stored version look at what the model in force looks at, without any command."""

import time
from typing import Annotated, Any

import typer

from infra.cli.bootstrap import Bootstrap, resolve_kafka
from infra.cli.model_announcements import From, report, send, to_record
from infra.cli.model_options import Name, Store, store_at
from infra.cli.output import Json, errors
from infra.cli.rule_changes import Timeout, Wait
from infra.learning.models_topic import announced_cards
from models.model_store import ModelError
from schemas.model_cards import shadow_key


def shadow(
    name: Name,
    version: Annotated[int | None, typer.Argument(help="Version of the store; none with --off.")] = None,
    off: Annotated[bool, typer.Option("--off", help="End the shadow of this model.")] = False,
    from_ms: From = None,
    wait: Wait = True,
    timeout: Timeout = 30.0,
    store: Store = "",
    bootstrap: Bootstrap = "",
    as_json: Json = False,
) -> None:
    """Put a version in shadow: the job asks it beside the one in force, records its proposals, and commands nothing of it.

    A version that the gate kept out may be tried so. Its proposals stand on proposals.v1 with the outcome `shadow`; with the
    feature log on, `models compare NAME` and the console show both side by side.
    """
    if off is (version is not None):
        raise typer.BadParameter("give the version to put in shadow, or --off to end the shadow", param_hint="VERSION")
    with errors():
        kafka = resolve_kafka(bootstrap)
        key, body = shadow_key(name), None
        if version is None:
            standing = announced_cards(kafka).get(key)
            if standing is None:
                raise ModelError(
                    f"model {name}: no version is in shadow; put one there with models shadow {name} VERSION"
                )
            row, what = _row(name, standing.card.version, "shadow off"), f"the end of the shadow of model {name}"
        else:
            live = announced_cards(kafka).get(name)
            if live is not None and live.card.version == version:
                raise ModelError(
                    f"model {name} version {version} is in force: in shadow it would be compared with itself"
                )
            now_ms = time.time_ns() // 1_000_000
            body = to_record(store_at(store), name, version, now_ms if from_ms is None else from_ms, "shadow").body
            row, what = _row(name, version, "shadow"), f"shadow of model {name} version {version}"
        found = send(kafka, key, body, version, wait, timeout)
        row["state"] = "not waited for" if found is None else found.state
        report(row, what, found, timeout, as_json)


def _row(name: str, version: int, change: str) -> dict[str, Any]:
    return {"model": name, "version": version, "change": change}
