"""up, down, status, submit, cancel: commands for the local stack and the jobs on it."""

import subprocess
import sys
from typing import Annotated

import typer

from infra.cli.bootstrap import resolve_kafka
from infra.cli.output import Json, errors, out, print_json, print_table, show
from infra.local import flink, stack, submit
from infra.local.flink import Memory
from infra.local.home import Home
from infra.local.processes import StackError


def up(
    taskmanagers: Annotated[
        int, typer.Option(min=1, max=16, help="Number of TaskManagers, each with one slot.")
    ] = stack.DEFAULT_TASKMANAGERS,
    redis: Annotated[bool, typer.Option(help="Start Redis as well.")] = False,
    task_heap_mb: Annotated[
        int,
        typer.Option(min=256, help="Java heap of each TaskManager in MB. A TaskManager that runs keeps its heap."),
    ] = Memory().task_heap,
    as_json: Json = False,
) -> None:
    """Start Kafka, Flink and, with --redis, Redis on this machine. Services that run already are left alone."""
    with errors():
        say = (lambda _: None) if as_json else (lambda message: out.print(f"{message} …"))
        stack.up(
            Home.from_env(),
            taskmanagers=taskmanagers,
            with_redis=redis,
            progress=say,
            memory=Memory(task_heap=task_heap_mb),
        )
        status(as_json)


def down(as_json: Json = False) -> None:
    """Stop all services that `up` and `demo` started, jobs included. Data and checkpoints stay."""
    with errors():
        home = Home.from_env()
        stopped = [*stack.down(home), *(f"demo: {name}" for name in stack.down(home.demo))]
        show([{"stopped": name} for name in stopped], as_json, "nothing was running")


def status(as_json: Json = False) -> None:
    """Show services and jobs with addresses, uptime and memory. Exit status 1 if a service has died."""
    home = Home.from_env()
    services = stack.status(home)
    rows = [
        {
            "service": each.name,
            "state": "up" if each.up else "dead",
            "where": " ".join(f"127.0.0.1:{port} ({name})" for name, port in each.ports.items()),
            "pid": each.pid,
            "up_s": round(each.uptime_s),
            "resident_mb": round(each.resident_mb),
        }
        for each in services
    ]
    jobs = _jobs(home)
    if as_json:
        print_json({"services": rows, "jobs": jobs, "resident_mb": sum(each.resident_mb for each in services)})
    else:
        print_table(rows, "nothing is up; `microadjust up` starts the stack")
        if jobs:
            out.print()
            print_table(jobs, "")
        if rows:
            out.print(f"\n{sum(each.resident_mb for each in services):.0f} MB resident in all. Home: {home.path}")
        if any(each.up for each in stack.status(home.demo)):
            out.print(
                f"\nThe demo's stack is up as well: MICROADJUST_HOME={home.demo.path} microadjust status\n"
                "`microadjust down` stops it too.",
                soft_wrap=True,
            )
    if any(not each.up for each in services):
        raise typer.Exit(1)


def _jobs(home: Home) -> list[dict[str, object]]:
    try:
        port = stack.running(home).rest_port
        found = flink.get(port, "/jobs/overview")["jobs"]
    except (StackError, OSError):
        return []
    return [
        {"job": job["name"], "state": job["state"], "up_s": job["duration"] // 1000, "id": job["jid"]} for job in found
    ]


def submit_job(
    context: typer.Context,
    job: Annotated[str, typer.Argument(help="Name of the job: adjust or heatmap.")],
    savepoint: Annotated[str, typer.Option(help="Path of the savepoint or checkpoint to restore.")] = "",
    new_features: Annotated[
        bool,
        typer.Option(
            "--new-features",
            help="Restore a savepoint of a job with other features: the windows of its last minute begin empty.",
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Submit a job to the local stack with `flink run`. Options after `--` go to the job; `-- --help` lists those."""
    with errors():
        if job not in submit.JOBS:
            raise StackError(f"there is no job {job}; there is {', '.join(submit.JOBS)}")
        if "--help" in context.args:
            raise typer.Exit(subprocess.run([sys.executable, "-m", f"jobs.{job}", "--help"], check=False).returncode)
        running = stack.running(Home.from_env())
        # Flink needs seconds to start before the job itself can ask.
        resolve_kafka(submit.bootstrap_among(context.args))
        job_id = submit.submit(running, job, context.args, savepoint or None, new_features)
        show([{"job": job, "id": job_id}], as_json, "")


def cancel(
    job_id: Annotated[str, typer.Argument(help="Id of the job, as `status` shows it.")],
    savepoint: Annotated[bool, typer.Option(help="Whether to take a savepoint first.")] = True,
    as_json: Json = False,
) -> None:
    """Stop a job. Prints the savepoint, which `submit --savepoint` restores."""
    with errors():
        if not flink.is_job_id(job_id):
            raise StackError(f"{job_id} is not a job id: `microadjust status` shows them")
        where = flink.stop_job(stack.running(Home.from_env()).rest_port, job_id, savepoint)
        show([{"job": job_id, "savepoint": where}], as_json, "")
