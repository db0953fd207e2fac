"""demo: the command that shows a page changing for its reader, then replays half an hour of simulated readers."""

import shutil
import threading
import time
from collections import Counter
from typing import Annotated, Any

import msgspec
import typer

from infra.cli.demo_summary import as_fields, print_summary, quantile
from infra.cli.demo_visit import print_pictures, run_visit
from infra.cli.formatting import format_parameters, format_reason, format_time
from infra.cli.output import err, errors, out, print_json
from infra.demo import demo_gateway
from infra.kafka.accounting import Accountant
from infra.kafka.reading import TopicReader
from infra.local import flink, stack
from infra.local.home import Home, StackRecord
from infra.local.processes import StackError
from infra.local.submit import submit
from infra.rules.rule_topics import put_records
from infra.simulate.judging import judge, session_spans
from infra.simulate.recording import Header, header, records
from infra.simulate.replay import Replay
from models.rules.compiled import KNOWN_FEATURES
from schemas import topics
from schemas.rules import parse_rule_file

SETTLE_S = 15
"""Part of the time given that is kept for the last windows and the summary."""

MIN_REPLAY_S = 20

TASKMANAGERS = 5
"""Enough for two adjust jobs of two slots each, and the heatmap job."""


class LatencyTracker:
    """Records when the replay sent each event, to measure the latency of the commands that answer them."""

    def __init__(self) -> None:
        self.sent = 0
        self.began = time.monotonic()
        self.first_command_s: float | None = None
        self.fast_lane_ms: list[float] = []
        self.by_action: Counter[str] = Counter()
        self._sent_at: dict[tuple[str, int], float] = {}

    def on_sent(self, _: bytes, header: Header | None) -> None:
        self.sent += 1
        if header is not None:
            self._sent_at.setdefault((header.session_id, header.occurred_at_ms), time.monotonic())

    def on_command(self, command: dict[str, Any]) -> float | None:
        """Counts a command. Returns its latency in ms if it answers a single event, else None."""
        now = time.monotonic()
        if self.first_command_s is None:
            self.first_command_s = now - self.began
        self.by_action[command["action"]] += 1
        windows = [each for each in command["evidence"].values() if each.get("window_end_ms") is not None]
        began = self._sent_at.get((command["session_id"], command["issued_at_ms"]))
        if windows or began is None:
            return None
        self.fast_lane_ms.append((now - began) * 1000)
        return self.fast_lane_ms[-1]


def demo(
    seconds: Annotated[int, typer.Option("--for", min=0, help="Seconds that the replay may take; 0 means 100.")] = 0,
    keep: Annotated[
        bool, typer.Option(help="Leave the stack, gateway and jobs running; `microadjust down` stops them.")
    ] = False,
) -> None:
    """Show the system at work on a fresh stack with gateway, demo site and console.

    First a scripted reader visits the demo site until its page changes. Then half an hour of simulated readers is replayed,
    each of whom changes once; each command is printed with its reason, and judged by what was planted. The last line is JSON.
    """
    with errors():
        home = Home.from_env().demo
        stack.down(home)
        shutil.rmtree(home.path, ignore_errors=True)
        try:
            summary = _run(home, seconds or 100)
        finally:
            if keep:
                err.print(
                    "stack, gateway and jobs go on running until `microadjust down`, which stops all of them\n"
                    f"to look at them: MICROADJUST_HOME={home.path} microadjust status",
                    soft_wrap=True,
                )
            else:
                stack.down(home)
        print_json(summary)
        if summary["missing"] or summary["browser"]["missing"]:
            raise typer.Exit(1)


def _run(home: Home, seconds: int) -> dict[str, Any]:
    with err.status("starting Kafka, Flink and Redis") as status:
        running = stack.up(home, taskmanagers=TASKMANAGERS, with_redis=True, progress=status.update)
        status.update("submitting the adjust job with `flink run`")
        _start_job(running, "adjust", "--group-id", "microadjust-page", "--refit-min", "0")
        status.update("starting the gateway")
        gateway = demo_gateway.start(home, running, StackRecord.read(home).services["redis"].ports["redis"])
        demo_gateway.put_content(running.bootstrap)
        rules = parse_rule_file(demo_gateway.RULES_FILE.read_text(), KNOWN_FEATURES)
        put_records(running.bootstrap, [(rule.id, msgspec.json.encode(rule)) for rule in rules])
    out.print(f"Kafka at {running.bootstrap}, Flink at http://127.0.0.1:{running.rest_port}")
    out.print(f"demo site: {gateway.site}", soft_wrap=True)
    out.print(f"console:   {gateway.console}\n", soft_wrap=True)
    visit = run_visit(home, gateway)
    with err.status("submitting the heatmap job, and another adjust job for the replay"):
        _start_job(running, "heatmap")
        # The replay has a time of its own, and an account that nobody else may disturb: topics and a job of its own.
        names, flags = demo_gateway.replay_topics(running.bootstrap)
        _start_job(running, "adjust", "--group-id", "microadjust-replay", *flags)
    accountant = Accountant(running.bootstrap, names)
    tracker = LatencyTracker()
    recording = home.path / "readers.jsonl"
    # Here, since the worlds need numpy, which a gateway has not.
    from infra.demo.readers import write_readers

    truth = write_readers(recording)
    lines = list(records(recording))
    replayed = _play(running, names, lines, tracker, seconds)
    with err.status("waiting until every event is accounted for"):
        account = accountant.wait_until_accounted(replayed, quiet_s=30.0)
    reader = TopicReader(running.bootstrap, names[topics.ADJUSTMENTS.name])
    committed = [msgspec.json.decode(each.value or b"") for each in reader.read_to_end(3.0)]
    judgement = judge(truth.episodes, committed, session_spans(lines))
    print_summary(judgement, tracker.fast_lane_ms, account)
    print_pictures(visit)
    return {
        "events": account.sent,
        "commands": len(committed),
        "by_action": dict(sorted(Counter(each["action"] for each in committed).items())),
        **as_fields(judgement),
        "used": account.used,
        "late": account.late,
        "duplicates": account.duplicates,
        "rejected": account.rejected,
        "missing": account.missing,
        "fast_lane_ms": {"p50": quantile(tracker.fast_lane_ms, 0.5), "p99": quantile(tracker.fast_lane_ms, 0.99)},
        "seconds_to_first_command": round(tracker.first_command_s, 2) if tracker.first_command_s is not None else None,
        "site": gateway.site,
        "console": gateway.console,
        "browser": msgspec.to_builtins(visit),
    }


def _start_job(running: stack.Stack, job: str, *options: str) -> None:
    job_id = submit(running, job, ("--startup", "earliest", "--checkpoint-ms", "1000", *options))
    flink.wait_for_job(running.rest_port, job_id)


def _play(
    running: stack.Stack, names: dict[str, str], lines: list[bytes], tracker: LatencyTracker, seconds: int
) -> int:
    """Replays the recording and prints commands as they come. Returns how many events were sent."""
    reader = TopicReader(running.bootstrap, names[topics.ADJUSTMENTS.name], isolation="read_uncommitted")
    reader.poll(0.1)
    speed = _length_s(lines) / max(seconds - SETTLE_S, MIN_REPLAY_S)
    replay = Replay(running.bootstrap, names[topics.EVENTS.name], speed, tracker.on_sent)
    failure: list[BaseException] = []

    def run() -> None:
        try:
            replay.run(lines)
        except BaseException as error:  # handed to the thread that shows it
            failure.append(error)

    player = threading.Thread(target=run, daemon=True)
    out.print(f"replaying {len(lines)} events of half an hour at {speed:.1f} times their speed\n")
    tracker.began = time.monotonic()
    player.start()
    next_line, before = time.monotonic() + 5, 0
    quiet_since = time.monotonic()
    while player.is_alive() or time.monotonic() - quiet_since < 1.5:
        for record in reader.poll(0.05):
            quiet_since = time.monotonic()
            command = msgspec.json.decode(record.value or b"")
            _print_command(command, tracker.on_command(command))
        if player.is_alive():
            quiet_since = max(quiet_since, time.monotonic() - 0.5)
            if time.monotonic() >= next_line:
                rate = (tracker.sent - before) / 5
                out.print(
                    f"[dim]{tracker.sent:>7} events, {rate:.0f} a second, {tracker.by_action.total()} commands[/dim]"
                )
                next_line, before = next_line + 5, tracker.sent
    reader.close()
    if failure:
        raise StackError(f"the replay stopped: {failure[0]}")
    if replay.result.failed:
        raise StackError(f"Kafka has not taken {replay.result.failed} events")
    return replay.result.sent


def _length_s(lines: list[bytes]) -> float:
    """Returns the time from the first to the last event of a recording."""
    times = [read.received_at_ms for read in map(header, (lines[0], *lines[-20:])) if read is not None]
    return (max(times) - min(times)) / 1000


def _print_command(command: dict[str, Any], latency_ms: float | None) -> None:
    target = command["target"]["id"]
    took = f"[green]{latency_ms:.0f} ms[/green]" if latency_ms is not None else "[dim]window[/dim]"
    out.print(f"{format_time(command['issued_at_ms'])} [bold]{command['action']:<18}[/bold] {target:<20} {took:<8}")
    out.print(
        f"         {format_parameters(command)}  because {format_reason(command)}",
        style="dim",
        markup=False,
        soft_wrap=True,
    )
