"""rules list, put, delete: rules in force, changed while the job runs."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer
from kafka import KafkaProducer

from infra.cli.bootstrap import Bootstrap, bootstrap_of
from infra.cli.output import Json, err, errors, show
from infra.kafka.reading import TopicReader
from models.rules.compiled import KNOWN_FEATURES
from models.rules.evaluation import RuleSet
from schemas import topics
from schemas.rules import Rule, RuleError, parse_rule, parse_rule_file

app = typer.Typer(no_args_is_help=True, help="Rules on rules.v1. They override those of the job's file, by id.")


def _on_topic(servers: str) -> dict[str, Rule]:
    """The newest version of each rule that was not deleted."""
    found: dict[str, Rule] = {}
    for record in TopicReader(servers, topics.RULES.name).read_to_end():
        rule_id = (record.key or b"").decode(errors="replace")
        if record.value is None:
            found.pop(rule_id, None)
            continue
        try:
            found[rule_id] = parse_rule(record.value, KNOWN_FEATURES)
        except RuleError as error:
            # As in the job: the last good version stays in force.
            err.print(f"microadjust: skipped a record: {error}", style="yellow", markup=False)
    return found


def put_records(servers: str, records: list[tuple[str, bytes | None]]) -> None:
    """By rule id, the rule as JSON or None to delete it; returns once Kafka has all of them."""
    producer = KafkaProducer(bootstrap_servers=servers, acks="all", enable_idempotence=True)
    try:
        for future in [producer.send(topics.RULES.name, value, key=key.encode()) for key, value in records]:
            future.get(timeout=10)
    finally:
        producer.close()


@app.command("list")
def list_rules(bootstrap: Bootstrap = "", as_json: Json = False) -> None:
    """The rules on rules.v1. Those of the job's file are in force beside them."""
    with errors():
        rules = _on_topic(bootstrap_of(bootstrap))
        if as_json:
            show([msgspec.to_builtins(rule) for rule in rules.values()], True, "")
            return
        rows = [
            {"id": rule.id, "version": rule.version, "lane": rule.lane, "action": rule.then.action, "about": rule.about}
            for rule in rules.values()
        ]
        show(rows, False, "no rules on the topic; the job uses those of its file")


@app.command()
def put(
    file: Annotated[Path, typer.Argument(help="YAML or JSON with a list under `rules`.")],
    bootstrap: Bootstrap = "",
    as_json: Json = False,
) -> None:
    """Check a file of rules and put them in force. All are checked before any is put."""
    with errors():
        try:
            rules = parse_rule_file(file.read_text(), KNOWN_FEATURES)
        except (OSError, UnicodeDecodeError) as error:
            raise RuleError(f"{file} cannot be read: {error}") from None
        RuleSet(rules)
        put_records(bootstrap_of(bootstrap), [(rule.id, msgspec.json.encode(rule)) for rule in rules])
        show([{"rule": rule.id, "version": rule.version} for rule in rules], as_json, "the file holds no rule")


@app.command()
def delete(
    rule_id: Annotated[str, typer.Argument(help="The rule's id.")], bootstrap: Bootstrap = "", as_json: Json = False
) -> None:
    """Take a rule off the topic. One of the job's file comes back when the job starts anew: put it with `enabled: false`."""
    with errors():
        put_records(bootstrap_of(bootstrap), [(rule_id, None)])
        show([{"deleted": rule_id}], as_json, "")
