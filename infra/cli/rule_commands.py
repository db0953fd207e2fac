"""rules list, check, history: commands that show rules, where they are in force, and who changed them."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from infra.cli import backtest_command, rule_changes, rule_trials
from infra.cli.bootstrap import Bootstrap, resolve_kafka
from infra.cli.formatting import format_instant, format_time
from infra.cli.output import Json, err, errors, out, print_json, show
from infra.rules.changing import UnknownRuleError
from infra.rules.checking import check_text
from infra.rules.listing import RuleEntry, list_rules
from infra.rules.rule_topics import RuleTopics

app = typer.Typer(
    no_args_is_help=True,
    help="List, check, change and try the rules on rules.v1. They override those of the job's rules file by id.",
)


@app.command("list")
def list_all(bootstrap: Bootstrap = "", as_json: Json = False) -> None:
    """List the rules with where each is in force: those on rules.v1, and those of the job's own file."""
    with errors():
        entries = list_rules(RuleTopics(resolve_kafka(bootstrap)))
        if as_json:
            show([_as_json(each) for each in entries], True, "")
            return
        show([_as_row(each) for each in entries], False, "no rules")


def _as_row(entry: RuleEntry) -> dict[str, object]:
    rule, since = entry.rule, [ack.acknowledged_at_ms for ack in entry.in_force.acks]
    return {
        "id": entry.id,
        "version": entry.version,
        "from": entry.origin,
        "mode": None if rule is None else rule.mode if rule.enabled else "off",
        "lane": rule and rule.lane,
        "action": rule and rule.then.action,
        "in_force": entry.in_force.described(),
        "since": format_time(max(since)) if since and entry.in_force.state == "in_force" else None,
        "about": rule and rule.about,
    }


def _as_json(entry: RuleEntry) -> dict[str, object]:
    """The fields of the rule, as in a rule file, and what is known of it beside them."""
    rule = {"id": entry.id} if entry.rule is None else msgspec.to_builtins(entry.rule)
    return {
        **rule,
        "version": entry.version,
        "origin": entry.origin,
        "state": entry.in_force.state,
        "problem": entry.problem or entry.in_force.refused,
        "missing": entry.in_force.missing,
        "acks": entry.in_force.acks,
        "last_change": entry.last_change,
    }


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="YAML or JSON file: a list under `rules`, or one rule.")],
    as_json: Json = False,
) -> None:
    """Check the rules of a file without Kafka, as the job would. Exit status 1 where there is a problem."""
    with errors():
        checked = check_text(rule_changes.read_file(file))
    if as_json:
        print_json({"ok": checked.is_ok, "rules": checked.rules, "problems": checked.problems})
    else:
        for each in checked.problems:
            err.print(each.placed(str(file)), style="red", markup=False, soft_wrap=True)
        out.print(f"{len(checked.rules)} rules can be used, {len(checked.problems)} problems")
    raise typer.Exit(0 if checked.is_ok else 1)


@app.command()
def history(
    rule_id: Annotated[str, typer.Argument(help="Id of the rule.")], bootstrap: Bootstrap = "", as_json: Json = False
) -> None:
    """Show who changed a rule, when, from where, and to what; newest first."""
    with errors():
        changes = RuleTopics(resolve_kafka(bootstrap)).history(rule_id)[::-1]
        if not changes:
            raise UnknownRuleError(f"the history knows no rule {rule_id}")
        if as_json:
            print_json(changes)
            return
        rows = [
            {
                "at": format_instant(each.at_ms),
                "change": each.change,
                "version": each.version,
                "by": each.by,
                "host": each.host,
                "via": each.via,
                "about": each.rule and each.rule.about,
            }
            for each in changes
        ]
        show(rows, False, "")


rule_changes.register(app)
rule_trials.register(app)
app.command()(backtest_command.backtest)
