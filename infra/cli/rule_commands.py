"""rules list, put, delete: commands that change rules while the job runs."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from infra.cli.bootstrap import Bootstrap, resolve_kafka
from infra.cli.output import Json, err, errors, show
from infra.kafka.blocking_producer import BlockingProducer
from infra.kafka.connection import Kafka
from infra.kafka.reading import TopicReader
from models.rules.compiled import KNOWN_FEATURES
from models.rules.evaluation import RuleSet
from schemas import topics
from schemas.rules import Rule, RuleError, parse_rule, parse_rule_file

app = typer.Typer(
    no_args_is_help=True,
    help="List and change the rules on rules.v1. They override those of the job's rules file by id.",
)


def _on_topic(kafka: Kafka) -> dict[str, Rule]:
    """Reads the newest version of each rule that was not deleted."""
    found: dict[str, Rule] = {}
    for record in TopicReader(kafka, topics.RULES.name).read_to_end():
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


def _ids_on_topic(kafka: Kafka) -> set[str]:
    """Returns the ids that have a record which is no deletion, valid or not."""
    found: set[str] = set()
    for record in TopicReader(kafka, topics.RULES.name).read_to_end():
        rule_id = (record.key or b"").decode(errors="replace")
        (found.discard if record.value is None else found.add)(rule_id)
    return found


def put_records(kafka: Kafka, records: list[tuple[str, bytes | None]]) -> None:
    """Writes rules as (id, JSON), or (id, None) to delete; returns once Kafka has acknowledged all. Raises `StreamError`."""
    producer = BlockingProducer(kafka, timeout_s=10.0)
    for key, value in records:
        producer.send(topics.RULES.name, value, key.encode())
    producer.finish()


@app.command("list")
def list_rules(bootstrap: Bootstrap = "", as_json: Json = False) -> None:
    """List the rules on rules.v1. The rules of the job's rules file apply as well, unless overridden."""
    with errors():
        rules = _on_topic(resolve_kafka(bootstrap))
        if as_json:
            show([msgspec.to_builtins(rule) for rule in rules.values()], True, "")
            return
        rows = [
            {"id": rule.id, "version": rule.version, "lane": rule.lane, "action": rule.then.action, "about": rule.about}
            for rule in rules.values()
        ]
        show(rows, False, "no rules on rules.v1: the job uses those of its rules file")


@app.command()
def put(
    file: Annotated[Path, typer.Argument(help="YAML or JSON file with a list under `rules`.")],
    bootstrap: Bootstrap = "",
    as_json: Json = False,
) -> None:
    """Validate the rules of a file and write them to rules.v1. If one is invalid, none is written."""
    with errors():
        try:
            rules = parse_rule_file(file.read_text(), KNOWN_FEATURES)
        except (OSError, UnicodeDecodeError) as error:
            raise RuleError(f"{file} cannot be read: {error}") from None
        RuleSet(rules)
        put_records(resolve_kafka(bootstrap), [(rule.id, msgspec.json.encode(rule)) for rule in rules])
        show([{"rule": rule.id, "version": rule.version} for rule in rules], as_json, "the file holds no rule")


@app.command()
def delete(
    rule_id: Annotated[str, typer.Argument(help="Id of the rule.")], bootstrap: Bootstrap = "", as_json: Json = False
) -> None:
    """Delete a rule from rules.v1. To switch off a rule of the job's rules file, put it with `enabled: false` instead."""
    with errors():
        kafka = resolve_kafka(bootstrap)
        if rule_id not in _ids_on_topic(kafka):
            raise RuleError(f"no rule {rule_id} on rules.v1; `microadjust rules list` shows those that are there")
        put_records(kafka, [(rule_id, None)])
        show([{"deleted": rule_id}], as_json, "")
