"""rules dry-run: a rule in shadow mode on the live stream."""

import time
from pathlib import Path
from typing import Annotated, Final

import typer

from infra.cli.bootstrap import Bootstrap, resolve_kafka
from infra.cli.output import Json, err, errors, out, print_json
from infra.cli.rule_changes import author, read_file
from infra.rules import dry_run
from infra.rules.changing import RuleChanger, UnknownRuleError
from infra.rules.checking import check_text
from infra.rules.proposal_counts import ProposalCounts
from infra.rules.rule_topics import RuleTopics
from infra.rules.waiting import AckWaiter
from schemas.rules import Rule, RuleError
from schemas.topics import PROPOSALS

ACK_TIMEOUT_S: Final = 30.0
POLL_S: Final = 0.5


def dry(
    file: Annotated[Path, typer.Argument(help="YAML or JSON file with one rule.")],
    rule_id: Annotated[str, typer.Option("--rule", help="Id of the rule, where the file holds several.")] = "",
    minutes: Annotated[float, typer.Option(min=0.05, max=60.0, help="How long to observe.")] = 5.0,
    bootstrap: Bootstrap = "",
    as_json: Json = False,
) -> None:
    """Try a rule on the live stream without commanding anything: what would it propose, and for how many readers?

    Puts the rule in shadow mode under an id of its own, counts its proposals on proposals.v1, and deletes it, also after Ctrl-C.
    """
    with errors():
        rule = _chosen(check_text(read_file(file)).required(str(file)), rule_id)
        topics = RuleTopics(resolve_kafka(bootstrap))
        changer = RuleChanger(topics, author())
        began_ms = time.time_ns() // 1_000_000
        until_ms = began_ms + round(minutes * 60_000)
        with AckWaiter(topics) as waiter, topics.reader(PROPOSALS) as reader, err.status("writing") as status:
            reader.assign({each: end for each, (_, end) in reader.bounds().items()})
            shadow = dry_run.begin(changer, rule, until_ms)
            counts = ProposalCounts(shadow.id)
            try:
                status.update("waiting until all subtasks have the rule")
                found = waiter.wait({shadow.id: 1}, ACK_TIMEOUT_S)[shadow.id]
                if found.state != "in_force":
                    raise RuleError(f"the dry run has not begun: {found.described()}")
                while (now_ms := time.time_ns() // 1_000_000) < until_ms:
                    left = f"{(until_ms - now_ms) // 1000} s left, {counts.proposals} proposals for {counts.readers} readers"
                    status.update(left)
                    counts.add(reader.poll(POLL_S) if reader.positions else ())
            except KeyboardInterrupt:
                err.print("interrupted: what was counted so far follows")
            finally:
                dry_run.end(changer, shadow.id)
        if as_json:
            print_json({"rule": rule.id, **counts.as_json(began_ms)})
            return
        out.print(f"{rule.id}: {counts.proposals} proposals for {counts.readers} readers", markup=False)
        for reason, count in sorted(counts.reasons.items()):
            out.print(
                f"  {count} would have been held back: {reason}" if reason != "shadow" else f"  {count} in shadow mode"
            )


def _chosen(rules: list[Rule], rule_id: str) -> Rule:
    if rule_id:
        found = next((rule for rule in rules if rule.id == rule_id), None)
        if found is None:
            raise UnknownRuleError(f"the file holds no rule {rule_id}")
        return found
    if len(rules) != 1:
        raise RuleError(f"the file holds {len(rules)} rules: choose one with --rule ID")
    return rules[0]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("dry-run")(dry)
