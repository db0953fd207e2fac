"""rules backtest: rules over recorded events, in this process."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from infra.cli.bootstrap import Bootstrap, resolve_kafka
from infra.cli.content_commands import validated_items
from infra.cli.content_files import ContentFileError, read_items
from infra.cli.durations import duration_ms
from infra.cli.output import Json, err, errors, out, print_json, print_table
from infra.cli.output_files import require_place, write_file
from infra.cli.rule_changes import read_file
from infra.rules.changing import UnknownRuleError
from infra.rules.checking import check_text
from infra.rules.rule_topics import RuleTopics
from infra.rules.shipped import shipped_rules
from infra.simulate.ground_truth import content_path
from infra.simulate.recording import RecordingError
from schemas.rules import Rule, RuleError


def backtest(
    rules: Annotated[str, typer.Argument(help="YAML or JSON file of rules, or the id of a rule in force.")],
    recording: Annotated[
        Path | None, typer.Option(help="Recording to run on; with truth beside it, precision and recall are told.")
    ] = None,
    content: Annotated[
        Path | None,
        typer.Option(
            help="File of content items; by default NAME.content.jsonl beside the recording, or content.v1 with --last."
        ),
    ] = None,
    last: Annotated[str, typer.Option(help="Run on the last such time of events.v1 instead: 90s, 60m, 2h.")] = "",
    alone: Annotated[bool, typer.Option("--alone", help="Leave out all other rules.")] = False,
    svg: Annotated[Path | None, typer.Option(help="Draw the result into this file.")] = None,
    bootstrap: Bootstrap = "",
    as_json: Json = False,
) -> None:
    """Run rules over recorded events with the job's own operators: how often would they have acted, and for whom?

    The other rules in force run as well, unless a rule under test has their id: those on rules.v1 with --last, and those that
    ship with the job. Without --recording and --last, the recording that comes with this package is used.
    """
    with errors():
        if recording is not None and last:
            raise RecordingError("give --recording or --last, not both")
        last_ms = duration_ms(last) if last else None
        require_place(svg, "--svg")
        kafka = resolve_kafka(bootstrap) if last else None
        beside = {rule.id: rule for rule in shipped_rules()}
        if kafka is not None:
            beside |= RuleTopics(kafka).rules().rules
        tested = _tested(rules, beside)
        others = [] if alone else [rule for name, rule in beside.items() if name not in {each.id for each in tested}]
        try:
            # What the job needs is not there where only the edge is installed.
            from infra.backtest.chart import draw
            from infra.backtest.trial import backtest as run
            from infra.backtest.trial import of_recording, of_topic
        except ImportError as error:
            raise RuleError(f"a back-test runs the job's operators: install microadjust[job] ({error})") from None
        from infra.simulate.recording import SAMPLE

        given = of_recording(recording or SAMPLE) if kafka is None or last_ms is None else of_topic(kafka, last_ms)
        beside_it = content_path(recording or SAMPLE)
        if content is not None or (kafka is None and beside_it.exists()):
            given.content = _items(content or beside_it)
        with _progress() as bar:
            task = bar.add_task("back-test", total=None)
            found, _ = run(
                given,
                [*tested, *others],
                [rule.id for rule in tested],
                lambda done, total: bar.update(task, completed=done, total=total),
            )
        if svg is not None:
            on = f"the last {last} of events.v1" if last else str((recording or SAMPLE).name)
            write_file(svg, draw(found, f"Back-test of {', '.join(rule.id for rule in tested)} on {on}"), "--svg")
        if not found.events:
            err.print("microadjust: no event of it can be used", style="red", markup=False)
        for rule in tested:
            if rule.mode == "off" or not rule.enabled:
                err.print(
                    f"microadjust: rule {rule.id} is switched off, and so looks at nothing", style="red", markup=False
                )
        if as_json:
            print_json(found)
            return
        print_table(
            [
                {
                    "rule": ("* " if each.is_tested else "  ") + each.rule,
                    "proposals": each.proposals,
                    "fired": each.fired,
                    "renewals": each.renewals,
                    "reverts": each.reverts,
                    "readers": each.readers,
                    "of_all": _percent(each.share_of_readers),
                    "an_hour": _number(each.per_reader_hour),
                    "precision": _percent(each.precision),
                    "recall": _percent(each.recall),
                    "held_back": ", ".join(f"{count} {reason}" for reason, count in each.held_back.items()),
                }
                for each in found.rules
            ],
            "no rules",
        )
        for each in found.overlaps:
            out.print(
                f"{each.rule} and {each.other} both propose something within a minute for {each.targets} targets "
                f"({each.share:.0%})",
                markup=False,
            )
        for failing in found.rules:
            if failing.failures:
                out.print(
                    f"{failing.rule} could not be evaluated {failing.failures} times: {failing.failure}",
                    markup=False,
                    soft_wrap=True,
                )
        out.print(
            f"\n{found.readers} readers, {found.reader_hours:.1f} reader-hours, {found.events} events; "
            f"{found.late} late, {found.rejected} rejected",
            soft_wrap=True,
        )


def _tested(given: str, in_force: dict[str, Rule]) -> Sequence[Rule]:
    if given in in_force and not Path(given).exists():
        return [in_force[given]]
    if not Path(given).exists() and not given.endswith((".yaml", ".yml", ".json")):
        raise UnknownRuleError(f"there is neither a file nor a rule {given}; there are {', '.join(sorted(in_force))}")
    return check_text(read_file(Path(given))).required(given)


def _items(path: Path) -> list[tuple[str, bytes]]:
    """The content items of a file. Raises `ContentFileError`, also for one that is not valid."""
    items, problems = validated_items(read_items(path))
    if problems:
        first = problems[0]
        raise ContentFileError(f"{path}, line {first['line']}: {first['detail']} ({len(problems)} problems)")
    return items


def _progress() -> Progress:
    return Progress(TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn(), console=err, transient=True)


def _percent(share: float | None) -> str | None:
    return None if share is None else f"{share:.1%}"


def _number(value: float | None) -> str | None:
    return None if value is None else f"{value:.3g}"
