"""rules put, delete, rollback: commands that change rules while the job runs, and wait until all subtasks have them."""

import getpass
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from infra.cli.bootstrap import Bootstrap, resolve_kafka
from infra.cli.output import Json, err, errors, print_json, print_table
from infra.rules.changing import Author, RuleChanger
from infra.rules.checking import check_text
from infra.rules.in_force import InForce
from infra.rules.rule_topics import RuleTopics
from infra.rules.waiting import AckWaiter
from schemas.rule_history import RuleChange
from schemas.rules import RuleError

Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until every subtask of the job has acknowledged.")]
Timeout = Annotated[float, typer.Option(min=0.0, help="Longest wait in seconds.")]
Bump = Annotated[bool, typer.Option("--bump", help="Raise the version of a changed rule where the file does not.")]


def read_file(path: Path) -> str:
    """Reads a rule file. Raises `RuleError`."""
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RuleError(f"{path} cannot be read: {error}") from None


def author() -> Author:
    """The user of the operating system, on this machine."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = "unknown"
    return Author(user, socket.gethostname(), "command line")


def put(
    file: Annotated[Path, typer.Argument(help="YAML or JSON file: a list under `rules`, or one rule.")],
    bump: Bump = False,
    wait: Wait = True,
    timeout: Timeout = 30.0,
    bootstrap: Bootstrap = "",
    as_json: Json = False,
) -> None:
    """Check the rules of a file, write them to rules.v1, and wait until they are in force. If one is invalid, none is written.

    The version of a changed rule must rise; an unchanged rule is left as it is. Exit status 1 where a subtask refuses a rule
    or does not answer in time: the rule stands on rules.v1 all the same.
    """
    with errors():
        rules = check_text(read_file(file)).required(str(file))
        topics = RuleTopics(resolve_kafka(bootstrap))
        changes = RuleChanger(topics, author()).plan_put(rules, bump)
        changed = {each.id for each in changes}
        unchanged = {rule.id: rule.version for rule in rules if rule.id not in changed}
        change_rules(topics, changes, wait, timeout, as_json, unchanged)


def delete(
    rule_id: Annotated[str, typer.Argument(help="Id of the rule.")],
    wait: Wait = True,
    timeout: Timeout = 30.0,
    bootstrap: Bootstrap = "",
    as_json: Json = False,
) -> None:
    """Delete a rule from rules.v1. To switch off a rule of the job's rules file, put it with `mode: off` instead."""
    with errors():
        topics = RuleTopics(resolve_kafka(bootstrap))
        change_rules(topics, RuleChanger(topics, author()).plan_delete(rule_id), wait, timeout, as_json)


def rollback(
    rule_id: Annotated[str, typer.Argument(help="Id of the rule.")],
    to: Annotated[
        int | None, typer.Option(help="Version whose text to put; the text before the newest one by default.")
    ] = None,
    wait: Wait = True,
    timeout: Timeout = 30.0,
    bootstrap: Bootstrap = "",
    as_json: Json = False,
) -> None:
    """Put an earlier text of a rule again, with a new version."""
    with errors():
        topics = RuleTopics(resolve_kafka(bootstrap))
        change_rules(topics, RuleChanger(topics, author()).plan_rollback(rule_id, to), wait, timeout, as_json)


def change_rules(
    topics: RuleTopics,
    changes: Sequence[RuleChange],
    wait: bool,
    timeout_s: float,
    as_json: bool,
    unchanged: dict[str, int] | None = None,
) -> None:
    """Writes changes and prints what became of them; exits with status 1 where one is not in force everywhere."""
    versions = {each.id: each.version for each in changes}
    found: dict[str, InForce] = {}
    if wait and changes:
        with AckWaiter(topics) as waiter, err.status("writing") as status:
            topics.write(list(changes))

            def progress(now: dict[str, InForce]) -> None:
                done = sum(each.state in ("in_force", "failing", "refused") for each in now.values())
                status.update(f"{done} of {len(now)} rules acknowledged by all subtasks")

            found = waiter.wait(versions, timeout_s, progress)
    else:
        topics.write(list(changes))
    rows = [
        {
            "rule": each.id,
            "version": each.version,
            "change": each.change,
            "state": found[each.id].state if each.id in found else "not waited for",
            "in_force": found[each.id].described() if each.id in found else None,
        }
        for each in changes
    ]
    rows += [
        {"rule": name, "version": version, "change": "none", "state": "unchanged", "in_force": None}
        for name, version in (unchanged or {}).items()
    ]
    if as_json:
        acks = {
            name: {"missing": each.missing, "refused": each.refused, "acks": each.acks} for name, each in found.items()
        }
        print_json([row | acks.get(str(row["rule"]), {}) for row in rows])
    else:
        print_table(rows, "the file holds no rule")
    if problems := [text for name, each in found.items() if (text := _problem(name, each, timeout_s))]:
        for text in problems:
            err.print(f"microadjust: {text}", style="red", markup=False, soft_wrap=True)
        raise typer.Exit(1)


def _problem(name: str, found: InForce, timeout_s: float) -> str | None:
    """Why a change is not in force everywhere; None where it is."""
    match found.state:
        case "in_force":
            return None
        case "refused":
            return f"rule {name} is refused, and its last good version stays in force: {found.refused}"
        case "failing":
            return f"rule {name} is in force, but cannot always be evaluated, and does not hold there: {found.refused}"
        case "unknown":
            return (
                f"rule {name} was written, but no subtask has acknowledged it within {timeout_s:g} s: is the adjust job running? "
                "It takes the rule up when it starts"
            )
        case _:
            missing = ", ".join(map(str, found.missing))
            return f"rule {name}: no acknowledgement from subtask {missing} within {timeout_s:g} s"


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command()(put)
    app.command()(delete)
    app.command()(rollback)
